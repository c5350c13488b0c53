"""The policy as a judge sees it: lines in, lines out."""

import json
import subprocess
import sys

import pytest

from tokenfleet.capacity.protocol import ProtocolError, answers

INIT = {"init": {"N": 4, "zones": ["a", "b"], "boot_s": 60, "spot_price": 0.3, "notice_s": 120}}
EMPTY = {"ready": 0, "booting": 0, "asked": 0, "notice": 0, "failed": 0, "reclaimed": 0}


def seen(t: int, a: int, od: int, **more: int) -> dict[str, object]:
    zones = {"a": EMPTY | {"ready": a} | more, "b": EMPTY}
    return {"t": t, "zones": zones, "failed_any": 0, "od": {"ready": od, "booting": 0}}


def lines(*messages: object) -> list[str]:
    return [json.dumps(message) for message in messages]


def test_every_observation_gets_one_answer_and_the_pool_none() -> None:
    told = lines(INIT, seen(0, 0, 0), seen(15, 3, 0), seen(30, 4, 0))
    said = [json.loads(line) for line in answers(told, care=1, spare=0)]
    assert said[0] == {"spot": {"a": 3}, "od": 4, "sleep_s": 15.0}
    assert said[-1]["spot"] == {}
    assert said[-1]["od"] == 0


@pytest.mark.parametrize(("tries", "spare"), [(3, 0), (4, 0), (12, 1)])
def test_on_demand_nodes_that_do_not_come_several_times_count_as_refused(
    tries: int, spare: int
) -> None:
    in_vain = [seen(60 + 15 * number, 3, 0, reclaimed=int(not number)) for number in range(tries)]
    told = lines(INIT, *in_vain, seen(2000, 3, 1), seen(4000, 4, 0))
    *_, last = (json.loads(line) for line in answers(told, care=1, spare=0))
    assert sum(last["spot"].values()) == spare


@pytest.mark.parametrize(
    ("message", "place"),
    [
        ("nonsense", "line 1"),
        (json.dumps({"t": 1}), "init"),
        (json.dumps({"init": {"N": 0, "boot_s": 60}}), "N"),
        (json.dumps({"init": {"N": 4}}), "boot_s"),
    ],
)
def test_a_line_that_is_no_message_is_refused_by_its_place(message: str, place: str) -> None:
    with pytest.raises(ProtocolError, match=place):
        list(answers([message], care=1, spare=0))


def test_an_answer_is_there_before_the_next_observation_is_sent() -> None:
    command = [sys.executable, "-m", "tokenfleet.entry_point", "capacity", "policy"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(json.dumps(INIT) + "\n")
        for t in (0, 15):
            process.stdin.write(json.dumps(seen(t, 0, 0)) + "\n")
            assert json.loads(process.stdout.readline())["sleep_s"] == 15
        process.stdin.close()
        assert process.wait(30) == 0
