"""A key is changed while a replica runs: nobody who has the old or the new one is turned away."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.engine import kubelet
from tests.engine.engine import Engine
from tests.engine.fleet import Engines, Replicas

NEW = "a-new-key"


@pytest.fixture(scope="module")
def engine(engines: Engines, replicas: Replicas) -> Iterator[Engine]:
    """A replica of its own: the keys of the others stay."""
    running = engines.start(replicas.pod)
    yield kubelet.await_ready(running, replicas.pod)
    running.stop()


@pytest.fixture(scope="module")
def keys(engine: Engine, replicas: Replicas) -> Path:
    """The folder of the mounted Secret."""
    (mount,) = (m for m in replicas.pod.container["volumeMounts"] if m["name"] == "api-keys")
    return Path(engine.command.sandbox.mounts[mount["mountPath"]])


def test_a_key_is_changed_without_a_request_refused(engine: Engine, keys: Path) -> None:
    old = engine.key
    assert _answered(engine, old, NEW, "") == [True, False, False]
    _mounted(keys, value=NEW, previous=old)
    assert _answered(engine, old, NEW, "wrong", "") == [True, True, False, False]
    _mounted(keys, value=NEW)
    assert _answered(engine, old, NEW, "wrong", "") == [False, True, False, False]


def test_without_keys_nobody_is_let_in(engine: Engine, keys: Path) -> None:
    _mounted(keys)
    assert _answered(engine, engine.key, NEW, "") == [False, False, False]
    _mounted(keys, value="", previous="\n")
    assert _answered(engine, engine.key, NEW, "") == [False, False, False]


@pytest.mark.parametrize("authorization", ["Basic {}", "{}", "Bearer  {}", "Bearer {} {}"])
def test_a_key_in_another_form_opens_nothing(
    authorization: str, engine: Engine, keys: Path
) -> None:
    _mounted(keys, value=NEW, previous=engine.key)
    for key in (NEW, engine.key):
        assert _status(engine, [authorization.format(key, key)]) == 401


def test_two_keys_in_one_request_open_nothing(engine: Engine, keys: Path) -> None:
    _mounted(keys, value=NEW, previous=engine.key)
    assert _status(engine, [f"Bearer {NEW}", "Bearer wrong"]) == 401


def test_no_key_is_in_a_list_of_processes_or_in_the_log(engine: Engine, keys: Path) -> None:
    _mounted(keys, value=NEW, previous=engine.key)
    assert _answered(engine, NEW) == [True]
    listed = [Path(f"/proc/{process}/cmdline").read_text() for process in engine.processes()]
    assert any("vllm" in words for words in listed)
    for text in (*listed, engine.log.read_text(encoding="utf-8", errors="replace")):
        assert NEW not in text
        assert engine.key not in text


def _mounted(keys: Path, **contents: str) -> None:
    """As the kubelet leaves the folder once it has heard of another Secret."""
    for file in keys.iterdir():
        file.unlink()
    for name, key in contents.items():
        (keys / name).write_text(key, encoding="utf-8")


def _answered(engine: Engine, *keys: str) -> list[bool]:
    """Whether each key gets a completion; otherwise it is refused."""
    statuses = [_status(engine, [f"Bearer {key}"] if key else []) for key in keys]
    assert set(statuses) <= {200, 401}
    return [status == 200 for status in statuses]


def _status(engine: Engine, authorizations: list[str]) -> int:
    body = {"model": engine.model, "prompt": "Hi", "max_tokens": 1}
    headers = [("Authorization", value) for value in authorizations]
    url = f"{engine.url}/v1/completions"
    return httpx2.post(url, json=body, headers=headers, timeout=60).status_code
