"""What a reviewer is told to know or do before deploying."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.today import TODAY
from tokenfleet.plan.decide import decide
from tokenfleet.plan.stack import Plan
from tokenfleet.preview.kubernetes import kubernetes_support
from tokenfleet.preview.notes import notes
from tokenfleet.settings.stack_file import StackFile

Keys = dict[str, Any]
SUPPORT = kubernetes_support("1.35", TODAY)
PlanOf = Callable[[Mapping[str, Any]], Plan]
NO_SPOT: Keys = {"tiers": {"on-demand": {"max": 3}}}
SPOT_ALONE: Keys = {"tiers": {"spot": {"max": 3}}}
RESERVATION = {"capacityReservationId": "cr-01234567", "zone": "us-east-1a"}
RESERVED: Keys = {"tiers": {"reserved": {"max": 3, "reservation": RESERVATION}}}
# id: an edit of the pool of the dev stack, what is said, whether it is
ROWS: Mapping[str, tuple[Mapping[str, Any], str, bool]] = {
    "spot and on-demand": ({}, "has no on-demand tier", False),
    "spot": ({}, "qwen3-4b drains for 65 s, which leaves 55 s of a spot notice", True),
    "no notices": (NO_SPOT, "spot notice", False),
    "spot alone": (SPOT_ALONE, "pools.graviton4 has no on-demand tier", True),
    "no spot": (NO_SPOT, "has no on-demand tier", False),
    "dry run": (
        {"dryRun": True},
        "dryRun: the capacity controller only logs what it would do: nodes come on demand, 90 s later",
        True,
    ),
    "dry run with nothing beside": (
        SPOT_ALONE | {"dryRun": True},
        "it would do: no node comes at all",
        True,
    ),
    "no dry run": ({}, "dryRun", False),
    "nodes that always run": (
        {"tiers": {"spot": {"min": 1, "max": 3}}},
        "tiers.spot.min keeps 1 node",
        True,
    ),
    "a reservation, which is paid for anyway": (RESERVED, "tiers.reserved.min keeps", False),
    "account of the documentation": (
        {},
        "cluster.adminPrincipals.deployer names the account",
        True,
    ),
}


@pytest.mark.parametrize(("edit", "said", "expected"), ROWS.values(), ids=list(ROWS))
def test_a_note_stands_where_it_is_true(
    edit: Mapping[str, Any],
    said: str,
    expected: bool,  # noqa: FBT001 - a column of the table
    keys_of: Callable[[str], Keys],
    plan_of: Callable[[Mapping[str, Any]], Plan],
) -> None:
    keys = keys_of("dev")
    keys["pools"]["graviton4"] |= edit
    told = notes(plan_of(keys), frozenset(), [], [], SUPPORT)
    assert any(said in note for note in told) == expected


# id: replicas.max and requests a second of the dev stack, whose replica carries 0.216 of them; what is said
BUSY_HOURS: Mapping[str, tuple[int, float, str | None]] = {
    "the busiest time fits": (3, 0.3, None),
    "it takes one more": (1, 0.2, "it takes 2 replicas and may have 1"),
    "beyond the nodes of the pool": (
        5,
        0.6,
        "replicas.max to 6 and the tiers of pools.graviton4 to 6 nodes together",
    ),
    "the mean is too much already, which is a verdict": (1, 0.9, None),
}


@pytest.mark.parametrize(("most", "rate", "said"), BUSY_HOURS.values(), ids=list(BUSY_HOURS))
def test_a_mean_that_fits_and_a_busy_time_that_does_not_are_told_apart(
    most: int, rate: float, said: str | None, keys_of: Callable[[str], Keys], plan_of: PlanOf
) -> None:
    keys = keys_of("dev")
    model = keys["models"]["qwen3-4b"]
    model["replicas"] = {"min": 1, "max": most}
    model["traffic"]["requestsPerSecond"] = rate
    plan = plan_of(keys)
    busy = [note for note in notes(plan, frozenset(), [], [], SUPPORT) if "busiest time" in note]
    assert [said in note for note in busy if said] == ([True] if said else [])
    assert bool(busy) == bool(said)


# id: other keys of the dev stack, what is said, whether it is
OF_THE_EDGE: Mapping[str, tuple[Keys, str, bool]] = {
    "limits, which each pod counts": (
        {"edge": {"clients": {"alice": {"requestsPerMinute": 60}, "bob": {}}}},
        "count on each pod of the edge: with 2 to 4 pods a client gets up to 4 times as much.",
        True,
    ),
    "limits that one pod counts": (
        {
            "edge": {
                "clients": {"alice": {"requestsPerMinute": 60}},
                "replicas": {"min": 1, "max": 1},
            }
        },
        "Limits of",
        False,
    ),
    "clients without limits": ({"edge": {"clients": {"bob": {}}}}, "Limits of", False),
    "more pods than system nodes have room for": (
        {},
        "1 x m8g.large has room for 3 pods of the edge, one of which a rollout adds: more than 2",
        True,
    ),
    "as many as they have room for": (
        {"edge": {"replicas": {"min": 1, "max": 2}}},
        "cluster.systemNodes",
        False,
    ),
}


@pytest.mark.parametrize(("more", "said", "expected"), OF_THE_EDGE.values(), ids=list(OF_THE_EDGE))
def test_a_note_on_the_edge_stands_where_it_is_true(
    more: Keys,
    said: str,
    expected: bool,  # noqa: FBT001 - a column of the table
    keys_of: Callable[[str], Keys],
    plan_of: PlanOf,
) -> None:
    assert bool(notes_of(plan_of(keys_of("dev") | more), said)) == expected


def notes_of(plan: Plan, about: str) -> list[str]:
    return [note for note in notes(plan, frozenset(), [], [], SUPPORT) if about in note]


@pytest.mark.parametrize(
    ("tiers", "said"),
    [
        ({"spot": {"max": 4}, "on-demand": {"max": 2}}, True),
        ({"reserved": RESERVED["tiers"]["reserved"], "spot": {"max": 4}}, False),
        ({"on-demand": {"max": 4}}, False),
    ],
)
def test_where_only_a_reservation_makes_sure_of_nodes_that_is_said(
    tiers: Keys,
    said: bool,  # noqa: FBT001 - a column of the table
    keys_of: Callable[[str], Keys],
    plan_of: PlanOf,
) -> None:
    keys = keys_of("prod")
    keys["pools"]["h100"]["tiers"] = tiers
    found = notes_of(plan_of(keys), "a reserved tier is the base")
    assert [note.split(":")[0] for note in found] == ["pools.h100"] * said


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_no_stack_pays_for_an_interface_endpoint(
    stack: str, stack_files: Mapping[str, StackFile], plan_of: PlanOf
) -> None:
    plan = plan_of(stack_files[stack].keys)
    assert not plan.network.interface_endpoints
    assert not notes_of(plan, "interfaceEndpoints")


def test_an_endpoint_that_saves_less_than_it_costs_is_named_with_both(
    keys_of: Callable[[str], Keys], plan_of: PlanOf
) -> None:
    keys = keys_of("prod")
    keys["network"]["interfaceEndpoints"] = ["ecr.dkr", "sts"]
    images, sts = notes_of(plan_of(keys), "interfaceEndpoints")
    for note in (images, sts):
        assert "costs $21.90 a month, saves as much from 626 GB a month on" in note
    assert "ecr.dkr" in images
    assert "only manifests of images" in images
    assert "sts" in sts
    assert "nothing of this stack" in sts


def test_the_account_of_the_documentation_is_a_placeholder(
    keys_of: Callable[[str], Keys], plan_of: PlanOf
) -> None:
    def of(account: str) -> Plan:
        keys: Keys = keys_of("dev") | {"account": account}
        keys["cluster"] |= {"adminPrincipals": {"a": f"arn:aws:iam::{account}:role/Ops"}}
        return plan_of(keys)

    mine, theirs = of("4" * 12), of("111122223333")
    assert notes_of(theirs, "account is that of AWS's documentation")
    assert not notes_of(mine, "account is that of AWS's documentation")


@pytest.mark.parametrize(("arguments", "told"), [({}, False), ({"trust-remote-code": True}, True)])
def test_code_of_the_models_author_is_named(
    arguments: Keys,
    told: bool,  # noqa: FBT001 - a column of the table
    keys_of: Callable[[str], Keys],
    plan_of: PlanOf,
) -> None:
    keys = keys_of("dev")
    keys["models"]["qwen3-4b"]["engineArguments"] = arguments
    said = notes_of(plan_of(keys), "runs the Python code that Qwen/Qwen3-4B-Instruct-2507 brings")
    assert bool(said) == told


@pytest.mark.parametrize(("more", "told"), [({}, False), ({"num_memory_heads": 4}, True)])
def test_keys_of_a_configuration_that_nothing_reads_are_named(
    more: Keys,
    told: bool,  # noqa: FBT001 - a column of the table
    keys_of: Callable[[str], Keys],
    tmp_path: Path,
) -> None:
    (tmp_path / "config.json").write_text(json.dumps({**CONFIG, **more}), encoding="utf-8")
    keys = keys_of("dev")
    keys["models"]["qwen3-4b"]["configJson"] = "config.json"
    said = notes_of(decide(keys, "dev", tmp_path), "nothing here reads")
    assert bool(said) == told
    assert all("models.qwen3-4b.configJson: nothing here reads num_memory_heads" in s for s in said)


CONFIG: Keys = {
    "model_type": "qwen3",
    "num_hidden_layers": 36,
    "hidden_size": 2560,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "intermediate_size": 9728,
    "vocab_size": 151936,
    "max_position_embeddings": 262144,
}
C = "c" * 40
LEGAL = {"legal": {"huggingFaceId": "acme/legal", "revision": C, "rank": 16}}
TWO = LEGAL | {"tax": {"huggingFaceId": "acme/tax", "revision": C, "rank": 8}}
LLAMA = {"huggingFaceId": "meta-llama/Llama-3.1-8B-Instruct"}
# id: keys of the model, what is said, what is not
PUBLISHING: Mapping[str, tuple[Keys, list[str], list[str]]] = {
    "weights alone": (
        {},
        [
            (
                "qwen3-4b runs no replica before its weights are published: tokenfleet publish"
                " Qwen/Qwen3-4B-Instruct-2507 --revision cdbee75f17c01a7cc42f958dc650907174af0554"
            ),
            "Licences to keep to: qwen3-4b (Apache-2.0).",
        ],
        ["gated", "adapter"],
    ),
    "adapter": (
        {"adapters": LEGAL},
        [
            f", then its adapter legal: tokenfleet publish acme/legal --revision {C}",
            "qwen3-4b (Apache-2.0), its adapter legal (see its card on the Hub).",
        ],
        ["gated"],
    ),
    "two adapters": (
        {"adapters": TWO},
        [
            (
                f"then its adapter legal: tokenfleet publish acme/legal --revision {C}, then its adapter"
                f" tax: tokenfleet publish acme/tax --revision {C}"
            )
        ],
        [],
    ),
    "two names of one adapter": (
        {"adapters": TWO | {"law": LEGAL["legal"]}},
        [
            f"its adapters law, legal: tokenfleet publish acme/legal --revision {C}, then its adapter tax"
        ],
        [],
    ),
    "gated": (
        LLAMA,
        [
            (
                "The weights of meta-llama/Llama-3.1-8B-Instruct are gated: accept their licence, llama3.1, at"
                " https://huggingface.co/meta-llama/Llama-3.1-8B-Instruct and set HF_TOKEN"
            ),
            "Licences to keep to: qwen3-4b (llama3.1).",
        ],
        ["adapter"],
    ),
}


@pytest.mark.parametrize(("changes", "said", "unsaid"), PUBLISHING.values(), ids=list(PUBLISHING))
def test_what_is_to_be_published_is_named_with_its_command_and_its_terms(
    changes: Keys,
    said: list[str],
    unsaid: list[str],
    keys_of: Callable[[str], Keys],
    plan_of: PlanOf,
) -> None:
    keys = keys_of("dev")
    keys["models"]["qwen3-4b"] |= changes
    told = "\n".join(notes(plan_of(keys), frozenset(), [], [], SUPPORT))
    assert [part for part in said if part not in told] == []
    assert [part for part in unsaid if part in told] == []


def test_who_has_published_gated_weights_is_told_of_the_licence_alone(
    keys_of: Callable[[str], Keys], plan_of: PlanOf
) -> None:
    keys = keys_of("dev")
    keys["models"]["qwen3-4b"] |= LLAMA
    (model,) = plan_of(keys).models
    keys["models"]["qwen3-4b"]["published"] = model.mark
    assert not notes_of(plan_of(keys), "are gated")
    assert notes_of(plan_of(keys), "Licences to keep to: qwen3-4b (llama3.1).")


MADE, MOVE, STILL = "one is made", "apiKey stands for the client default", "still counts"


@pytest.mark.parametrize(
    ("secrets", "said"),
    [
        ([], {MADE}),
        (["clientKeys"], set[str]()),
        (["apiKey"], {MOVE}),
        (["apiKey", "previousApiKey"], {MOVE, STILL}),
        (["clientKeys", "apiKey"], {MOVE}),
    ],
)
def test_keys_are_said_to_be_made_or_to_move(
    secrets: list[str], said: set[str], stack_files: Mapping[str, StackFile], plan_of: PlanOf
) -> None:
    told = notes(plan_of(stack_files["dev"].keys), frozenset(secrets), [], [], SUPPORT)
    assert {word for word in (MADE, MOVE, STILL) if any(word in note for note in told)} == said
