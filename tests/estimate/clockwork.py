"""An engine whose every step takes a second, and a model whose every token takes a byte of cache."""

from tests.estimate.servers import a_model
from tokenfleet.estimate.step.times import StepTimes


def clockwork(*, overlaps: bool) -> StepTimes:
    """Steps that differ in nothing but what they serve."""
    return StepTimes(
        model=a_model(kv_bytes=1.0),
        room=1_000_000,
        fixed=1.0,
        sequence=0.0,
        token=0.0,
        head=0.0,
        attention_byte=0.0,
        weights=0.0,
        kv_byte=0.0,
        overlaps=overlaps,
    )
