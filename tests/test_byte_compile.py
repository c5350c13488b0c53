"""Set-up compiles what a preview loads, also where nothing else may write byte code."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

# The modules of a preview whose byte code is not there.
MISSING = """
import contextlib, io, sys
from pathlib import Path
from tokenfleet.cli import app
with contextlib.redirect_stdout(io.StringIO()):
    app(["preview", "prod", "--project", sys.argv[1], "--json"], standalone_mode=False)
loaded = [m for m in sys.modules.values() if str(getattr(m, "__file__", "")).endswith(".py")]
print(len(loaded), [m.__name__ for m in loaded if (c := getattr(m, '__cached__', None)) and not Path(c).exists()])
"""


# Half a minute of a processor, most of it to compile.
@pytest.mark.e2e
def test_a_preview_finds_byte_code_for_all_it_loads_in_a_container(
    root: Path, own_project: Path, tmp_path: Path
) -> None:
    # Elsewhere than beside the sources, which other tests have compiled.
    environment = os.environ | {
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": str(root),
        "PYTHONPYCACHEPREFIX": str(tmp_path),
    }
    for words in ([str(root / ".ci" / "byte-compile")], ["-c", MISSING, str(own_project)]):
        done = subprocess.run(
            [sys.executable, *words],
            cwd=tmp_path,  # without a single order form
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        )
    count, missing = done.stdout.split(maxsplit=1)
    assert int(count) > 400
    assert missing == "[]\n"
