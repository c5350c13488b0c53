"""Stands for vLLM, which takes minutes, and on Neuron its devices: compiles a little, then answers.

usage: fake_vllm.py (compile | nothing | fail | hang | mute) ARGUMENTS...

On Neuron it compiles before it answers; elsewhere, as vLLM does, also for what it is asked.

WRITABLE lists the folders, by colons, that a pod could write to: here nothing else would stop it.
"""

import os
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

# Two parts of 64 MiB and a bit, so that the manifest has to list them.
LARGE = 129 * 2**20 + 7
GRAPH = b"neff" * 1000


# Where vLLM 0.32.0 keeps the compiled graph, below VLLM_CACHE_ROOT.
AOT = Path("torch_compile_cache", "torch_aot_compile", "0a1b2c", "rank_0_0", "model")


class _Health(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()


class _Chat(_Health):
    def do_POST(self) -> None:
        allowed = self.headers["Authorization"] == f"Bearer {os.environ['VLLM_API_KEY']}"
        _write(Path(os.environ["TRITON_CACHE_DIR"]) / "KERNEL=" / "kernel.cubin", b"for a chat")
        self.send_response(200 if allowed else 401)
        self.end_headers()
        self.wfile.write(b'{"usage": {"completion_tokens": 8}}')


def _compile_graph() -> None:
    _write(Path(os.environ["VLLM_CACHE_ROOT"]) / AOT, GRAPH)


def _compile_for_neuron(folder: Path) -> None:
    # As neuronx-cc does beside its output: a cache of its own, and a log where it was started.
    cache = Path(os.environ.get("NEURON_COMPILE_CACHE_URL", "/var/tmp/neuron-compile-cache"))  # noqa: S108 - its default
    _write(cache / "neuronxcc" / "MODULE_0" / "model.neff", b"neff")
    _write(Path("log-neuron-cc.txt"), b"compiled")
    _write(folder / "context_encoding_model" / "graph.neff", GRAPH)
    _write(folder / "model.pt", os.urandom(2**20) * (LARGE // 2**20) + b"theend!")
    _write(folder / "neuron_config.json", b"{}")


def _write(path: Path, content: bytes) -> None:
    writable = os.environ["WRITABLE"].split(":")
    if not any(path.resolve().is_relative_to(folder) for folder in writable):
        sys.exit(f"{path.resolve()}: Read-only file system")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def main(how: str, arguments: list[str]) -> None:
    """Do what vLLM would do, or not."""
    if how == "fail":
        sys.exit("no NeuronCore found")
    if how == "hang":
        time.sleep(600)
    neuron = os.environ.get("NEURON_COMPILED_ARTIFACTS")
    if how != "nothing" and neuron:
        _compile_for_neuron(Path(neuron))
    elif how != "nothing":
        _compile_graph()
    port = next(a.removeprefix("--port=") for a in arguments if a.startswith("--port="))
    answers = _Chat if how == "compile" else _Health
    HTTPServer(("127.0.0.1", int(port)), answers).serve_forever()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
