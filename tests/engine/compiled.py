"""Code that an engine compiled: kept as the Job packs it, loaded as a replica's init container does."""

import io
import subprocess
import tarfile
from pathlib import Path

from tests.engine.differences import Command
from tokenfleet.plan.serving.engine.process import COMPILED_PATH, COMPILED_STATE
from tokenfleet.weights.layout import folder_name

LOADER = Path(__file__).parents[2] / "userdata" / "load-compiled"
SNAPSHOT = "organisation/model/revision/compiled/set"
# The record of its maker's node begins an archive (userdata/load-compiled).
_MAKER = "made-on"


def packed(compiled: Path, cache: Path) -> None:
    """Put what an engine left in ``compiled`` into a node's cache, as the loader leaves a set."""
    record = subprocess.run(
        ["bash", "-c", 'source "$1" && machine', "-", str(LOADER)],
        check=True,
        capture_output=True,
    ).stdout
    snapshot = cache / folder_name(SNAPSHOT)
    (snapshot / "files").mkdir(parents=True)
    with tarfile.open(snapshot / "files" / "code-0.tar", "w") as archive:
        maker = tarfile.TarInfo(_MAKER)
        maker.size = len(record)
        archive.addfile(maker, io.BytesIO(record))
        for found in sorted(compiled.iterdir()):
            archive.add(found, found.name)
    (snapshot / "READY").touch()


def loaded(cache: Path, command: Command, proc: Path = Path("/proc")) -> str:
    """Load the set for an engine that is not started yet; what became of it, in the loader's word.

    ``proc`` is that of the node, for nodes that this machine is not.
    """
    state = Path(command.sandbox.paths(COMPILED_STATE))
    environment = {
        "PATH": "/usr/bin:/bin",
        # Not asked for a set that is ready.
        "MODEL_STORE_URL": "http://127.0.0.1:9/bucket",
        "AWS_REGION": "us-east-1",
        "MODEL_CACHE": str(cache),
        "NODE_PROC": str(proc),
        "COMPILED_CODE": command.sandbox.paths(COMPILED_PATH),
        "COMPILED_STATE": str(state),
    }
    subprocess.run(["bash", LOADER, SNAPSHOT], env=environment, check=True, capture_output=True)
    return state.read_text(encoding="utf-8").strip()
