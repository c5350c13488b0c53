"""Resources and states out of nothing, as large and as odd as a test wants them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tokenfleet.review.previews import StackState

VPC, SUBNET = "aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet"
CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
ODD = {
    "pipe": "a | b | c",
    "backtick": "`code` ```",
    "mention": "@octocat (@octo-org/team) and @Me",
    "issue": "#1 and owner/name#2",
    "HTML": "<script>alert(1)</script><!-- <img src=x onerror=y> &lt;b&gt;",
    "details": "</details></summary><details open>",
    "link": "[click](https://example.com) ![x](https://example.com/x.png)",
    "heading": "# heading\n\n## another\r\n- item\n1. one\n> quote\n---\n",
    "emphasis": "**bold** _soft_ ~~gone~~ *a*",
    "marker": "<!-- tokenfleet review -->",
    "long": "n" * 200,
    "escape": "\\| \\",
}
"""Names and values that mean something to Markdown, HTML or GitHub."""


def resource(
    name: str,
    type_token: str = VPC,
    inputs: Mapping[str, object] | None = None,
    *,
    sources: Mapping[str, Sequence[str]] | None = None,
    **options: object,
) -> dict[str, Any]:
    """One as it is recorded; ``sources`` are names of others by the property made of them."""
    return {
        "urn": _urn(name),
        "type": type_token,
        "name": name,
        "isComponent": False,
        "parent": "",
        "inputs": dict(inputs or {}),
        "provider": "",
        "propertyDependencies": {
            prop: [_urn(each) for each in names] for prop, names in (sources or {}).items()
        },
        "ignoreChanges": [],
        "protect": False,
        "deleteBeforeReplace": False,
        "retainOnDelete": False,
        **options,
    }


def _urn(name: str) -> str:
    return f"urn:pulumi:dev::tokenfleet::any::{name}"


def state(resources: Iterable[dict[str, Any]] = (), stack: str = "dev") -> StackState:
    """A state with no figures."""
    preview: dict[str, Any] = {
        "cost": {"bill": {"expected": {"lines": []}}, "models": [], "verdicts": []},
        "plan": {"budgets": [], "pools": []},
        "models": [],
        "findings": [],
    }
    document = {"resources": list(resources), "lookups": []}
    return StackState(stack=stack, preview=preview, resources=document, secrets={})


def broken(*lines: str, stack: str = "dev") -> StackState:
    """A state that cannot be previewed."""
    return StackState(stack=stack, preview={}, resources={}, secrets={}, problem=lines)
