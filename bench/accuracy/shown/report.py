"""The comparison as JSON for machines."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from bench.accuracy.agreement import Agreement
from bench.accuracy.judged.comparison import Comparison
from bench.accuracy.judged.first_tokens import AtLoad
from bench.accuracy.judged.targets import targets, unjudged
from bench.accuracy.outside import ClassErrors, Pair


def plain(
    found: Comparison,
    outside: Sequence[ClassErrors],
    late: Mapping[str, AtLoad],
    played: Sequence[Agreement],
) -> Mapping[str, object]:
    """Everything; the keys are described in bench/README.md."""
    return {
        "methods": [asdict(method) for method in found.methods],
        "byRegime": {name: asdict(score) for name, score in found.by_regime.items()},
        "timeBetweenTokens": asdict(found.gap),
        "timeToFirstToken": asdict(found.first_token),
        "atLoad": {regime: _at_load(each) for regime, each in late.items()},
        "agreement": [{**asdict(row), "ratio": row.ratio, "agrees": row.agrees} for row in played],
        "outside": [_class(each) for each in outside],
        "idleSigma": found.idle_sigma,
        "targets": dict(targets(found, outside, late)),
        "notJudged": unjudged(outside),
        "runs": [
            {
                "rowId": row.run.row_id,
                "regime": row.run.regime,
                "measuredUsdPerMtok": row.run.usd_per_mtok,
                "usdPerMtok": asdict(row.prediction.usd_per_mtok),
                "measuredOutputTokensPerSecond": row.run.output_tokens_per_second,
                "outputTokensPerSecond": asdict(row.prediction.output_tokens_per_second),
                "measuredTimeToFirstTokenP99": row.run.ttft_p99,
                "timeToFirstTokenP99": asdict(row.prediction.ttft_p99),
            }
            for row in found.judged
        ],
    }


def _at_load(found: AtLoad) -> Mapping[str, object]:
    return {
        "withinPercent": found.within,
        "withinPercentInSteadyState": found.within_steady,
        "timeToFirstTokenP99": asdict(found.first_p99),
        "timeToFirstToken": asdict(found.first),
        "timeBetweenTokens": asdict(found.gap),
    }


def _class(found: ClassErrors) -> Mapping[str, object]:
    return {
        "class": found.name,
        "scale": found.scale,
        "tokensPerSecond": asdict(found.speed),
        "timeBetweenTokens": asdict(found.gap) if found.gap else None,
        "timeToFirstToken": asdict(found.first) if found.first else None,
        "runs": [_pair(pair) for pair in found.pairs],
    }


def _pair(pair: Pair) -> Mapping[str, object]:
    run = pair.run
    return {
        "id": run.name,
        "measuredTokensPerSecond": run.speed,
        "tokensPerSecond": asdict(pair.speed),
        "measuredTimeBetweenTokens": run.gap,
        "timeBetweenTokens": asdict(pair.prediction.tpot),
        "measuredTimeToFirstToken": run.first,
        "timeToFirstToken": asdict(pair.prediction.ttft),
    }
