"""Whatever a stack file holds, the answer is a plan or a list of located mistakes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tokenfleet.mistakes import StackError
from tokenfleet.plan.decide import decide
from tokenfleet.settings.draft import KNOWN_KEYS

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(
        ["us-east-1a", "10.0.0.0/16", "c8g.4xlarge", "graviton4", "spot", "0.0.0.0/0"]
    )
)
KEYS = st.text(max_size=8) | st.sampled_from(
    [*KNOWN_KEYS, "zones", "cidr", "hardware", "instanceTypes", "tiers", "spot", "max", "pool"]
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=25,
)


def _plan_or_mistakes(keys: dict[str, Any], root: Path) -> None:
    try:
        decide(keys, "dev", root)
    except StackError as error:
        mistakes = error.mistakes
    else:
        return
    assert mistakes
    assert all(mistake.path and mistake.problem for mistake in mistakes)


@settings(max_examples=300, deadline=None)
@given(keys=st.dictionaries(KEYS, ANYTHING, max_size=8))
def test_any_mapping_yields_a_plan_or_located_mistakes(keys: dict[str, Any], root: Path) -> None:
    _plan_or_mistakes(keys, root)


@settings(
    max_examples=400,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_a_good_stack_with_one_part_replaced_yields_a_plan_or_located_mistakes(
    data: st.DataObject, keys_of: Callable[[str], dict[str, Any]], root: Path
) -> None:
    keys = keys_of(data.draw(st.sampled_from(["dev", "prod"])))
    parent, key = _some_place(data, keys)
    parent[key] = data.draw(ANYTHING)
    _plan_or_mistakes(keys, root)


def _some_place(data: st.DataObject, keys: Any) -> tuple[Any, Any]:  # noqa: ANN401 - any shape is the point
    """A mapping or list somewhere below ``keys``, and a key or index in it."""
    key: Any = data.draw(st.sampled_from(_places(keys)))
    inner: Any = keys[key]
    if not _places(inner) or data.draw(st.booleans()):
        return keys, key
    return _some_place(data, inner)


def _places(value: Any) -> list[Any]:  # noqa: ANN401 - any shape is the point
    if isinstance(value, dict):
        return list(cast("dict[str, Any]", value))
    return list(range(len(cast("list[Any]", value)))) if isinstance(value, list) else []
