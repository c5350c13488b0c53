"""Keys of a configuration that no reading asks for, and that nobody has judged to change nothing."""

from collections.abc import Mapping, Sequence
from functools import cache

import yaml

from tokenfleet.catalogue.architecture.keys import Keys
from tokenfleet.catalogue.facts import data_file

DATA = "config_keys.yaml"
"""Data file: keys that change nothing that is counted, by the reason."""

_MOST = 20


def unread_keys(given: Mapping[str, object], keys: Keys) -> Sequence[str]:
    """The names of what generates text is ``given`` and ``keys`` were not asked for, 20 at most.

    What is null, false or empty is left out, and so are the parts of what sees or hears.
    """
    names = (
        name
        for name, value in given.items()
        if value and name not in keys.asked and name not in _without_effect()
    )
    parts = ("text_config", "vision_config", "audio_config", "thinker_config", "talker_config")
    return sorted({name[:60] for name in names if name not in parts})[:_MOST]


@cache
def _without_effect() -> frozenset[str]:
    groups: Mapping[str, str] = yaml.load(data_file(DATA), Loader=yaml.CSafeLoader)
    return frozenset(name for names in groups.values() for name in names.split())
