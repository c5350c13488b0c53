"""How counts, bounds and prices per unit are written where people read them."""

from tokenfleet.counted import count
from tokenfleet.economics.bill.lines import BillLine
from tokenfleet.estimate.traffic import RequestShape
from tokenfleet.plan.serving.model import ModelPlan
from tokenfleet.plan.serving.published import draft_of
from tokenfleet.settings.models import TrafficSettings
from tokenfleet.views.money import usd, usd_range


def bounds(least: int, most: int, noun: str) -> str:
    """``0 to 12 nodes``, or ``3 nodes`` where the bounds are equal."""
    return count(most, noun) if least == most else f"{least:,} to {count(most, noun)}"


def nodes(least: int, most: int, warm: int) -> str:
    """``0 to 12 nodes``, or ``0 to 12 nodes, 2 wait stopped``."""
    waiting = f", {warm} {'wait' if warm > 1 else 'waits'} stopped" if warm else ""
    return f"{bounds(least, most, 'node')}{waiting}"


def quantity(line: BillLine) -> str:
    """``3``, or ``0.28`` of what is a mean."""
    return "" if line.quantity is None else f"{round(line.quantity, 2):,g}"


def unit_price(line: BillLine) -> str:
    """``$0.045 / GB``: with all the digits of the price list, cents at least."""
    if line.usd_per_unit is None:
        return usd(None)
    whole, _, decimals = f"{line.usd_per_unit:,.6f}".partition(".")
    return f"${whole}.{decimals.rstrip('0'):0<2} / {line.unit}"


def hourly_price(least: float | None, most: float | None) -> str:
    """What a tier costs an hour in US dollars, from its fewest nodes to its most."""
    return usd(most) if least == most else usd_range(least, most)


def load(model: ModelPlan) -> str:
    """``0.5/s of 800 in, 250 out``."""
    if model.traffic is None:
        return "no traffic given"
    traffic = model.traffic
    return f"{traffic.requests_per_second:g}/s of {lengths(traffic)}"


def lengths(of: RequestShape | TrafficSettings) -> str:
    """``800 in, 250 out``; ``800 in`` where the answer is no text."""
    output = f", {of.output_tokens:,.0f} out" if of.output_tokens else ""
    return f"{of.input_tokens:,.0f} in{output}"


def promise(model: ModelPlan) -> str:
    """``p99 TTFT 2,000 ms, ITL 200 ms``; ``p99 2,000 ms`` where the answer is no text."""
    objective = model.objective
    if model.task != "generate":
        return f"p99 {objective.ttft_p99_ms:,} ms"
    return f"p99 TTFT {objective.ttft_p99_ms:,} ms, ITL {objective.itl_p99_ms:,} ms"


def does(model: ModelPlan) -> str:
    """``embed, at /v1/embeddings, /v1/rerank and /v1/score``."""
    *most, last = model.routes
    return f"{model.task}, at {', '.join(most)} and {last}" if most else f"{model.task}, at {last}"


def drafts(model: ModelPlan) -> str:
    """``3 tokens a step by draft_model, from Qwen/Qwen3-0.6B``; nothing where none are drafted."""
    found = model.speculation
    if found is None:
        return ""
    by = f", from {draft}" if (draft := draft_of(model)) else ""
    return f"{count(found.tokens, 'token')} a step by {found.method}{by}"


def replicas(model: ModelPlan) -> str:
    """``2 to 8``, ``2`` where the bounds are equal, and none before the weights are there."""
    least, most = f"{model.min_replicas:,}", f"{model.max_replicas:,}"
    text = least if least == most else f"{least} to {most}"
    return text if model.published else f"{text}, once published"
