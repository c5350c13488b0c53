"""For which models vLLM compiles nothing, on hardware where it otherwise does."""

from tokenfleet.plan.nodes.pools import PoolPlan
from tokenfleet.settings.models import ModelSettings

_EAGER, _OPTIMIZATION = "enforce-eager", "optimization-level"


def why_eager(settings: ModelSettings, pool: PoolPlan) -> str | None:
    """The reason, half a sentence; None where vLLM compiles."""
    given = settings.engine_arguments
    if given.get(_EAGER) is True:
        return f"its engineArguments say {_EAGER}"
    if str(given.get(_OPTIMIZATION)) == "0":
        return f"its engineArguments say {_OPTIMIZATION}: 0"
    # vllm/platforms/cpu.py of 0.32.0, check_and_update_config.
    if settings.adapters and pool.ami_variant == "standard":
        return "it has adapters, with which vLLM compiles nothing on CPUs"
    return None
