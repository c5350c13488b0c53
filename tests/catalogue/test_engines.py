"""The engines: the release that is tested is the one that is served."""

import pytest

from tests.engine.install import engine_version
from tokenfleet.catalogue.machines.hardware import engines


@pytest.mark.parametrize("engine", ["vllm-cpu", "vllm-cuda"])
def test_the_engine_under_test_is_of_the_served_release(engine: str) -> None:
    assert engines()[engine].version == engine_version()
