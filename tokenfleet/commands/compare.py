"""``tokenfleet compare``: which hardware should serve a model, and what a token costs there."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from tokenfleet.catalogue.facts import CatalogueError
from tokenfleet.catalogue.machines.instances import instance_types, priced_regions
from tokenfleet.commands.answers import AsJson, console, fail, say_json, today
from tokenfleet.commands.asked.model_facts import ConfigJson, ModelName, given_model
from tokenfleet.economics.bill.price_age import is_stale
from tokenfleet.economics.choice.question import Question
from tokenfleet.economics.choice.ranking import Choice, Ranking, RuledOut, ranking
from tokenfleet.economics.price.hosted import HostedComparison, HostedPrice, compare_hosted
from tokenfleet.economics.price.hosted_file import read_hosted
from tokenfleet.estimate.load.carried import Objective
from tokenfleet.estimate.refusal import CostError
from tokenfleet.estimate.traffic import RequestShape
from tokenfleet.json_document import Schema
from tokenfleet.mistakes import nearest
from tokenfleet.settings.models import ObjectiveSettings
from tokenfleet.views.screens.choices import ranked

# Long enough for most requests, and short enough that the weights decide which type fits.
_CONTEXT_LENGTH = 8192
_INPUT_TOKENS, _OUTPUT_TOKENS = 800.0, 250.0
_PROMISE = ObjectiveSettings()
# What a token and a millisecond are counted in: less would be shown as none.
_LEAST = 1


@dataclass(frozen=True, kw_only=True)
class HostedAnswer:
    """A price of a hosted API beside the cheapest choice."""

    price: HostedPrice
    price_stale: bool
    cheapest: str
    """Instance type of that choice."""
    comparison: HostedComparison


@dataclass(frozen=True, kw_only=True)
class CompareAnswer:
    """Which hardware should serve a model: what was asked, and every instance type in order."""

    model: str
    region: str
    spot: bool
    """How nodes are bought; otherwise on demand."""
    spare: int
    """Replicas for a lost one."""
    context_length: int
    """Longest request, in tokens."""
    requests_per_second: float | None
    """Mean load; null where prices are those of nodes that are never idle."""
    shape: RequestShape
    objective: Objective
    own_code: bool
    """Whether the engine reads the model's configuration with Python code of its repository alone."""
    unread_keys: Sequence[str]
    """Keys of its configuration that may change what it takes and that nothing here reads."""
    prices_stale: bool
    """Whether a price is older than 90 days."""
    choices: Sequence[Choice]
    """The cheapest first."""
    ruled_out: Sequence[RuledOut]
    hosted: Sequence[HostedAnswer]


