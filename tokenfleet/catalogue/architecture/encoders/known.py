"""What encoders are made of, by ``model_type``."""

from collections.abc import Callable, Mapping

from tokenfleet.catalogue.architecture.encoders.bert import Encoder, bert, modern_bert, roberta
from tokenfleet.catalogue.architecture.encoders.rotary import gte, nomic_bert
from tokenfleet.catalogue.architecture.keys import Keys
from tokenfleet.task import Task

ENCODERS: Mapping[str, Callable[[Keys, Task], Encoder]] = {
    "bert": bert,
    "roberta": roberta,
    "xlm-roberta": roberta,
    "modernbert": modern_bert,
    "nomic_bert": nomic_bert,
    "gte": gte,
    "new": gte,
}
"""Encoders by ``model_type``, checked against the pinned engine (tests/engine/test_sizes.py)."""
