"""What machines execute, file by file: manifests, user data, Helm values.

A golden file changes only with a commit that says why: ``make golden`` writes them anew.
"""

from collections.abc import Mapping
from pathlib import Path

import kubernetes_validate  # pyright: ignore[reportMissingTypeStubs] - it ships none
import pytest
import yaml

from tests.today import TODAY
from tokenfleet.preview.run import preview_stack
from tokenfleet.settings.stack_file import StackFile
from tokenfleet.views.drawing.architecture.wide import architecture_svg
from tokenfleet.views.folder import machine_files

GOLDEN = Path(__file__).parents[1] / "golden"
# Files of packages: our own modules, and one of botocore (tests/plan/capacity).
NOT_REPEATED = {
    "manifests/configmap-capacity-api-model.yaml",
    "manifests/configmap-capacity-code.yaml",
    # Envoy's file, which is there as it is, and a script of ours.
    "manifests/configmap-edge.yaml",
}


@pytest.fixture(scope="module")
def files_by_stack(stack_files: Mapping[str, StackFile]) -> Mapping[str, Mapping[str, str]]:
    """The files of every stack by their path below its folder."""
    previews = {
        stack: preview_stack(stack_file, TODAY) for stack, stack_file in stack_files.items()
    }
    return {
        stack: {
            path: text
            for path, text in machine_files(done.plan, done.recording)
            if path not in NOT_REPEATED
        }
        for stack, done in previews.items()
    }


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_what_machines_execute_is_what_was_agreed(
    stack: str, files_by_stack: Mapping[str, Mapping[str, str]], pytestconfig: pytest.Config
) -> None:
    folder, files = GOLDEN / stack, files_by_stack[stack]
    if pytestconfig.getoption("--write-golden"):
        _write(folder, files)
    agreed = {
        str(path.relative_to(folder)): path.read_text(encoding="utf-8")
        for path in folder.rglob("*")
        if path.is_file()
    }
    assert files.keys() == agreed.keys()
    for name, text in files.items():
        assert text == agreed[name], name


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_every_manifest_obeys_the_schema_of_its_kubernetes_version(
    stack: str,
    files_by_stack: Mapping[str, Mapping[str, str]],
    stack_files: Mapping[str, StackFile],
) -> None:
    version = yaml.safe_load(stack_files[stack].path.read_text(encoding="utf-8"))["config"][
        "tokenfleet:cluster"
    ]["kubernetesVersion"]
    manifests = [
        yaml.safe_load(text)
        for name, text in files_by_stack[stack].items()
        if name.startswith(("manifests/", "jobs/"))
    ]
    assert manifests
    for manifest in manifests:
        kubernetes_validate.validate(manifest, version, strict=True)


def test_the_picture_in_the_readme_is_the_prod_stack(
    root: Path, stack_files: Mapping[str, StackFile], pytestconfig: pytest.Config
) -> None:
    picture = root / "docs" / "architecture.svg"
    drawn = architecture_svg(preview_stack(stack_files["prod"], TODAY).report)
    if pytestconfig.getoption("--write-golden"):
        picture.write_text(drawn, encoding="utf-8")
    assert picture.read_text(encoding="utf-8") == drawn


def test_a_misspelt_manifest_field_would_be_noticed(
    files_by_stack: Mapping[str, Mapping[str, str]],
) -> None:
    manifest = yaml.safe_load(files_by_stack["dev"]["manifests/deployment-vllm-qwen3-4b.yaml"])
    manifest["spec"]["template"]["spec"]["nodeSelectr"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(manifest, "1.35", strict=True)


def _write(folder: Path, files: Mapping[str, str]) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            path.unlink()
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
