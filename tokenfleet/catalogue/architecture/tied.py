"""Whether the head of a model is its embeddings, as the pinned engine decides it."""

from tokenfleet.catalogue.architecture.keys import Keys

TIED = frozenset({"cohere", "cohere2", "gemma2", "gemma3n_text", "lfm2", "zamba2"})
"""What generates text and has no head of its own, whatever its configuration says."""

# Of whole models: what generates text says it alone, or it and the whole; and it is so unless denied.
_BY_TEXT = frozenset({"qwen3_5", "qwen3_5_moe", "minicpmv4_6", "minicpmv4_7"})
_BY_EITHER = frozenset({"llava_onevision"})
_UNLESS_DENIED = frozenset({"internvl"})
_NAMES = ("tie_embedding", "tie_word_embeddings")


def is_tied(whole: str, config: Keys, text: Keys, both: Keys) -> bool:
    """Whether it is so by ``config``, of the ``model_type`` ``whole``, and the keys of its ``text``.

    ``both`` are those of the text over those of the whole.

    Raises:
        ShapeError: a key that says so is no boolean.
    """
    by_text = text.flag(*_NAMES)
    if whole in _BY_TEXT:
        return by_text
    default = True if whole in _UNLESS_DENIED else both.flag(*_NAMES)
    said = config.flag(*_NAMES, default=default)
    return said or (whole in _BY_EITHER and by_text)
