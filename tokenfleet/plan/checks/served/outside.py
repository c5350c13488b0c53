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
        *("scheduler-cls", "distributed-executor-backend", "ssl-ca-certs", "default-mm-loras"),
        *("profiler-config", "ec-manager-config"),
    }
)
# Values that are the address of somebody else, or of whom others are to reach.
_SHARED = frozenset(
    {
        *("ec-transfer-config", "kv-transfer-config", "kv-events-config", "weight-transfer-config"),
        *("tool-server", "otlp-traces-endpoint", "master-addr", "data-parallel-address"),
    }
)
# Of an argument that is JSON, the keys that are paths.
_PATHS_WITHIN: Mapping[str, frozenset[str]] = {
    "logging-config": frozenset({"pylogging_config_file"}),
    "structured-outputs-config": frozenset({"reasoning_parser_plugin"}),
    "model-loader-extra-config": frozenset({"tensorizer_uri", "tensorizer_dir"}),
}
_WORDS = frozenset({"auto", "vllm", "mp", "ray", "uni", "external_launcher"})
_PATH_PROBLEM = (
    "names something that a replica, which is offline and sees the published files of its model"
    " only, does not have: leave it out"
)


def outside_problem(name: str, value: object) -> str | None:
    """Why a replica could not have what an engine argument names; None where it names nothing."""
    if name in _SHARED:
        return "names other servers, and a replica may reach none: leave it out"
    if name == "hf-token":
        return "is a secret, which would be read by all, and a replica is offline: leave it out"
    if name in {"generation-config", *_PATHS} and str(value) not in _WORDS:
        return _PATH_PROBLEM
    if within := sorted(_PATHS_WITHIN.get(name, frozenset()) & _keys(value)):
        return f"{within[0]} {_PATH_PROBLEM}"
    return None


def _keys(value: object) -> frozenset[str]:
    """The keys of an argument that is JSON; none where it is something else, which the engine says."""
    try:
        given = cast("object", json.loads(value)) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        return frozenset()
    if not isinstance(given, Mapping):
        return frozenset()
    return frozenset(map(str, cast("Mapping[object, object]", given)))
