"""Engine arguments that name something outside the replica: it is offline and sees published files only."""

import json
from collections.abc import Mapping
from typing import cast

# Of vLLM 0.32: values that are the path of a file or folder, or code to import.
_PATHS = frozenset(
    {
        *("hf-config-path", "log-config-file", "mm-encoder-fp8-scale-path"),
        *("mm-encoder-fp8-scale-save-path", "download-dir", "allowed-local-media-path"),
        *("io-processor-plugin", "reasoning-parser-plugin", "tool-parser-plugin"),
        *("logits-processors", "model-class-overrides", "worker-cls", "worker-extension-cls"),
        *("scheduler-cls", "distributed-executor-backend"),
    }
)
_SHARED = frozenset({"ec-transfer-config", "kv-transfer-config"})
_WORDS = frozenset({"auto", "vllm", "mp", "ray", "uni", "external_launcher"})
_DRAFTLESS = frozenset({"ngram", "suffix", "mtp"})
_PATH_PROBLEM = (
    "names something that a replica, which is offline and sees the published files of its model"
    " only, does not have: leave it out"
)


def outside_problem(name: str, value: object) -> str | None:
    """Why a replica could not have what an engine argument names; None where it names nothing."""
    if name == "spec-model":
        return _draft(str(value))
    if name == "speculative-config":
        return _speculation(value)
    if name == "chat-template":
        is_text = "{" in str(value)
        return (
            None
            if is_text
            else (
                "names a file, and a replica has the published files of its model only: write the"
                " template itself, or put it into tokenizer_config.json and publish that"
            )
        )
    if name in _SHARED:
        return "names other servers, and a replica may reach none: leave it out"
    if name in {"generation-config", *_PATHS} and str(value) not in _WORDS:
        return _PATH_PROBLEM
    return None


def _speculation(value: object) -> str | None:
    try:
        given = cast("object", json.loads(value)) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        return "is not JSON"
    if not isinstance(given, Mapping):
        return "is not a mapping"
    keys = cast("Mapping[str, object]", given)
    if keys.get("model"):
        return _draft(str(keys["model"]))
    method = keys.get("method")
    if method not in _DRAFTLESS:
        known = ", ".join(sorted(_DRAFTLESS))
        return f"needs a draft model, which is not published: of the methods, {known} need none"
    return None


def _draft(model: str) -> str:
    return (
        f"a draft model ({model[:60]}) would be fetched from the Hub, and a replica is offline:"
        " its memory is not counted either. Methods without one: " + ", ".join(sorted(_DRAFTLESS))
    )
