"""A server to price."""

from tests.estimate.conftest import most as most
