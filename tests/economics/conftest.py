"""A server to price."""

from tests.estimate.conftest import most

__all__ = ["most"]
