"""In which format a checkpoint keeps its weights, and which of them it leaves in 16 bits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from tokenfleet.catalogue.architecture.layer import Architecture
from tokenfleet.catalogue.checkpoint.modules import ModulePatterns, wholes

WeightsDtype = Literal[
    "bfloat16",
    "float16",
    "fp8",
    "fp8_a16",
    "mxfp8",
    "mxfp4",
    "nvfp4",
    "nvfp4_a16",
    "int8",
    "int4",
    "int8_channel",
]
"""What weights are kept in. ``int8`` and ``int4`` are weights alone (GPTQ, AWQ), of which
``int8_channel`` has activations in 8-bit integers too (W8A8); ``fp8_a16`` and ``nvfp4_a16`` are ``fp8``
and ``nvfp4`` whose checkpoints ask for activations in 16 bits.
"""

BITS_BY_DTYPE: Mapping[WeightsDtype, float] = {
    "bfloat16": 16,
    "float16": 16,
    "fp8": 8,
    "fp8_a16": 8,
    "mxfp8": 8.25,  # an 8-bit scale for 32 values (OCP MX specification 1.0)
    "mxfp4": 4.25,
    "nvfp4": 4.5,  # an 8-bit scale for 16 values
    "nvfp4_a16": 4.5,
    # AWQ and GPTQ: a 16-bit scale and a zero point as wide as a value for (by default) 128 values.
    "int4": 4 + 20 / 128,
    "int8": 8 + 24 / 128,
    "int8_channel": 8,
}
"""Bits that a parameter takes in the weights files."""

UNITS_BY_DTYPE: Mapping[WeightsDtype, str] = {
    "bfloat16": "bfloat16",
    "float16": "bfloat16",
    "fp8": "fp8",
    "mxfp8": "mxfp8",
    "nvfp4": "nvfp4",
    "int8_channel": "int8",
}
"""By which units a format's weights and activations are multiplied, where hardware has them.

Elsewhere, and in every other format, weights are unpacked and multiplied in 16 bits
(vllm/model_executor/kernels/linear, vLLM 0.32.0).
"""

_FINEST_BLOCK = 32
_PREFIXES = (
    *("model.layers.", "model.language_model.layers.", "language_model.model.layers."),
    *("backbone.layers.", "layers."),
)


@dataclass(frozen=True, kw_only=True)
class CheckpointFormat:
    """What weights are kept in.

    ``dtype`` is that of most. ``others`` are formats by module, where there are several;
    ``ignored`` modules in 16 bits. ``only_experts``: all else is in ``rest``.
    ``is_wide``: the files are in 32 bits, of which the engine loads 16. ``group``: how many values share a scale along a matrix's input, 0 where that limits nothing.
    """

    dtype: WeightsDtype
    method: str | None = None
    ignored: Sequence[str] = ()
    others: Mapping[str, WeightsDtype] = field(default_factory=dict[str, WeightsDtype])
    only_experts: bool = False
    rest: WeightsDtype = "bfloat16"
    group: int = 0
    is_wide: bool = False

    def bytes_of(self, architecture: Architecture) -> int:
        """The size of the weights as the engine loads them, in bytes.

        Raises:
            ShapeError: modules are named by a pattern that cannot be read.
        """
        if self.dtype in {"bfloat16", "float16"}:
            return 2 * architecture.parameters.total
        ignored = ModulePatterns(self.ignored)
        bits = 16.0 * architecture.outside.total
        alike: dict[Sequence[str], float] = {}
        for place, layer in enumerate(architecture.layers):
            bits += 16 * layer.norms
            for part in layer.parts:
                names = [f"{prefix}{place}.{each}" for prefix in _PREFIXES for each in part.modules]
                key = tuple(names if self.ignored or self.others else part.modules)
                if key not in alike:
                    alike[key] = self._bits(names, ignored, is_expert=part.is_expert)
                bits += alike[key] * part.parameters
        return round(bits / 8)

    def divided(self, architecture: Architecture) -> Sequence[int]:
        """What ranks divide without a rest: heads, and of widths whole groups, which share a scale.

        The scales of blocks of 8-bit experts are made finer where that helps
        (vllm/model_executor/layers/fused_moe/oracle/fp8.py: refine_fp8_moe_block_shape).
        """
        widths = architecture.parameters
        of_experts = _FINEST_BLOCK if self.group and self.dtype == "fp8" else self.group
        return sorted(
            {
                *architecture.divided,
                *(_groups(width, self.group) for width in widths.inner),
                *(_groups(width, of_experts) for width in widths.expert_inner),
            }
        )

    def _bits(self, names: Sequence[str], ignored: ModulePatterns, *, is_expert: bool) -> float:
        if any(name in ignored for name in names):
            return 16
        if self.others:
            named = (whole for name in names for whole in wholes(name) if whole in self.others)
            found = next(named, None)
            return BITS_BY_DTYPE[self.others[found] if found else self.rest]
        return BITS_BY_DTYPE[self.rest if self.only_experts and not is_expert else self.dtype]


def _groups(width: int, group: int) -> int:
    return width // group if group and width % group == 0 else width
