"""What the pinned engine does with a model that nobody tells it what to do with."""

from collections.abc import Sequence

from tokenfleet.catalogue.architecture.defaults import served_architectures
from tokenfleet.catalogue.architecture.keys import Keys, ShapeError
from tokenfleet.task import Task

# vllm/config/model.py, _SUFFIX_TO_DEFAULTS: which classes stand for one another, in its order.
_SUFFIXES: Sequence[tuple[str, Task]] = (
    ("ForCausalLM", "generate"),
    ("ForConditionalGeneration", "generate"),
    ("ChatModel", "generate"),
    ("LMHeadModel", "generate"),
    ("ForTextEncoding", "embed"),
    ("EmbeddingModel", "embed"),
    ("ForSequenceClassification", "classify"),
    ("ClassificationModel", "classify"),
    ("Model", "embed"),
)
# Answered at /pooling alone, whose form depends on the model.
_BY_TOKEN = ("ForTokenClassification", "ForRewardModel", "ForProcessRewardModel")
# transformers, PretrainedConfig.num_labels.
_LABELS = 2


def task_of(config: Keys, *, embeds: bool) -> Task:
    """What it does, by its ``architectures``; ``embeds``: whether Sentence Transformers' files say so.

    Raises:
        ShapeError: the engine does not serve the class, or with answers of another kind.
    """
    names = config.words("architectures") or ()
    if not names:
        return "embed" if embeds else "generate"
    name = names[0]
    traits = _traits(name)
    if traits is None:
        msg = f"architectures: the pinned engine does not serve {name[:60]}"
        raise ShapeError(msg)
    if name.endswith(_BY_TOKEN) or "late-interaction" in traits:
        msg = f"architectures: {name[:60]} answers with a vector for each token, which is not served here"
        raise ShapeError(msg)
    suffix = _suffix(name)
    if "cross-encoder" in traits or (suffix and suffix[1] == "classify"):
        return "rerank" if labels_of(config) == 1 else "classify"
    if embeds or "pools" in traits:
        return "embed"
    if "generates" in traits or suffix is None:
        return "generate"
    return suffix[1]


def labels_of(config: Keys) -> int:
    """How many labels a class that classifies has.

    Raises:
        ShapeError: it is no number.
    """
    named = config.below("id2label")
    return config.number("num_labels", default=len(named.names()) if named else _LABELS)


def _suffix(name: str) -> tuple[str, Task] | None:
    return next((each for each in _SUFFIXES if name.endswith(each[0])), None)


def _traits(name: str) -> frozenset[str] | None:
    """Those of the class, or of the one that the engine makes it from; None without one."""
    served = served_architectures()
    if name in served:
        return served[name]
    suffix = _suffix(name)
    if suffix is None:
        return None
    stem = name.removesuffix(suffix[0])
    made_from = next((stem + each for each, _ in _SUFFIXES if stem + each in served), None)
    # What it is made from generates; what is made of it does not.
    return None if made_from is None else served[made_from] - {"generates"}
