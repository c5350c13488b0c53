"""Runs the command several times in one process: what takes longest is importing the providers.

Started with the package of the revision that is previewed: only the standard library and the command
itself are used. Takes a JSON list of command lines on standard input, answers with exit code and standard
error of each.
"""

import io
import json
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from importlib import import_module


def _answer(words: Sequence[str]) -> dict[str, object]:
    said = io.StringIO()
    code: object = 0
    with redirect_stdout(io.StringIO()), redirect_stderr(said):
        try:
            # By name: it is the command of the revision, not the one that this file belongs to.
            import_module("tokenfleet.cli").app(list(words))
        except SystemExit as ended:
            code = ended.code
    return {"code": code or 0, "said": said.getvalue()}


if __name__ == "__main__":
    json.dump([_answer(words) for words in json.load(sys.stdin)], sys.stdout)
