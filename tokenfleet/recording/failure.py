"""Why a program did not run to its end, in one line that names the place."""

import traceback
from pathlib import Path

import pulumi

from tokenfleet.recording.lookups import UnansweredError
from tokenfleet.recording.surroundings import is_source_of


def failure(error: BaseException, program: Path) -> pulumi.RunError:
    """The same as an error whose text is for whoever wrote the program."""
    if isinstance(error, pulumi.RunError):
        return error
    return pulumi.RunError(f"{_place(error, program)}: {_problem(error)}")


def _problem(error: BaseException) -> str:
    match error:
        case SystemExit():
            return (
                f"the program ends itself with exit({error.code!r}): let it run to its end, or what"
                " it would build stays unknown"
            )
        case UnansweredError():
            return str(error)
        case _:
            return f"{type(error).__name__}: {error}"


def _place(error: BaseException, program: Path) -> str:
    """The innermost line of the program that led to it, or the program."""
    folder = program.parent
    frames = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError) and error.filename:
        frames.append((error.filename, error.lineno))
    for name, line in reversed(frames):
        file = Path(name)
        if line and file.is_file() and is_source_of(file, folder):
            return f"{file.relative_to(folder)}:{line}"
    return program.name
