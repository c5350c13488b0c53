"""What ``__main__.py`` asks for: the plan of the stack being run, and its secrets."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pulumi
from pulumi.runtime import get_root_directory
from pulumi.runtime.config import CONFIG, get_config_env, is_config_secret

from tokenfleet.mistakes import Mistake, StackError
from tokenfleet.plan.decide import decide
from tokenfleet.plan.stack import Plan
from tokenfleet.settings.draft import API_KEY, CLIENT_KEYS, PREVIOUS_API_KEY, SECRET_KEYS
from tokenfleet.settings.keys import decrypted_mistakes, keys_by_client, plaintext_secret
from tokenfleet.settings.stack_file import config_value, foreign_key

__all__ = ["client_keys", "stack_plan"]


def stack_plan() -> Plan:
    """Read the configuration of the running stack, once, and decide everything.

    Raises:
        pulumi.RunError: with every mistake; the engine prints it without a traceback.
    """
    namespace = pulumi.get_project()
    mistakes: list[Mistake] = []
    keys = _keys(namespace, mistakes)
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


def client_keys() -> pulumi.Output[Mapping[str, Sequence[str]]] | None:
    """The keys of every client, as a secret; None where the stack has none, so that one is made."""
    config = pulumi.Config()
    found = {key: config.get_secret(key) for key in SECRET_KEYS}
    if all(text is None for text in found.values()):
        return None
    return pulumi.Output.all(**found).apply(
        lambda text: keys_by_client(text[CLIENT_KEYS], text[API_KEY], text[PREVIOUS_API_KEY])
    )


def _keys(namespace: str, mistakes: list[Mistake]) -> Mapping[str, object]:
    keys: dict[str, object] = {}
    secrets: dict[str, str] = {}
    configured: Mapping[str, str] = {**get_config_env(), **CONFIG.get()}
    for full_key, text in configured.items():
        prefix, _, key = full_key.partition(":")
        if prefix != namespace:
            mistakes.extend(filter(None, [foreign_key(full_key, namespace)]))
        elif key not in SECRET_KEYS:
            keys[key] = config_value(text)
        elif is_config_secret(full_key):
            secrets[key] = text
        else:
            mistakes.append(plaintext_secret(key))
    mistakes.extend(decrypted_mistakes(secrets, keys))
    return keys