def compare(
    model: ModelName,
    *,
    requests_per_second: Annotated[
        float | None,
        typer.Option(help="mean load; without it, prices of nodes that are never idle"),
    ] = None,
    input_tokens: Annotated[float, typer.Option(help="mean input length")] = _INPUT_TOKENS,
    output_tokens: Annotated[
        float | None,
        typer.Option(help="mean output length; 250, or none of what answers with numbers"),
    ] = None,
    cached_share: Annotated[
        float, typer.Option(help="share of the input that is in the prefix cache, 0 to 1")
    ] = 0.0,
    ttft_p99_ms: Annotated[
        float, typer.Option(help="time to first token that is promised, 99th percentile")
    ] = _PROMISE.ttft_p99_ms,
    itl_p99_ms: Annotated[
        float, typer.Option(help="time between tokens that is promised, 99th percentile")
    ] = _PROMISE.itl_p99_ms,
    context_length: Annotated[
        int | None,
        typer.Option(help="longest request in tokens; if not given, 8192 or the model's"),
    ] = None,
    region: Annotated[str, typer.Option(help="AWS region")] = "us-east-1",
    types: Annotated[
        str | None, typer.Option(metavar="A,B,...", help="only these instance types")
    ] = None,
    spot: Annotated[bool, typer.Option("--spot/--on-demand", help="how nodes are bought")] = False,
    spare: Annotated[
        int, typer.Option(min=0, max=1000, help="replicas for a lost one; 1 is N + 1")
    ] = 0,
    hosted: Annotated[
        Path | None, typer.Option(metavar="FILE", help="YAML file of prices of hosted APIs")
    ] = None,
    config_json: ConfigJson = None,
    every: Annotated[
        bool, typer.Option("--all", help="every type, not the cheapest of each hardware")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Rank every instance type that can serve a model at a load within an objective.

    Ends with 2 when a figure, a name or a file is not as it should be.
    """
    facts = given_model(model, config_json)
    names = None if types is None else [name.strip() for name in types.split(",") if name.strip()]
    mistakes = [
        *_region_mistakes(region),
        *_type_mistakes(names),
        *_figure_mistakes(
            {
                "--input-tokens": input_tokens,
                "--ttft-p99-ms": ttft_p99_ms,
                "--itl-p99-ms": itl_p99_ms,
            }
        ),
    ]
    if isinstance(facts, CatalogueError):
        fail(str(facts), *mistakes)
    if mistakes:
        fail(*mistakes)

    if output_tokens is None:
        output_tokens = _OUTPUT_TOKENS if facts.task == "generate" else 0.0
    prices: Sequence[HostedPrice] = ()
    try:
        shape = RequestShape(
            input_tokens=input_tokens, output_tokens=output_tokens, cached_share=cached_share
        )
        tokens = int(input_tokens + output_tokens)
        question = Question(
            model=model,
            facts=facts.with_state_copies(prefix_cache=facts.task == "generate"),
            shape=shape,
            objective=Objective(ttft_p99=ttft_p99_ms / 1000, itl_p99=itl_p99_ms / 1000),
            context_length=min(facts.context_length, max(_CONTEXT_LENGTH, tokens))
            if context_length is None
            else context_length,
            region=region,
            requests_per_second=requests_per_second,
            spot=spot,
            spare=spare,
        )
        if hosted is not None:
            prices = read_hosted(hosted, today())
    except CostError as error:
        fail(_flagged(error))
    found = ranking(question, names)
    if as_json:
        say_json(Schema.COMPARE, _answer(question, found, prices))
        return

    console().print(ranked(question, found, prices, today=today(), every=every))


def _flagged(error: CostError) -> str:
    """The mistake at the flag it was given with."""
    flags = {
        "ttft p99": "--ttft-p99-ms",
        "itl p99": "--itl-p99-ms",
        "lengths": "--input-tokens and --output-tokens",
        **{
            name: f"--{name.replace(' ', '-')}"
            for name in (
                "input tokens",
                "output tokens",
                "cached share",
                "requests per second",
                "context length",
            )
        },
    }
    place = flags.get(error.place, f"--hosted {error.place}")
    return f"{place}: {error.problem}"


def _answer(question: Question, found: Ranking, prices: Sequence[HostedPrice]) -> CompareAnswer:
    return CompareAnswer(
        model=question.model,
        region=question.region,
        spot=question.spot,
        spare=question.spare,
        context_length=question.context_length,
        requests_per_second=question.requests_per_second,
        shape=question.shape,
        objective=question.objective,
        own_code=question.facts.own_code,
        unread_keys=question.facts.unread_keys,
        prices_stale=any(is_stale(choice.node.date, today()) for choice in found.choices),
        choices=found.choices,
        ruled_out=found.ruled_out,
        hosted=[
            HostedAnswer(
                price=price,
                price_stale=is_stale(price.date, today()),
                cheapest=found.choices[0].instance_type,
                comparison=compare_hosted(
                    found.choices[0].at_load or found.choices[0].flat_out,
                    price,
                    found.choices[0].most,
                    replicas=found.choices[0].replicas or 1,
                ),
            )
            for price in prices
            if found.choices
        ],
    )


def _region_mistakes(region: str) -> Iterator[str]:
    known = sorted(priced_regions())
    if region not in known:
        yield (
            f"--region {region}: the catalogue has no prices of this region.{nearest(region, known)}"
            f" It has those of {', '.join(known)}; tokenfleet catalogue refresh fetches others"
        )


def _figure_mistakes(given: Mapping[str, float]) -> Iterator[str]:
    for flag, figure in given.items():
        if 0 < figure < _LEAST:
            yield f"{flag} {figure:g}: is below {_LEAST}"


def _type_mistakes(names: Sequence[str] | None) -> Iterator[str]:
    if names is not None and not names:
        yield "--types: names no instance type: separate them with commas, c8gd.4xlarge,p5.4xlarge"
    known = instance_types()
    for name in names or ():
        if name not in known:
            yield f"--types {name}: unknown instance type.{nearest(name, known)}"
