"""The house rules that a linter for one file cannot see."""

import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

LIMITS: Mapping[str, int] = {
    "__main__.py": 60,
    "tests/stacks/Pulumi.*.yaml": 40,
    "components/*.py": 200,
    "tokenfleet/**/*.py": 250,
    "policies/**/*.py": 250,
}


@pytest.mark.parametrize(("pattern", "most"), LIMITS.items(), ids=list(LIMITS))
def test_no_file_has_outgrown_its_noun(pattern: str, most: int, root: Path) -> None:
    lengths = {
        str(path.relative_to(root)): len(path.read_text(encoding="utf-8").splitlines())
        for path in root.glob(pattern)
    }
    assert lengths
    assert not {path: length for path, length in lengths.items() if length > most}


def test_no_test_of_anything_else_can_read_an_order_form(root: Path) -> None:
    with pytest.raises(AssertionError, match="its user's to edit"):
        (root / "Pulumi.dev.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("module", "statement"),
    [
        ("tokenfleet/plan/network.py", "import pulumi"),
        ("tokenfleet/plan/network.py", "import pulumi_aws"),
        ("tokenfleet/plan/network.py", "import tokenfleet.preview.report"),
        ("tokenfleet/plan/network.py", "import tokenfleet.economics.price.tokens"),
        ("tokenfleet/plan/nodes/sizes.py", "import tokenfleet.plan.start.budget"),
        ("tokenfleet/plan/start/stages.py", "import tokenfleet.plan.serving.model"),
        ("tokenfleet/plan/serving/model.py", "import tokenfleet.plan.stack"),
        ("tokenfleet/plan/serving/limits/server.py", "import tokenfleet.plan.serving.model"),
        ("tokenfleet/catalogue/facts.py", "import tokenfleet.plan.stack"),
        ("tokenfleet/catalogue/facts.py", "import pulumi"),
        ("tokenfleet/catalogue/models/facts.py", "import tokenfleet.catalogue.machines.hardware"),
        ("tokenfleet/estimate/step/times.py", "import tokenfleet.estimate.load.queue"),
        ("tokenfleet/settings/sections.py", "import tokenfleet.catalogue.machines.instances"),
        ("tokenfleet/economics/bill/forecast.py", "import pulumi"),
        ("tokenfleet/economics/bill/lines.py", "import tokenfleet.economics.choice.question"),
        ("tokenfleet/economics/price/tokens.py", "import tokenfleet.economics.bill.lines"),
        ("tokenfleet/estimate/step/times.py", "import tokenfleet.economics.price.tokens"),
        ("tokenfleet/economics/choice/question.py", "import tokenfleet.economics.stack_cost"),
        ("tokenfleet/estimate/quantiles.py", "import tokenfleet.preview.report"),
        ("tokenfleet/estimate/quantiles.py", "import tokenfleet.elasticity.load"),
        ("tokenfleet/elasticity/load.py", "import tokenfleet.views.money"),
        ("tokenfleet/recording/recorder.py", "import tokenfleet.policies.rulebook"),
        ("tokenfleet/recording/recorder.py", "import tokenfleet.plan.stack"),
        ("tokenfleet/recording/recorder.py", "import tokenfleet.preview.report"),
        ("tokenfleet/preview/report.py", "import pulumi_kubernetes"),
        ("tokenfleet/preview/report.py", "import tokenfleet.views.money"),
        ("tokenfleet/views/money.py", "import tokenfleet.commands.answers"),
        ("tokenfleet/views/tables/stack.py", "import tokenfleet.views.pages.markdown"),
        ("tokenfleet/views/pages/html.py", "import boto3"),
        ("tokenfleet/weights/layout.py", "import boto3"),
        ("tokenfleet/weights/layout.py", "import pulumi"),
        ("tokenfleet/weights/layout.py", "import tokenfleet.aws.bucket"),
        ("tokenfleet/weights/layout.py", "import tokenfleet.plan.stack"),
        ("tokenfleet/aws/bucket.py", "import pulumi_aws"),
        ("tokenfleet/aws/bucket.py", "import tokenfleet.commands.publish"),
        ("tokenfleet/aws/bucket.py", "import tokenfleet.economics.bill.forecast"),
        ("tokenfleet/registry/images.py", "import boto3"),
        ("tokenfleet/registry/images.py", "import tokenfleet.aws.client"),
        ("tokenfleet/registry/images.py", "import tokenfleet.plan.pulls"),
        ("tokenfleet/registry/images.py", "import tokenfleet.settings.draft"),
        ("tokenfleet/aws/client.py", "import tokenfleet.registry.images"),
        ("tokenfleet/catalogue/pulled/digests.py", "import tokenfleet.registry.images"),
        ("tokenfleet/plan/pulls.py", "import tokenfleet.registry.images"),
        ("tokenfleet/preview/run.py", "import tokenfleet.registry.images"),
        ("tokenfleet/plan/pulls.py", "import httpx2"),
        ("tokenfleet/commands/catalogue.py", "import httpx2"),
        ("tokenfleet/cli.py", "import boto3"),
        ("tokenfleet/json_document.py", "import tokenfleet.plan.stack"),
        ("tokenfleet/refusal.py", "import tokenfleet.settings.yaml_file"),
        ("tokenfleet/commands/cost.py", "import tokenfleet.components.network"),
        ("tokenfleet/components/network.py", "import boto3"),
        ("tokenfleet/components/network.py", "import tokenfleet.settings.draft"),
        ("tokenfleet/components/network.py", "import tokenfleet.recording.recorder"),
        ("tokenfleet/components/network.py", "import tokenfleet.views.money"),
        ("tokenfleet/policies/tags.py", "import pulumi_aws"),
        ("tokenfleet/policies/tags.py", "import pulumi_policy"),
        ("tokenfleet/policies/tags.py", "import tokenfleet.preview.report"),
        ("tokenfleet/policies/tags.py", "import tokenfleet.plan.stack"),
    ],
)
def test_an_import_against_the_direction_is_refused(
    module: str, statement: str, copied_sources: Path
) -> None:
    source = copied_sources / module
    honest = source.read_text(encoding="utf-8")
    source.write_text(f"{honest}\n{statement}\n", encoding="utf-8")
    try:
        assert _linted(copied_sources) != 0
    finally:
        source.write_text(honest, encoding="utf-8")


@pytest.fixture(scope="module")
def copied_sources(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the packages, clean by the linter's own word."""
    folder = tmp_path_factory.mktemp("sources")
    shutil.copytree(
        root / "tokenfleet", folder / "tokenfleet", ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copy(root / "pyproject.toml", folder)
    assert _linted(folder) == 0
    return folder


def _linted(folder: Path) -> int:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    return subprocess.run(command, cwd=folder, check=False, capture_output=True).returncode
