"""The questions to AWS in docs/deploy.md are about what the program really asks for."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tokenfleet.catalogue.pulled.releases import ami_release
from tokenfleet.recording.recorded import Mode, Recording
from tokenfleet.settings.stack_file import StackFile

PAGE = (Path(__file__).parents[1] / "docs" / "deploy.md").read_text(encoding="utf-8")


def test_it_asks_for_the_pinned_image() -> None:
    # By the catalogue, not by the order form, which its user edits.
    assert f"--name {ami_release().parameter('1.35', 'arm64', 'standard')}`" in PAGE


def test_it_asks_for_a_log_group_by_the_name_that_is_built(
    stack_files: Mapping[str, StackFile],
    recording_of: Callable[[Mapping[str, Any], Mode], Recording],
) -> None:
    recording = recording_of(stack_files["dev"].keys, "deployment")
    named = [
        str(group.inputs["name"])
        for group in recording.of_type("aws:cloudwatch/logGroup:LogGroup")
        if "name" in group.inputs
    ]
    prefixes = [word.split("`")[0] for word in PAGE.split("--log-group-name-prefix ")[1:]]
    assert named
    assert [[name.startswith(prefix) for prefix in prefixes] for name in named] == [[True]]
