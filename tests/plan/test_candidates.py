"""Which instance types are put forward for a model."""

import pytest

from tokenfleet.catalogue.models.facts import model_facts
from tokenfleet.plan.candidates import candidate_problem, smallest_types

REGION = "us-east-1"


@pytest.mark.parametrize(
    ("gigabytes", "types"),
    [
        (16, ["c8g.4xlarge", "r8g.xlarge"]),
        (300, ["c8g.48xlarge", "r8g.12xlarge"]),
        # Half a terabyte is more than any c8g has.
        (500, ["r8g.16xlarge"]),
        (5000, []),
    ],
)
def test_a_family_without_a_type_that_fits_is_left_out(gigabytes: int, types: list[str]) -> None:
    facts = model_facts("Qwen/Qwen3-8B").model_copy(update={"weights_bytes": gigabytes * 10**9})
    assert smallest_types(facts, ["c8g", "r8g"], 1024, REGION) == types
    assert all(candidate_problem(name, facts, 1024, REGION) is None for name in types)
