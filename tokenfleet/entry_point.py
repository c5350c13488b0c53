"""What the console script calls: every end of the command is one line and an exit code.

Nothing here takes time to import, so that Ctrl-C is heard while the rest is loaded.
"""

import gc
import os
import sys
from contextlib import suppress
from importlib import import_module
from io import TextIOWrapper
from typing import cast

_NOT_WRITTEN, _BAD_INPUT = 1, 2
# What a shell reports of a command that Ctrl-C ended.
_INTERRUPTED = 130


def main() -> None:
    """Run the command line and end the process.

    With 1 when the answer could not be written, with 2 when there is no working folder, with 130
    after Ctrl-C; otherwise with what the subcommand ends with.
    """
    # A process that is over in two seconds needs no garbage collector (bench/preview.py).
    gc.disable()
    try:
        code = _run()
    except KeyboardInterrupt:
        code = _said("stopped", _INTERRUPTED)
    except OSError as error:
        line, code = _explained(error)
        _said(line, code)
        if code == _BAD_INPUT:
            _say_to_machines(line)
        _drop_answer()
    # Disabled or not, Python looks once more at its end; what is frozen it does not look at.
    gc.freeze()
    sys.exit(code)


def _run() -> int:
    if sys.stdout is None:  # pyright: ignore[reportUnnecessaryComparison] - None where file descriptor 1 is closed
        return _said("the answer cannot be written: there is no standard output", _NOT_WRITTEN)
    # A terminal without block characters gets a question mark for each.
    cast("TextIOWrapper", sys.stdout).reconfigure(errors="replace")
    try:
        import_module("tokenfleet.cli").app()
    except SystemExit as end:
        code = end.code
    else:
        code = 0
    sys.stdout.flush()
    if code == _INTERRUPTED:
        _said("stopped", _INTERRUPTED)
    return code if isinstance(code, int) else 0


def _explained(error: OSError) -> tuple[str, int]:
    try:
        os.getcwd()  # noqa: PTH109 - pathlib would be the first thing that is imported
    except FileNotFoundError:
        return "the working folder does not exist any more: cd into one that does", _BAD_INPUT
    if error.filename is not None:
        return f"{error.filename}: {error.strerror}", _NOT_WRITTEN
    return f"the answer cannot be written: {error.strerror or error}", _NOT_WRITTEN


def _said(line: str, code: int) -> int:
    with suppress(OSError, AttributeError):  # there may be no standard error either
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()
    return code


def _say_to_machines(line: str) -> None:
    refusal = import_module("tokenfleet.refusal")
    if refusal.asks_for_json(sys.argv[1:]):
        with suppress(OSError):
            sys.stdout.write(refusal.refusal_document([line]) + "\n")
            sys.stdout.flush()


def _drop_answer() -> None:
    """What is left in the buffer goes nowhere: Python would complain of it once more at its end."""
    with suppress(OSError, AttributeError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())


if __name__ == "__main__":
    main()
