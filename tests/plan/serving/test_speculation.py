"""A draft is published, loaded, sized and told to the engine with the model it drafts for."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from tests.plan.drafting import HEAD, HEAD_CONFIG, LITTLE, QWEN, SMALLER, drafting
from tokenfleet.catalogue.models.facts import model_facts
from tokenfleet.economics.served_fleet import WhatIf, served_fleet
from tokenfleet.economics.stack_cost import stack_cost
from tokenfleet.estimate.load.running import running_at
from tokenfleet.estimate.load.served import at_load
from tokenfleet.estimate.throughput import Saturation
from tokenfleet.plan.serving.model import ModelPlan
from tokenfleet.plan.serving.published import how_to_publish, part_of
from tokenfleet.plan.stack import Plan
from tokenfleet.preview.weights import weight_notes

Keys = dict[str, Any]
Planned = Callable[[Mapping[str, object]], tuple[Plan, ModelPlan]]
PARTS = 10**-6


@pytest.fixture
def planned(keys_of: Callable[[str], Keys], tmp_path: Path) -> Planned:
    """The prod stack whose 8B model drafts so, and the plan of that model."""

    def plan(speculative: Mapping[str, object]) -> tuple[Plan, ModelPlan]:
        model: Keys = {"traffic": LITTLE} | ({"speculative": speculative} if speculative else {})
        found = drafting(keys_of("prod"), tmp_path, model, {"head.json": HEAD_CONFIG})
        (served,) = (model for model in found.models if model.name == QWEN)
        return found, served

    return plan


def _told(model: ModelPlan) -> object:
    (found,) = (a.values[0] for a in model.arguments if a.flag == "speculative-config")
    return json.loads(found)


def test_the_engine_is_told_method_and_tokens(planned: Planned) -> None:
    _, model = planned({"method": "ngram", "tokens": 5})
    assert _told(model) == {"method": "ngram", "num_speculative_tokens": 5}
    assert len(model.snapshots) == 1
    assert model.memory == planned({})[1].memory


def test_a_draft_is_a_snapshot_of_its_own_that_every_part_of_the_plan_knows(
    planned: Planned,
) -> None:
    plan, model = planned({"method": "draft_model", "draft": SMALLER})
    snapshot = f"Qwen/Qwen3-0.6B/{SMALLER['revision']}"
    folder = f"Qwen--Qwen3-0.6B--{SMALLER['revision']}"
    assert _told(model) == {
        "method": "draft_model",
        "num_speculative_tokens": 3,
        "model": f"/models/{folder}/files",
    }
    assert snapshot in model.snapshots
    assert f"/models/{folder}/READY" in model.command
    assert part_of(model, snapshot) == "draft"
    publish = f"tokenfleet publish Qwen/Qwen3-0.6B --revision {SMALLER['revision']}"
    assert how_to_publish("prod", model, snapshot) == publish
    assert any(f"then its draft: {publish}" in note for note in weight_notes(plan))
    (pod,) = (
        manifest["spec"]["template"]["spec"]
        for manifest in cast("Sequence[Mapping[str, Any]]", plan.serving.manifests)
        if manifest["kind"] == "Deployment" and manifest["metadata"]["name"] == f"vllm-{QWEN}"
    )
    loaders = {c["name"]: c["command"][-1] for c in pod["initContainers"]}
    assert loaders["load-draft"] == snapshot
    for group in plan.node_groups_by_pool["graviton4"]:
        assert all(snapshot in template.boot.snapshots for template in group.templates)


@pytest.mark.parametrize(
    ("draft", "said"),
    [
        ("Qwen/Qwen3-0.6B", "its draft Qwen/Qwen3-0.6B (Apache-2.0)"),
        ("org/mine", "its draft org/mine (see its card on the Hub)"),
    ],
)
def test_the_licence_of_a_draft_is_named(draft: str, said: str, planned: Planned) -> None:
    head = {"configJson": "head.json"} if draft == "org/mine" else {}
    given = SMALLER | {"huggingFaceId": draft} | head
    plan, _ = planned({"method": "draft_model", "draft": given})
    assert said in " ".join(weight_notes(plan))


def test_a_gated_draft_is_said_to_be(keys_of: Callable[[str], Keys], tmp_path: Path) -> None:
    small, large = "meta-llama/Llama-3.2-1B-Instruct", "meta-llama/Llama-3.1-8B-Instruct"
    drafted = {"method": "draft_model", "draft": SMALLER | {"huggingFaceId": small}}
    model = {"huggingFaceId": large, "speculative": drafted, "traffic": LITTLE}
    notes = list(weight_notes(drafting(keys_of("prod"), tmp_path, model, {})))
    for name in (small, large):
        assert any(note.startswith(f"The weights of {name} are gated") for note in notes)


def test_a_draft_takes_memory_disk_time_and_money(planned: Planned) -> None:
    (alone, plain), (both, model) = (
        planned({}),
        planned({"method": "draft_model", "draft": SMALLER}),
    )
    draft = model_facts("Qwen/Qwen3-0.6B")
    assert model.memory.draft_gib == pytest.approx(draft.loaded_bytes / 2**30)
    kv = draft.kv_bytes(model.context_length, 1) / 2**30
    more = model.memory.kv_one_request_gib - plain.memory.kv_one_request_gib
    assert more == pytest.approx(kv, rel=PARTS)
    fetched = [
        next(f.gb.expected for f in p.fetches_by_pool["graviton4"] if f.what == "weights")
        for p in (alone, both)
    ]
    assert fetched[1] - fetched[0] == pytest.approx(draft.weights_bytes / 1e9)
    assert model.cold_start.total.expected > plain.cold_start.total.expected
    volumes = [
        max(d.cache.size_gib for d in pool.disks if d.cache)
        for p in (alone, both)
        for pool in p.pools
        if pool.name == "graviton4"
    ]
    assert volumes[1] > volumes[0]
    bills = [stack_cost(p, WhatIf(), curves=False).bill.usd_per_month for p in (alone, both)]
    assert bills[1].expected > bills[0].expected


def test_an_eagle_head_is_counted_to_the_last_matrix(planned: Planned) -> None:
    _, model = planned({"method": "eagle3", "draft": HEAD})
    draft = model.facts.draft
    assert draft
    width, inner, key = 4096, 12288, 8 * 128
    layer = 2 * width * (width + 2 * key) + width * width + 3 * width * inner
    tokens = (151_936 + 32_000) * width
    assert draft.loaded_bytes == pytest.approx(2 * (layer + tokens), rel=1e-3)
    assert draft.bytes_on_each_rank == 2 * 3 * width * width
    assert [(cache.layers, cache.heads, cache.width) for cache in draft.caches] == [(1, 8, 256)]


def test_the_price_counts_what_is_drafted(planned: Planned) -> None:
    plan, model = planned({"method": "ngram", "acceptedShare": 0.9})
    plain = served_fleet(*planned({}), WhatIf()).most
    found = served_fleet(plan, model, WhatIf()).most
    sooner, later = (at_load(each, 1e-4).itl for each in (found, plain))
    assert sooner
    assert later
    assert model.speculation
    assert model.speculation.times_as_soon
    assert model.speculation.times_as_soon.p50 > 1.5
    assert later.p50 / sooner.p50 == pytest.approx(model.speculation.times_as_soon.p50, rel=0.1)
    assert model.speculation.times_as_soon.width == 1
    assert any("speculative.acceptedShare" in note for note in found.notes)


def test_a_guess_at_what_is_accepted_widens_the_price(planned: Planned) -> None:
    guess, own, plain = (
        served_fleet(*planned(each), WhatIf()).most.theta.width
        for each in ({"method": "ngram"}, {"method": "ngram", "acceptedShare": 0.2}, {})
    )
    assert guess > own >= plain


def test_the_requests_in_flight_are_those_of_the_price(planned: Planned) -> None:
    plan, model = planned({"method": "ngram"})
    assert model.traffic
    assert model.speculation
    most = served_fleet(plan, model, WhatIf()).most
    offered = model.traffic.requests_per_second * model.traffic.output_tokens / model.min_replicas
    found = running_at(most.step, most.shape, offered, most.concurrency)
    assert model.speculation.in_flight == pytest.approx(found, rel=0.01)


def test_the_price_counts_adapters_and_what_a_stack_file_says_of_prefixes(
    keys_of: Callable[[str], Keys], tmp_path: Path
) -> None:
    def most(**changes: object) -> Saturation:
        plan = drafting(keys_of("prod"), tmp_path, {"traffic": LITTLE} | changes, {})
        (model,) = (model for model in plan.models if model.name == QWEN)
        return served_fleet(plan, model, WhatIf()).most

    adapter = {"huggingFaceId": "org/a", "revision": SMALLER["revision"], "rank": 64}
    plain, adapted = most(), most(adapters={"legal": adapter})
    cached = most(traffic=LITTLE | {"cachedShare": 0.8})
    assert adapted.theta.p50 < plain.theta.p50 < cached.theta.p50
    assert cached.shape.cached_share == 0.8
    assert any("LoRA" in note for note in adapted.notes)
    assert any("found in the cache" in note for note in cached.notes)
