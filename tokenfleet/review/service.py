"""What a stack costs and promises at two revisions, out of its previews."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, cast, get_type_hints

from tokenfleet.economics.bill.lines import HOURS_PER_MONTH
from tokenfleet.review.pairs import Counts, Flags, Numbers, Span, Spans, Texts
from tokenfleet.review.previews import Document

_CENT = 0.01
# Families with a quota of their own: Service Quotas, EC2, "Running On-Demand ... instances" and
# "All ... Spot Instance Requests".
_QUOTAS = {
    "p": "P",
    "g": "G and VT",
    "inf": "Inf",
    "trn": "Trn",
    "dl": "DL",
    "x": "X",
    "u": "High memory",
}


@dataclass(frozen=True, kw_only=True)
class LineChange:
    """A line of the bill that is not what it was, in US dollars a month."""

    title: str
    usd_per_month: Numbers


@dataclass(frozen=True, kw_only=True)
class ModelChange:
    """A model before and after, at its declared load."""

    name: str
    usd_per_mtok: Numbers
    """All tokens alike, as expected."""
    usd_per_mtok_range: Spans
    replicas: Counts
    """That serve the load."""
    bounds: Texts
    """How few and how many replicas there may be, in words."""
    spot_share: Numbers
    """The part of its replicas' node-hours that is bought as spot, as the bill expects; None too
    where a revision does not say."""
    capacity_requests_per_second: Numbers
    """The most that its replicas at the load carry."""
    head_room_requests_per_second: Numbers
    """What of that is left above the load; below zero where the load is more."""
    busy: Numbers
    """The load as a share of the most that its replicas carry."""
    ttft_p99_ms: Numbers
    promise_kept: Flags
    cold_start_seconds: Spans
    task: Texts
    revision: Texts
    image: Texts

    @property
    def is_same(self) -> bool:
        """Whether nothing of it changes; a share that a revision does not know is no change."""
        spot = self.spot_share
        left_out = {"name", "spot_share"} if None in (spot.before, spot.after) else {"name"}
        pairs = [getattr(self, each.name) for each in fields(self) if each.name not in left_out]
        return all(pair.before == pair.after for pair in pairs)


@dataclass(frozen=True, kw_only=True)
class Differing:
    """What is new and what is gone of a list of texts."""

    new: Sequence[str]
    gone: Sequence[str]

    @property
    def is_same(self) -> bool:
        """Whether nothing changes."""
        return not self.new and not self.gone


@dataclass(frozen=True, kw_only=True)
class Secrets(Differing):
    """Names of secrets, never a value; ``changed`` are those whose encrypted text is another."""

    changed: Sequence[str]

    @property
    def is_same(self) -> bool:
        """Whether nothing changes."""
        return not (self.new or self.gone or self.changed)


def usd_per_month(preview: Document) -> float | None:
    """What a month costs for the declared load, as expected; None without a preview."""
    return _total(preview["cost"]["bill"]["expected"]) if preview else None


def budget_share(preview: Document) -> float | None:
    """What a month costs as a share of the budget; None without a budget."""
    month, budgets = usd_per_month(preview), rows(preview, "plan", "budgets")
    return month / budgets[0]["monthlyUsd"] if budgets and month is not None else None


def rows(preview: Document, *path: str) -> Sequence[Document]:
    """The list at a path of a preview; an empty one without a preview."""
    found: Any = preview
    for key in path if preview else ():
        found = found[key]
    return cast("Sequence[Document]", found) if preview else ()


def line_changes(before: Document, after: Document) -> Sequence[LineChange]:
    """Lines of the bill that differ by a cent or more, the largest difference first."""
    old, new = _lines(before), _lines(after)
    found = [
        LineChange(title=title, usd_per_month=Numbers(before=old.get(title), after=new.get(title)))
        for title in old.keys() | new.keys()
        if abs((old.get(title) or 0.0) - (new.get(title) or 0.0)) >= _CENT
    ]
    return sorted(found, key=lambda line: (-_distance(line.usd_per_month), line.title))


def model_changes(before: Document, after: Document) -> Sequence[ModelChange]:
    """Every model of either revision."""
    old, new = _models(before), _models(after)
    return [_model(name, old.get(name), new.get(name)) for name in sorted(old.keys() | new.keys())]


def findings_of(before: Document, after: Document) -> Differing:
    """Broken rules, a line each."""
    return _differing(*(list(_findings(each)) for each in (before, after)))


def verdicts_of(before: Document, after: Document) -> Differing:
    """Verdicts, a line each."""
    return _differing(*(list(_verdicts(each)) for each in (before, after)))


def node_quotas(before: Document, after: Document) -> Mapping[str, Counts]:
    """How many vCPUs the most nodes need, by quota of AWS, where that changes."""
    old, new = _vcpus(before), _vcpus(after)
    return {
        option: Counts(before=old.get(option, 0), after=new.get(option, 0))
        for option in sorted(old.keys() | new.keys())
        if old.get(option, 0) != new.get(option, 0)
    }


def _total(bill: Document) -> float:
    return HOURS_PER_MONTH * sum(line["usdPerHour"] or 0.0 for line in bill["lines"])


def _lines(preview: Document) -> Mapping[str, float]:
    return {
        line["title"]: HOURS_PER_MONTH * (line["usdPerHour"] or 0.0)
        for line in rows(preview, "cost", "bill", "expected", "lines")
    }


def _distance(pair: Numbers) -> float:
    return abs((pair.after or 0.0) - (pair.before or 0.0))


def _models(preview: Document) -> Mapping[str, tuple[Document, Document]]:
    if not preview:
        return {}
    plans = {each["plan"]["name"]: each["plan"] for each in preview["models"]}
    return {each["name"]: (each, plans[each["name"]]) for each in preview["cost"]["models"]}


def _model(name: str, *states: tuple[Document, Document] | None) -> ModelChange:
    nothing: Mapping[str, Any] = {}
    old, new = (nothing if state is None else _figures(*state) for state in states)
    kinds = get_type_hints(ModelChange)
    return ModelChange(
        name=name,
        **{
            each.name: kinds[each.name](before=old.get(each.name), after=new.get(each.name))
            for each in fields(ModelChange)
            if each.name != "name"
        },
    )


def _figures(cost: Document, plan: Document) -> Mapping[str, Any]:
    quote, served = cost["atLoad"], cost["served"]
    ready = plan["coldStart"]["untilReady"]
    price = None
    if quote:
        blended, spread = quote["prices"]["blended"], quote["rangeOfPrice"]
        price = Span(low=blended * spread["p10"], expected=blended, high=blended * spread["p90"])
    ttft = served and served["ttftP99"]
    most = cost["most"]
    # Of answers that are no text, theta counts each as one.
    capacity = cost["replicas"] * most["theta"]["p50"] / (most["shape"]["outputTokens"] or 1.0)
    load = cost["requestsPerSecond"]
    return {
        "usd_per_mtok": price and price.expected,
        "usd_per_mtok_range": price,
        "replicas": cost["replicas"],
        "bounds": f"{plan['minReplicas']} to {plan['maxReplicas']}",
        # What older revisions write lacks it.
        "spot_share": cost.get("spotShare"),
        "capacity_requests_per_second": capacity,
        "head_room_requests_per_second": None if load is None else capacity - load,
        "busy": quote and quote["load"]["p50"],
        "ttft_p99_ms": ttft and 1000 * ttft["p50"],
        "promise_kept": None
        if served is None
        else not (cost["missing"] or cost["queueGrows"] or cost["misses"]),
        "cold_start_seconds": Span(
            low=ready["low"], expected=ready["expected"], high=ready["high"]
        ),
        # What older revisions write lacks it: they served no other.
        "task": plan.get("task", "generate"),
        "revision": plan["revision"],
        "image": plan["image"],
    }


def _findings(preview: Document) -> Iterator[str]:
    for found in rows(preview, "findings"):
        yield f"{found['rule']}, {found['resource'].rpartition('::')[2]}: {found['problem']}"


def _verdicts(preview: Document) -> Iterator[str]:
    for found in rows(preview, "cost", "verdicts"):
        word = "fails" if found["fails"] else "warns"
        yield f"{word}: {found['place']}: {found['problem']}"


def _differing(old: Sequence[str], new: Sequence[str]) -> Differing:
    return Differing(
        new=[each for each in new if each not in old],
        gone=[each for each in old if each not in new],
    )


def _vcpus(preview: Document) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for pool in rows(preview, "plan", "pools"):
        family = re.match(r"[a-z]+", pool["instanceTypes"][0])
        kind = _QUOTAS.get(family.group() if family else "", "Standard")
        for tier in pool["tiers"]:
            quota = f"{kind} instances, {tier['purchaseOption']}"
            found[quota] = found.get(quota, 0) + tier["maxNodes"] * pool["size"]["vcpus"]
    return found
