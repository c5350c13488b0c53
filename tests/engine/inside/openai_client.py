"""What OpenAI's Python client makes of an edge: ``python openai_client.py URL KEY MODEL`` prints JSON.

Run by the engine's own interpreter, which has the client.
"""
# What it imports is in the engine's venv, not in the project's.
# pyright: basic, reportMissingImports=false

import json
import sys
from collections.abc import Callable

from openai import APIError, OpenAI

URL, KEY, MODEL = sys.argv[1:]
CHAT = {"model": MODEL, "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 3}


def main() -> None:
    """One answer for each question."""
    client = OpenAI(base_url=URL, api_key=KEY)
    questions: dict[str, Callable[[], object]] = {
        "models": lambda: [model.id for model in client.models.list()],
        "chat": lambda: client.chat.completions.create(**CHAT).choices[0].finish_reason,
        "stream": lambda: _streamed(client),
        "completion": lambda: _completed(client),
        "responses": lambda: (
            client.responses.create(
                model=MODEL, input="Hi", max_output_tokens=3
            ).usage.output_tokens
        ),
        "events": lambda: _events(client),
        "wrong key": OpenAI(base_url=URL, api_key="wrong").models.list,
        "another model": lambda: client.chat.completions.create(**{**CHAT, "model": "another"}),
        "a mistake": lambda: client.chat.completions.create(**{**CHAT, "max_tokens": -5}),
        "another route": client.files.list,
    }
    print(json.dumps({name: _answered(ask) for name, ask in questions.items()}))  # noqa: T201 - its answer


def _answered(ask: Callable[[], object]) -> object:
    try:
        return ask()
    except APIError as error:
        return [type(error).__name__, error.code]


def _streamed(client: OpenAI) -> object:
    wanted = {"stream": True, "stream_options": {"include_usage": True}}
    *_, last, usage = client.chat.completions.create(**CHAT, **wanted)
    return [last.choices[0].finish_reason, usage.usage.completion_tokens]


def _completed(client: OpenAI) -> object:
    asked = client.completions.create(model=MODEL, prompt="Hi", max_tokens=3)
    return asked.choices[0].finish_reason


def _events(client: OpenAI) -> object:
    asked = client.responses.create(model=MODEL, input="Hi", max_output_tokens=3, stream=True)
    return [event.type for event in asked][-1]


if __name__ == "__main__":
    main()
