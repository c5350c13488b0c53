"""Servers to price, and strategies for any of them."""

from hypothesis import strategies as st

from tokenfleet.catalogue.checkpoint.format import BITS_BY_DTYPE, WeightsDtype
from tokenfleet.catalogue.machines.accelerators import accelerator, accelerators
from tokenfleet.catalogue.machines.hardware import engines
from tokenfleet.estimate.replica import Replica, gpu_replica
from tokenfleet.estimate.served_model import ServedModel, usual_hidden_size, usual_layers
from tokenfleet.estimate.throughput import Saturation, saturation
from tokenfleet.estimate.traffic import RequestShape


def a_model(
    parameters: float = 8.03e9,
    *,
    active: float | None = None,
    dtype: WeightsDtype = "bfloat16",
    kv_bytes: float = 131072,
) -> ServedModel:
    """A model of that size; Llama 3.1 8B unless told otherwise."""
    return ServedModel(
        name="a model",
        total_parameters=parameters,
        active_parameters=active or parameters,
        weights_bytes=parameters * BITS_BY_DTYPE[dtype] / 8,
        weights_dtype=dtype,
        kv_bytes_per_token=kv_bytes,
        query_heads_per_kv_head=4,
        layers=usual_layers(parameters, active or parameters),
        hidden_size=usual_hidden_size(parameters, active or parameters),
    )


def a_replica(model: ServedModel, gpu: str = "H100", count: int = 1) -> Replica:
    """Enough GPUs of that name."""
    engine = engines()["vllm-cuda"]
    return gpu_replica(accelerator(gpu), count, model.weights_bytes, engine=engine, usable=0.92)


SHAPES = st.builds(
    RequestShape,
    input_tokens=st.integers(1, 8000),
    output_tokens=st.integers(1, 4000),
    cached_share=st.floats(0, 1),
)


@st.composite
def saturations(draw: st.DrawFn) -> Saturation:
    """Any model on any number of any GPU that it fits, for any shape of requests."""
    parameters = draw(st.floats(1e8, 60e9))
    model = a_model(
        parameters,
        active=parameters * draw(st.floats(0.02, 1)),
        dtype=draw(st.sampled_from(sorted(BITS_BY_DTYPE))),
        kv_bytes=draw(st.floats(1e4, 4e5)),
    )
    gpu = draw(st.sampled_from(sorted(accelerators())))
    replica = a_replica(model, gpu, draw(st.sampled_from([1, 2, 4, 8])))
    shape = draw(SHAPES)
    if replica.kv_bytes < model.kv_bytes(shape.input_tokens + shape.output_tokens):
        replica = a_replica(model, "B200", 8)
    return saturation(model, replica, shape)
