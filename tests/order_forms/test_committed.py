"""The order forms at the root: their user's to edit, held to what must hold of any stack."""

from pathlib import Path

import pytest

from tests.order_forms.any_stack import check
from tokenfleet.settings.project_file import read_project
from tokenfleet.settings.stack_file import stack_names

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("stack", stack_names(read_project(ROOT)))
def test_a_committed_order_form_is_as_any_must_be(stack: str) -> None:
    check(ROOT, stack)
