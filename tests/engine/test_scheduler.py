"""The scheduler that the estimate plays serves the same requests in the same steps as vLLM's own."""

import json
import os
import random
import subprocess
from collections.abc import Mapping, Sequence

import pytest

from tests.engine.install import INSIDE, EngineTools
from tests.estimate.clockwork import clockwork
from tokenfleet.estimate.scheduler.limits import Limits
from tokenfleet.estimate.scheduler.play import played
from tokenfleet.estimate.scheduler.request import Request

SECONDS = 300

# Sequences, batched tokens, tokens in the cache, whether a step is decided on while the one before
# runs; requests, the longest prompt and answer, and the steps in which they come.
ROWS = {
    "short prompts share steps": (8, 64, 10_000, False, 60, 20, 20, 100),
    "long prompts are read in chunks": (8, 64, 10_000, False, 40, 400, 20, 200),
    "places are scarce": (3, 64, 10_000, False, 40, 60, 30, 60),
    "the cache is scarce": (16, 64, 500, False, 60, 120, 60, 100),
    "one at a time": (1, 64, 10_000, False, 20, 100, 10, 100),
    "all at once": (16, 64, 700, False, 60, 60, 60, 0),
    "short prompts, a step ahead": (8, 64, 10_000, True, 60, 20, 20, 100),
    "long prompts, a step ahead": (8, 64, 10_000, True, 40, 400, 20, 200),
    "few places, a step ahead": (3, 64, 10_000, True, 40, 60, 30, 60),
    "a scarce cache, a step ahead": (16, 64, 500, True, 60, 120, 60, 100),
    "few requests, a step ahead": (8, 64, 10_000, True, 12, 100, 10, 400),
}

# What a step served: how many requests, and how many tokens it gave them.
Served = tuple[int, int]


def asked(row: str) -> Mapping[str, object]:
    """A run as the engine's own interpreter is asked for it."""
    sequences, batched, cache, ahead, count, prompt, written, steps = ROWS[row]
    draw = random.Random(row)  # noqa: S311 - lengths are no secret
    return {
        "sequences": sequences,
        "batchedTokens": batched,
        "kvTokens": cache,
        "ahead": ahead,
        "requests": sorted(
            [draw.randint(0, steps), draw.randint(1, prompt), draw.randint(1, written)]
            for _ in range(count)
        ),
    }


def ours(row: str) -> Mapping[int, Served]:
    """What each step served by our own account."""
    sequences, batched, cache, ahead, *_ = ROWS[row]
    requests: Sequence[Sequence[int]] = asked(row)["requests"]  # type: ignore[assignment] # the row above made it
    run = played(
        clockwork(overlaps=ahead),
        [Request(at=at, prompt=prompt, cached=0, written=out) for at, prompt, out in requests],
        Limits(sequences=sequences, batched_tokens=batched, kv_bytes=cache),
    )
    served: dict[int, Served] = {}
    for each in run.stretches:
        for step in range(round(each.end) - each.steps, round(each.end)):
            served[step] = (each.served, each.decoded + each.read)
    return served


@pytest.fixture(scope="module")
def theirs(
    tools: EngineTools, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, Mapping[int, Served]]:
    """All runs in one process: what takes time is importing vLLM."""
    folder = tmp_path_factory.mktemp("schedule")
    done = subprocess.run(
        [tools.python, INSIDE / "schedule.py", tools.model],
        input="\n".join(json.dumps(asked(row)) for row in ROWS),
        env={**os.environ, "VLLM_CONFIGURE_LOGGING": "0", "VLLM_CACHE_ROOT": str(folder)},
        check=True,
        text=True,
        capture_output=True,
        timeout=SECONDS,
    )
    answers: Sequence[Sequence[Mapping[str, int]]] = [
        json.loads(line) for line in done.stdout.splitlines() if line.startswith("[{")
    ]
    return {
        row: {
            step: (len(tokens), sum(tokens.values())) for step, tokens in enumerate(steps) if tokens
        }
        for row, steps in zip(ROWS, answers, strict=True)
    }


@pytest.mark.parametrize("row", ROWS)
def test_steps_serve_what_the_engine_would(
    row: str, theirs: Mapping[str, Mapping[int, Served]]
) -> None:
    assert ours(row) == theirs[row]
