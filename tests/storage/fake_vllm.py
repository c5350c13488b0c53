"""Stands for vLLM on Neuron, which needs its devices: compiles a little, then answers.

usage: fake_vllm.py (compile | nothing | fail | hang) ARGUMENTS...
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
    (folder / "context_encoding_model").mkdir()
    (folder / "context_encoding_model" / "graph.neff").write_bytes(GRAPH)
    (folder / "model.pt").write_bytes(os.urandom(2**20) * (LARGE // 2**20) + b"theend!")
    (folder / "neuron_config.json").write_text("{}")


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
