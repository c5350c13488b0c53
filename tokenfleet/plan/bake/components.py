"""What EC2 Image Builder does on the machine: documents of its agent, AWSTOE.

Image Builder user guide, "Use the AWSTOE component document framework" (schema 1.0; read
2026-11-29). Steps are plain shell; the scripts are those that the tests run.
"""

import base64
import gzip
from collections.abc import Mapping, Sequence

from tokenfleet.plan.bake.recipe import BakePlan
from tokenfleet.plan.model_store import store_url
from tokenfleet.plan.nodes.user_data import script

Document = Mapping[str, object]
MOST_CHARACTERS = 16_000
"""Of a document that stands in a template (CloudFormation, AWS::ImageBuilder::Component, Data)."""
BUCKET = "ModelBucket"
"""The parameter of a component, and of the template, that names it."""
_LOADER = "model-loader"
_FOLDER = "/usr/local/libexec/tokenfleet"
# The slowest of the images that a pool may serve with comes in a few minutes, and weights of
# hundreds of GB within an hour: whoever takes longer hangs.
_SECONDS = 2 * 3600


def engine_component(plan: BakePlan) -> Document:
    """Bakes the image, and looks for it again from a machine that starts from what was made."""
    look = f"{_FOLDER}/baked-image {plan.image}"
    return _document(
        "The image of the engine, unpacked in the store of containerd",
        build={
            "PutScripts": _plain(["bake-image", "baked-image"]),
            "BakeImage": f"{_FOLDER}/bake-image {plan.image}\n",
            "LeaveNothingBehind": _CLEAN,
        },
        test={"LookForIt": f"set -eu\nsystemctl start containerd\n{look}\n"},
    )


def loader_component() -> Document:
    """Puts the loader there: with it, the next component would be too long."""
    return _document("The loader of published weights", build={"PutLoader": _packed([_LOADER])})


def weights_component(plan: BakePlan) -> Document:
    """Bakes the published weights of a bucket, the component's one parameter."""
    names = ["bake-weights", "model-cache"]
    run = [
        "set -eu",
        f"export AWS_REGION={plan.region}",
        f"export MODEL_STORE_URL='{store_url(f'{{{{ {BUCKET} }}}}', plan.region)}'",
        " ".join([f"{_FOLDER}/bake-weights", *plan.snapshots]),
        # Nodes are told theirs at boot.
        *(f"rm {_FOLDER}/{name}" for name in [*names, _LOADER]),
    ]
    document = _document(
        "Published weights, on the volume that becomes the cache of nodes",
        build={"PutScripts": _packed(names), "BakeWeights": "\n".join(run) + "\n"},
    )
    given = {BUCKET: {"type": "string", "description": "the bucket that the weights are in"}}
    return {**document, "parameters": [given]}


# Image Builder removes keys, logs and the state of cloud-init itself (user guide, "Post-build
# clean up"); a machine's id and what a running containerd holds it does not.
_CLEAN = """set -eu
systemctl stop containerd
rm -rf /run/containerd
: >/etc/machine-id
"""


def _document(
    description: str, *, build: Mapping[str, str], test: Mapping[str, str] | None = None
) -> Document:
    phases = {"build": build, "test": test or {}}
    return {
        "name": "tokenfleet",
        "description": description,
        "schemaVersion": 1.0,
        "phases": [
            {
                "name": phase,
                "steps": [
                    {
                        "name": name,
                        "action": "ExecuteBash",
                        "timeoutSeconds": _SECONDS,
                        "inputs": {"commands": [commands]},
                    }
                    for name, commands in steps.items()
                ],
            }
            for phase, steps in phases.items()
            if steps
        ],
    }


def _plain(names: Sequence[str]) -> str:
    """Commands that write scripts as they are, for whoever reads the template."""
    return _put({name: script(name) for name in names}, ">")


def _packed(names: Sequence[str]) -> str:
    """The same of what a document has no room for as it is."""
    packed = {name: gzip.compress(script(name).encode(), mtime=0) for name in names}
    texts = {name: base64.encodebytes(content).decode() for name, content in packed.items()}
    return _put(texts, "| base64 --decode | gunzip >")


def _put(texts: Mapping[str, str], through: str) -> str:
    lines = ["set -eu", f"install --directory {_FOLDER}"]
    for name, text in texts.items():
        path = f"{_FOLDER}/{name}"
        lines += [
            f"cat <<'END_OF_FILE' {through}{path}",
            f"{text}END_OF_FILE",
            f"chmod 0755 {path}",
        ]
    return "\n".join(lines) + "\n"
