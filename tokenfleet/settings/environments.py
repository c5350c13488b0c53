"""Environments of Pulumi ESC that a stack file names: only Pulumi Cloud can open them.

What they configure is therefore given in an answers file (docs/answers.md).
"""

from collections.abc import Mapping, Sequence
from typing import cast

from tokenfleet.settings.yaml_file import FileError, YamlFile, as_mapping

_KEY = "environment"


def named_environments(found: YamlFile) -> Sequence[str]:
    """The names below ``environment:``, in order; a later one overrides an earlier one.

    Raises:
        FileError: when an environment is defined in place instead of named.
    """
    given = found.entry(_KEY)
    if given is None:
        return []
    entries = cast("list[object]", given) if isinstance(given, list) else [None]
    # Either a name, or a mapping of a name to how it is merged.
    names = [next(iter(as_mapping(entry)), entry) for entry in entries]
    if not all(isinstance(name, str) for name in names):
        problem = (
            "is defined in place, and only Pulumi Cloud evaluates it: give an environment a name,"
            f" list it here ('{_KEY}: [NAME]'), and give its values with --answers"
        )
        raise found.error([_KEY], problem)
    return [str(name) for name in names]


def configuration_of(
    found: YamlFile, names: Sequence[str], environments: Mapping[str, Mapping[str, object]]
) -> Mapping[object, object]:
    """What these environments configure, by full key.

    Raises:
        FileError: when one of them is not among ``environments``.
    """
    for name in names:
        if name not in environments:
            raise _unknown(found, name)
    return {key: value for name in names for key, value in environments[name].items()}


def _unknown(found: YamlFile, name: str) -> FileError:
    problem = (
        f"{name} can only be opened by Pulumi Cloud: give what it configures with --answers FILE"
        f" (environments: {{{name}: {{KEY: VALUE}}}}, docs/answers.md)"
    )
    return found.error([_KEY], problem)
