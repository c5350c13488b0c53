"""What ``__main__.py`` asks for: the plan of the stack being run, and its secrets."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pulumi
from pulumi.runtime import get_root_directory
from pulumi.runtime.config import CONFIG, get_config_env, is_config_secret

from tokenfleet.mistakes import Mistake, StackError
from tokenfleet.plan.decide import decide
from tokenfleet.plan.stack import Plan
from tokenfleet.settings.draft import API_KEY, PREVIOUS_API_KEY, SECRET_KEYS
from tokenfleet.settings.stack_file import (
    config_value,
    foreign_key,
    lonely_secrets,
    plaintext_secret,
    unsendable_secret,
)

__all__ = ["API_KEY", "PREVIOUS_API_KEY", "secret", "stack_plan"]


def stack_plan() -> Plan:
    """Read the configuration of the running stack, once, and decide everything.

    Raises:
        pulumi.RunError: with every mistake; the engine prints it without a traceback.
    """
    namespace = pulumi.get_project()
    mistakes: list[Mistake] = []
    keys = dict(_keys(namespace, mistakes))
    try:
        return decide(
            keys,
            pulumi.get_stack(),
            Path(get_root_directory()),
            mistakes,
            project_name=namespace,
        )
    except StackError as error:
        raise pulumi.RunError(str(error)) from error


def secret(key: str) -> pulumi.Output[str] | None:
    """A secret of the stack, or None when it is not set."""
    return pulumi.Config().get_secret(key)


def _keys(namespace: str, mistakes: list[Mistake]) -> Iterator[tuple[str, object]]:
    configured: Mapping[str, str] = {**get_config_env(), **CONFIG.get()}
    mistakes.extend(
        lonely_secrets([key for key in SECRET_KEYS if f"{namespace}:{key}" in configured])
    )
    for full_key, text in configured.items():
        prefix, _, key = full_key.partition(":")
        if prefix != namespace:
            mistakes.extend(filter(None, [foreign_key(full_key, namespace)]))
        elif key not in SECRET_KEYS:
            yield key, config_value(text)
        elif not is_config_secret(full_key):
            mistakes.append(plaintext_secret(key))
        else:
            mistakes.extend(filter(None, [unsendable_secret(key, text)]))
