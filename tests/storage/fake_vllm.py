"""Stands for vLLM on Neuron, which needs its devices: compiles a little, then answers.

usage: fake_vllm.py (compile | nothing | fail | hang) ARGUMENTS...

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


class _Health(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()


def _compile(folder: Path) -> None:
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
    if how == "compile":
        _compile(Path(os.environ["NEURON_COMPILED_ARTIFACTS"]))
    port = next(a.removeprefix("--port=") for a in arguments if a.startswith("--port="))
    HTTPServer(("127.0.0.1", int(port)), _Health).serve_forever()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
