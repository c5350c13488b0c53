"""What docs/edge.md says of answers and log lines is what the edge is told to write."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import yaml

from tokenfleet.plan.edge.envoy import replies
from tokenfleet.plan.edge.envoy.access_log import access_logs
from tokenfleet.plan.edge.envoy.replies import Reply
from tokenfleet.settings.draft import parse

PAGE = (Path(__file__).parents[1] / "docs" / "edge.md").read_text(encoding="utf-8")
# Answered by a script (userdata/tokens_asked.lua).
_SCRIPTED = (400, "tokens_asked")


def test_the_page_names_every_error_of_the_edge_with_its_status() -> None:
    rows = [(_numbers(row[0]), _words(row[1])) for row in _table("status")]
    named = {(status, code) for statuses, codes in rows for status in statuses for code in codes}
    given = {(reply.status, reply.code) for reply in _replies()} | {_SCRIPTED}
    assert {code for _, code in named} == {code for _, code in given}
    assert given <= named


def test_the_page_names_every_field_of_a_log_line() -> None:
    (lines,) = (
        cast("Mapping[str, Any]", log["typed_config"])["log_format"]["json_format"]
        for log in access_logs(["/v1/completions"])
        if log["name"] == "envoy.access_loggers.file"
    )
    assert sorted(word for row in _table("field") for word in _words(row[0])) == sorted(lines)


def test_every_trap_that_a_comment_names_is_on_the_page() -> None:
    root = Path(__file__).parents[1]
    sources = [*root.glob("tokenfleet/plan/edge/**/*.py"), *root.glob("userdata/*.lua")]
    texts = [path.read_text(encoding="utf-8") for path in sources]
    named = {trap for text in texts for trap in re.findall(r"edge\.md, trap (\d+)", text)}
    assert {"1", "13"} <= named <= {row[0] for row in _table("trap")}


def test_the_clients_on_the_page_are_ones_that_a_stack_may_have(
    keys_of: Callable[[str], dict[str, Any]],
) -> None:
    (block,) = (part for part in PAGE.split("```")[1::2] if "tokenfleet:edge:" in part)
    edge = yaml.safe_load(block.removeprefix("yaml"))["tokenfleet:edge"]
    draft = parse({**keys_of("dev"), "edge": edge})
    assert not draft.mistakes
    assert draft.edge
    assert [c.priority for c in draft.edge.clients.values()] == ["interactive", "batch"]


def _replies() -> Iterator[Reply]:
    """Of all names of the module, and of its lists."""
    for value in vars(replies).values():
        found: list[object] = [*value] if isinstance(value, list) else [value]
        yield from (one for one in found if isinstance(one, Reply))


def _table(first: str) -> Sequence[Sequence[str]]:
    """The rows of the table whose first column has that title."""
    (table,) = (part for part in PAGE.split("\n\n") if part.startswith(f"| {first} |"))
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()[2:]]


def _words(cell: str) -> Sequence[str]:
    return re.findall(r"`(\w+)`", cell)


def _numbers(cell: str) -> Sequence[int]:
    return [int(number) for number in re.findall(r"\d+", cell)]
