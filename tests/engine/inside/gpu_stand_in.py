"""What this machine's CPU would refuse or size in its own way, answered as an NVIDIA GPU does.

Import before the first model is built. Nothing here changes a size that CUDA would give:
``LIFTED`` names the refusals that were lifted since ``forget``.
"""
# What it imports is in the engine's venv, not in the project's.
# pyright: basic, reportMissingImports=false
# ruff: noqa: ANN401 - what stands in for vLLM's functions takes whatever they take

import os
import sys
from collections.abc import Callable
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from typing import Any
from unittest.mock import MagicMock

os.environ.update(
    {
        "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": "1",
        "VLLM_CPU_KVCACHE_SPACE": "1",
        "VLLM_CPU_OMP_THREADS_BIND": "nobind",
        "VLLM_LOGGING_LEVEL": "CRITICAL",
        "VLLM_NO_USAGE_STATS": "1",
    }
)

import torch
import torch.distributed as dist
from torch.testing._internal.distributed.fake_pg import FakeStore
from vllm.distributed import parallel_state
from vllm.model_executor.layers.fused_moe import config as moe_config
from vllm.model_executor.layers.fused_moe import unquantized_fused_moe_method as unquantized
from vllm.model_executor.layers.fused_moe.oracle.unquantized import UnquantizedMoeBackend
from vllm.model_executor.models import registry
from vllm.platforms import current_platform
from vllm.v1.attention import selector
from vllm.v1.attention.backend import AttentionBackend, MultipleOf
from vllm.v1.attention.backends.cpu_attn import CPUAttentionBackend
from vllm.v1.attention.backends.mla.cpu_mla import CPUMLABackend

LIFTED: set[str] = set()
BLOCK_TOKENS = 16
_KERNELS = frozenset({"cutlass"})


def stand_in() -> None:
    """Replace what this CPU answers; once for a process."""
    platform: Any = type(current_platform)
    # Bfloat16 states of Mamba are kept as float32 where a CPU has AVX-512 BF16, on no GPU.
    torch.cpu._is_avx512_bf16_supported = lambda: False
    torch.cpu._is_amx_tile_supported = lambda: False
    # FlashAttention takes blocks of any 16 tokens in any layout; kernels of the CPU are choosier.
    for backend in (CPUAttentionBackend, CPUMLABackend):
        backend.get_supported_kernel_block_sizes = staticmethod(
            lambda kv_cache_spec=None: [MultipleOf(BLOCK_TOKENS)]  # noqa: ARG005 - vLLM's name
        )
        backend.supports_block_size = AttentionBackend.__dict__["supports_block_size"]
        backend.supported_kv_cache_layouts = classmethod(lambda cls: None)  # noqa: ARG005
    platform.get_attn_backend_cls = _dense_backend(platform.get_attn_backend_cls.__func__)
    moe_config.FusedMoEConfig.__post_init__ = _lifting(
        moe_config.FusedMoEConfig.__post_init__, "is_act_and_mul=False", None
    )
    unquantized.select_unquantized_moe_backend = _lifting(
        unquantized.select_unquantized_moe_backend,
        "No Unquantized MoE backend",
        (UnquantizedMoeBackend.TRITON, None),
    )
    # Towers are moved to the device at once, and what has no storage cannot be moved elsewhere.
    platform.current_device = classmethod(lambda cls: torch.device("meta"))  # noqa: ARG005
    # Numbers read from what has no storage: of activations and of positions, never a size.
    torch.Tensor.item = _of_storage(torch.Tensor.item, lambda tensor: 0)  # noqa: ARG005
    torch.Tensor.tolist = _of_storage(torch.Tensor.tolist, lambda tensor: [0] * len(tensor))
    torch.Tensor.cpu = _of_storage(torch.Tensor.cpu, lambda tensor: tensor)
    # A class is looked at in a process of its own so as not to touch a GPU: 13 s each.
    registry._run_in_subprocess = lambda ask: ask()
    sys.meta_path.append(_KernelPackages())
    torch.cuda.Stream = torch.cuda.Event = MagicMock()
    _one_rank_of_many(platform)


class _KernelPackages(MetaPathFinder, Loader):
    """Packages that only CUDA's wheels bring: kernels, which hold no parameter."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """A module that has whatever is asked of it."""
        del path, target
        if fullname.partition(".")[0] not in _KERNELS:
            return None
        return ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: ModuleSpec) -> Any:
        """Its attributes are made as they are asked for."""
        return MagicMock(name=spec.name)

    def exec_module(self, module: Any) -> None:
        """It is all there."""


def forget() -> None:
    """Another model: what was lifted for the last one, and the backend that was chosen for it."""
    LIFTED.clear()
    selector._cached_get_attn_backend.cache_clear()


def ranks(count: int) -> None:
    """Be the first of ``count`` ranks whose others do not exist and answer nothing."""
    if dist.is_initialized():
        parallel_state.destroy_model_parallel()
        parallel_state.destroy_distributed_environment()
    dist.init_process_group("fake", store=FakeStore(), rank=0, world_size=count)
    parallel_state.init_distributed_environment(
        world_size=count, rank=0, local_rank=0, distributed_init_method="env://", backend="fake"
    )
    parallel_state.initialize_model_parallel(count, 1, backend="fake")


def _dense_backend(asked: Callable[..., str]) -> Any:
    # The layers' specs, not the backend, say what sparse attention keeps.
    def choose(cls: Any, selected_backend: Any, attn_selector_config: Any, **more: Any) -> str:
        if attn_selector_config.use_sparse:
            LIFTED.add("Sparse Attention is not supported on CPU.")
            attn_selector_config = attn_selector_config._replace(use_sparse=False)
        return asked(cls, selected_backend, attn_selector_config, **more)

    return classmethod(choose)


def _lifting(asked: Callable[..., Any], refusal: str, answer: Any) -> Callable[..., Any]:
    """``asked``, but where it refuses in these words it gives ``answer``."""

    def ask(*given: Any, **named: Any) -> Any:
        try:
            return asked(*given, **named)
        except NotImplementedError as error:
            if refusal not in str(error):
                raise
            LIFTED.add(str(error))
            return answer

    return ask


def _of_storage(asked: Callable[..., Any], otherwise: Callable[..., Any]) -> Callable[..., Any]:
    return lambda tensor, *given: otherwise(tensor) if tensor.is_meta else asked(tensor, *given)


def _one_rank_of_many(platform: Any) -> None:
    new_group, new_model_group = dist.new_group, parallel_state.init_model_parallel_group

    def fake_group(*given: Any, **named: Any) -> Any:
        return new_group(*given, **{**named, "backend": "fake"})

    def unconnected(*given: Any, **named: Any) -> Any:
        return new_model_group(*given, **{**named, "use_message_queue_broadcaster": False})

    dist.new_group = fake_group
    parallel_state.init_model_parallel_group = unconnected
    parallel_state.in_the_same_node_as = lambda group, source_rank=0: [True] * group.size()  # noqa: ARG005
    platform.get_device_communicator_cls = classmethod(
        lambda cls: (  # noqa: ARG005 - vLLM's signature
            "vllm.distributed.device_communicators.base_device_communicator.DeviceCommunicatorBase"
        )
    )
