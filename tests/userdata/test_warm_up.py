"""What the startup probe asks an engine, and what it says of an answer."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.loopback import Handler, LoopbackServer

SCRIPT = Path(__file__).parents[2] / "userdata" / "warm_up.py"
PATHS = {"chat": "/v1/chat/completions", "completion": "/v1/completions"}
ANSWERED = json.dumps({"usage": {"completion_tokens": 8}})


class Engine(LoopbackServer):
    """Answers every request as a row says, and keeps it."""

    def __init__(self) -> None:
        self.status, self.text = 200, ANSWERED
        self.asked: list[tuple[str, str | None, dict[str, Any]]] = []
        engine = self

        class Answer(Handler):
            def do_POST(self) -> None:  # noqa: N802 - the name that the server looks for
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                engine.asked.append((self.path, self.headers["Authorization"], body))
                self.send_response(engine.status)
                self.end_headers()
                self.wfile.write(engine.text.encode())

        super().__init__(Answer)


@pytest.fixture
def engine() -> Iterator[Engine]:
    """An engine that answers."""
    with Engine() as running:
        yield running


def warm_up(port: str, kind: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, SCRIPT, "served", port, kind],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "VLLM_API_KEY": "key"},
    )


def port_of(engine: Engine) -> str:
    return engine.endpoint.rpartition(":")[2]


@pytest.mark.parametrize("kind", list(PATHS))
def test_what_clients_ask_is_asked_with_the_key(kind: str, engine: Engine) -> None:
    done = warm_up(port_of(engine), kind)
    assert (done.returncode, done.stderr) == (0, "")
    ((path, key, body),) = engine.asked
    assert (path, key, body["model"]) == (PATHS[kind], "Bearer key", "served")
    assert ("messages" in body, "prompt" in body) == (kind == "chat", kind == "completion")


@pytest.mark.parametrize("kind", list(PATHS))
@pytest.mark.parametrize(
    ("answer", "said"),
    [
        pytest.param((500, "no vocabulary"), "answered 500: no vocabulary", id="failure"),
        pytest.param((401, "{}"), "answered 401", id="wrong key"),
        pytest.param((200, '{"usage": {"completion_tokens": 0}}'), "is empty", id="no tokens"),
        pytest.param((200, "{}"), "usage", id="another answer"),
        pytest.param((200, "<html>"), "Expecting value", id="not JSON"),
    ],
)
def test_an_answer_without_tokens_is_no_success(
    kind: str, answer: tuple[int, str], said: str, engine: Engine
) -> None:
    engine.status, engine.text = answer
    done = warm_up(port_of(engine), kind)
    assert done.returncode == 1
    assert done.stderr.startswith("not warm: ")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_that_is_not_open_yet_is_a_sentence() -> None:
    with Engine() as gone:
        port = port_of(gone)
    done = warm_up(port, "chat")
    assert done.returncode == 1
    assert done.stderr.startswith("not warm: ")
    assert "Traceback" not in done.stderr
