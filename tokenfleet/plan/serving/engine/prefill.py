"""How many tokens of prompts a step of the engine takes where nobody says."""

from tokenfleet.catalogue.machines.instances import InstanceType

# vLLM's own default by memory of a device (vllm 0.32, EngineArgs.get_batch_defaults), GiB.
_MOST_BY_GIB = ((150, 16384), (65, 8192), (0, 2048))


def most_batched_tokens(kind: InstanceType) -> int:
    """The default of vLLM, which the plan never exceeds."""
    if kind.accelerator is None:
        return 2048
    if kind.accelerator.name == "A100":
        return _MOST_BY_GIB[-1][1]
    gib = kind.accelerator.memory_gib_per_rank
    return next(tokens for least, tokens in _MOST_BY_GIB if gib >= least)
