"""A server to price."""

import pytest

from tests.estimate.servers import a_model, a_replica
from tokenfleet.estimate.throughput import Saturation, saturation
from tokenfleet.estimate.traffic import RequestShape


@pytest.fixture(scope="session")
def most() -> Saturation:
    """Llama 3.1 8B on an H100, 800 tokens in, 250 out."""
    model = a_model()
    return saturation(model, a_replica(model), RequestShape(input_tokens=800, output_tokens=250))
