"""Failures in what the tests here share are explained as in a test."""

import pytest

pytest.register_assert_rewrite("tests.order_forms.any_stack")
