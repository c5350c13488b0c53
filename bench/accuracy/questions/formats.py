"""The format of a row's weights: what its dtype says, else the model's name, else what is published."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.accuracy.questions.cells import Cells
from bench.accuracy.questions.model_names import format_words, without_format
from bench.accuracy.questions.published import Published
from tokenfleet.catalogue.checkpoint.format import BITS_BY_DTYPE, WeightsDtype
from tokenfleet.estimate.refusal import CostError

_UNSAID = ("", "auto")

_DTYPES: Mapping[str, WeightsDtype] = {
    "bfloat16": "bfloat16",
    "bf16": "bfloat16",
    "float16": "float16",
    "fp16": "float16",
    "f16": "float16",
    "half": "float16",
    "fp8": "fp8",
    "fp8_e4m3": "fp8",
    "float8": "fp8",
    "fp8a16": "fp8_a16",
    "mxfp8": "mxfp8",
    # Of int8 the engine's pages know W8A8 alone ("INT8 W8A8", docs.vllm.ai, 2026-11).
    "int8": "int8_channel",
    "w8a8": "int8_channel",
    "w8a16": "int8",
    "wint8": "int8",
    "8bit": "int8",
    "int4": "int4",
    "wint4": "int4",
    "w4a16": "int4",
    "4bit": "int4",
    "awq": "int4",
    "gptq": "int4",
    "mxfp4": "mxfp4",
    "nvfp4": "nvfp4",
    "nvfp4a16": "nvfp4_a16",
    # So NVIDIA names repositories in NVFP4.
    "fp4": "nvfp4",
}

# Words that mean another format together than alone.
_TOGETHER: Sequence[tuple[frozenset[str], str]] = (
    (frozenset({"nvfp4", "w4a16"}), "nvfp4a16"),
    (frozenset({"fp8", "w8a16"}), "fp8a16"),
    (frozenset({"fp8", "w8a8"}), "fp8"),
    (frozenset({"mxfp8", "w8a8"}), "mxfp8"),
    (frozenset({"int8", "w8a16"}), "w8a16"),
    *(
        (frozenset({method, bits}), "w8a16")
        for method in ("gptq", "awq")
        for bits in ("int8", "8bit")
    ),
)
_OF_FOUR_BITS = frozenset({"mxfp4", "nvfp4", "nvfp4_a16"})

# llama.cpp: bits a weight of a whole file, embeddings included (its tools/quantize/README.md, Llama
# 3.1 8B). A "4-bit GGUF" is the one that is made unless another is asked for.
_USUAL_GGUF = "q4_k_m"
_GGUF_BITS: Mapping[str, float] = {
    "4-bit gguf": 4.85,
    "q4_k_m": 4.85,
    "q4_k_s": 4.58,
    "q4_0": 4.55,
    "q5_k_m": 5.69,
    "q6_k": 6.56,
    "q8_0": 8.5,
}


@dataclass(frozen=True, kw_only=True)
class Format:
    """In what weights are multiplied, and how many bits one of them takes.

    ``is_guess``: nothing says it. ``note``: what it was read from, if not from a word of its own.
    """

    dtype: WeightsDtype
    bits: float
    note: str | None = None
    is_guess: bool = False


def format_of(cells: Cells, name: str, known: Published) -> Format:
    """The format of a row's weights.

    Raises:
        CostError: naming the column, for a dtype that is none.
    """
    text = cells.text("dtype").lower()
    if text not in _UNSAID:
        return _said(cells, text, known)
    if found := _by_words(format_words(name)):
        format_, word = found
        return _noted(format_, f"{word} is read in the model's name")
    if known.dtype:
        return _noted(_plain(known.dtype), f"{known.dtype} is what the model is published in")
    return Format(dtype="bfloat16", bits=BITS_BY_DTYPE["bfloat16"], is_guess=True)


def _said(cells: Cells, text: str, known: Published) -> Format:
    if text == "fp4" and known.dtype in _OF_FOUR_BITS:
        return _plain(known.dtype)
    if text == "int8":
        # One word for two: gptq of the name, or who writes w8a16, says the other.
        if "gptq" in format_words(cells.text("model")):
            return _noted(_plain("int8"), "int8 is taken for w8a16, as GPTQ is")
        return _noted(_plain("int8_channel"), "int8 is taken for w8a8; weights alone are w8a16")
    found = _alone(text) or (None if without_format(text) else _by_words(format_words(text)))
    if found is None:
        words = ", ".join(sorted({*_DTYPES, *_GGUF_BITS}))
        problem = f"'{text}' is none of {words}"
        raise CostError(problem, place=cells.where("dtype"))
    return found[0]


def _by_words(words: Sequence[str]) -> tuple[Format, str] | None:
    """The format that words of a name mean together, and what it is called."""
    there = frozenset(words)
    together = next((word for each, word in _TOGETHER if each <= there), None)
    tried = [*([together] if together else ()), *words]
    return next((found for word in tried if (found := _alone(word))), None)


def _alone(word: str) -> tuple[Format, str] | None:
    if word in _DTYPES:
        return _plain(_DTYPES[word]), word
    if word == "gguf":
        word = _USUAL_GGUF
    if word not in _GGUF_BITS:
        return None
    bits = _GGUF_BITS[word]
    # Of eight bits its kernels turn activations to as many, too (ggml-quants.c: q8_0 x q8_0).
    dtype: WeightsDtype = "int4" if bits < BITS_BY_DTYPE["int8_channel"] else "int8_channel"
    return Format(dtype=dtype, bits=bits), word


def _plain(dtype: WeightsDtype) -> Format:
    return Format(dtype=dtype, bits=BITS_BY_DTYPE[dtype])


def _noted(found: Format, note: str) -> Format:
    return Format(dtype=found.dtype, bits=found.bits, note=note)
