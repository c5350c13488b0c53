"""What of a row its engine would refuse, or no machine has: it is answered, with a wider range."""

from collections.abc import Mapping, Sequence

from bench.accuracy.questions.asked_model import AskedModel
from bench.accuracy.questions.machines import Machine
from tokenfleet.estimate.traffic import RequestShape

# GPUs that the link between ranks reaches: of a server, and of a rack (NVIDIA GB200 NVL72).
_LINKED = 8
_LINKED_IN_RACKS: Mapping[str, int] = {"GB200": 72, "GB300": 72}


def doubts(machine: Machine, model: AskedModel, shape: RequestShape) -> Sequence[str]:
    """What a reader should know, one sentence each."""
    return [*_of_ranks(machine, model), *_of_lengths(model, shape)]


def _of_ranks(machine: Machine, model: AskedModel) -> Sequence[str]:
    """Of GPUs alone: compilers for Neuron pad heads, and sockets are few."""
    if machine.kind != "gpu":
        return ()
    found: list[str] = []
    heads, linked = model.attention_heads, _LINKED_IN_RACKS.get(machine.device, _LINKED)
    if heads and heads % machine.ranks:
        found.append(f"vLLM does not divide {heads} heads among {machine.ranks} GPUs")
    if machine.ranks > linked:
        found.append(f"a machine has {linked} GPUs: links between machines are taken for its own")
    return found


def _of_lengths(model: AskedModel, shape: RequestShape) -> Sequence[str]:
    context, tokens = model.context_length, shape.input_tokens + shape.output_tokens
    if context is None or tokens <= context:
        return ()
    return [f"{tokens:,.0f} tokens are more than the model's context of {context:,}"]
