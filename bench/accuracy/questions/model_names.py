"""What the name of a model says: which model it is, whatever its variant, and how large."""

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

Key = tuple[str, ...]
"""Family, version and sizes of a name: ``llama 3.1 8b``."""

# Formats and tools that quantise; the numbers in them are no versions and no sizes.
_FORMAT = re.compile(
    r"(?<![a-z0-9])(?:(?:nv|mx)?fp\d+(?:a\d+)?|b?f16|u?int\d+|w\d+a\d+(?:c\d+)?|tp\d+|g\d{2,3}|e\dm\d|\d+-?bits?"
    r"|i?q\d(?:_[0-9a-z]+)*|exl\d|bnb|awq|gptq|gguf|ggml|mlx|marlin|quark|modelopt)(?![a-z0-9])"
)
# What is said of the training, the format or the publisher, and changes no shape; v of a version.
_VARIANTS = frozenset(
    {
        *("base", "block", "channel", "chat", "dpo", "dynamic", "groupwise", "hf", "inst"),
        *("instruct", "instruction", "it", "kv", "latest", "meta", "original", "paddle", "per"),
        *("preview", "pt", "quantized", "reasoning", "rl", "rlhf", "sft", "static", "tensor"),
        *("thinking", "token", "turbo", "unsloth", "v"),
    }
)
_DATE = re.compile(r"\d{4}|\d{6}|\d{8}")
_WORD = re.compile(r"\d+x\d+(?:\.\d+)?b|\d+(?:\.\d+)*[a-z]*|[a-z]+")
_BETWEEN_DIGITS = re.compile(r"(?<=\d)[-_p](?=\d)")
_SIZE = re.compile(r"(?:\d+x)?\d+(?:\.\d+)?[bm]")
_VERSION = re.compile(r"\d+(?:\.\d+)*")
# Places where a point may be meant: names have one or two; a name with more is nobody's.
_MOST_UNCLEAR = 6

_UNITS = {"m": 1e6, "b": 1e9, "t": 1e12}
_TOTAL = re.compile(r"(?<![a-z0-9.])(\d+(?:\.\d+)?)([bt])(?![a-z0-9])")
# Of fewer than two digits it is a context: Qwen2.5-7B-Instruct-1M.
_SMALL_TOTAL = re.compile(r"(?<![a-z0-9.])(\d{2,4})(m)(?![a-z0-9])")
_ACTIVE = re.compile(r"(?<![a-z0-9.])a(\d+(?:\.\d+)?)([bm])(?![a-z0-9])")
_DECIMAL = re.compile(r"(?<![a-z0-9._])(\d)[_p](?=\d+b)|(?<=[-_])(0)[-_p](?=\d+b)")


@dataclass(frozen=True, kw_only=True)
class Size:
    """Parameters that a name states: all, and those that a token visits (all where it says no less)."""

    total: float
    active: float


def sized(name: str) -> Size | None:
    """The parameters a name states, or None where it states none that can be relied on.

    None of a mixture that says how many experts of which size (``8x7B``): they share attention.
    """
    text = _DECIMAL.sub(lambda found: f"{found[1] or found[2]}.", _own(name)).replace("_", "-")
    total = _TOTAL.search(text) or _SMALL_TOTAL.search(text)
    if total is None:
        return None
    size = _parameters(total)
    active = _ACTIVE.search(text)
    return Size(total=size, active=min(size, _parameters(active)) if active else size)


def format_words(name: str) -> Sequence[str]:
    """The formats and tools that quantise of which a name or a dtype speaks: ``gptq``, ``int8``."""
    return [_bits(found[0]) for found in _FORMAT.finditer(_own(name))]


def without_format(text: str) -> str:
    """What else a text says."""
    return "".join(letter for letter in _FORMAT.sub(" ", text) if letter.isalnum())


def keys(name: str) -> Sequence[Key]:
    """What a name may mean, as it stands first.

    Between digits a hyphen or an underscore may be a point: ``llama-3-1-8b`` is ``llama 3.1 8b``,
    ``qwen2_0_5b`` ``qwen 2 0.5b``. At most one of these is a model that there is.
    """
    return list(dict.fromkeys(_key(each) for each in _readings(_FORMAT.sub(" ", _own(name)))))


def shorter(key: Key) -> Iterator[Key]:
    """The key without what a name often leaves out: the version behind the size, active parameters."""
    first = next((place for place, word in enumerate(key) if _SIZE.fullmatch(word)), None)
    if first is None:
        return
    behind = range(first + 1, len(key))
    version = next((place for place in behind if _VERSION.fullmatch(key[place])), len(key))
    without = key[:version]
    yield without
    if without[first + 1 : first + 2] == ("a",):
        yield (*without[: first + 1], *without[first + 3 :])


def _own(name: str) -> str:
    """Without its organisation; folders of configurations have ``--`` in place of the slash."""
    return re.split(r"/|--", name.strip())[-1].lower()


def _readings(text: str) -> Iterator[str]:
    unclear = list(_BETWEEN_DIGITS.finditer(text))
    if len(unclear) > _MOST_UNCLEAR:
        return
    choices = [(".", "-") if found[0] == "_" else ("-", ".") for found in unclear]
    choices = [
        (".",) if found[0] == "p" else choice
        for found, choice in zip(unclear, choices, strict=True)
    ]
    for chosen in itertools.product(*choices):
        marks = iter(chosen)
        yield _BETWEEN_DIGITS.sub(lambda _, marks=marks: next(marks), text)


def _bits(word: str) -> str:
    """``8-bits`` is ``8bit``."""
    return word.replace("-", "").removesuffix("s") if "bit" in word else word


def _key(text: str) -> Key:
    return tuple(
        word for word in _WORD.findall(text) if word not in _VARIANTS and not _DATE.fullmatch(word)
    )


def _parameters(found: re.Match[str]) -> float:
    return float(found[1]) * _UNITS[found[2]]
