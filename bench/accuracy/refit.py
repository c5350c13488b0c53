"""Writing what was fitted into the catalogue, with its date and its errors."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import yaml

from bench.accuracy.comparison import OURS, Comparison
from bench.accuracy.elsewhere import MORE_GPUS, ONE_GPU, elsewhere
from bench.accuracy.fit import fit, observed_runs, with_latencies
from bench.accuracy.runs import RECORDED, Run
from tokenfleet.catalogue.efficiencies import Efficiencies, FitErrors

ROOT = Path(__file__).parents[2]
FILE = ROOT / "tokenfleet" / "catalogue" / "data" / "efficiencies.yaml"
# Three models on two cards say little about a fourth on a third: the spread that is stated is so
# much wider than the one that was found on what was left out.
_UNSEEN = 1.4
_DIGITS = 4


def refitted(
    runs: Sequence[Run], start: Efficiencies, found: Comparison, today: dt.date
) -> Efficiencies:
    """Efficiencies from all runs, with the spread that was found on runs left out."""
    fitted = with_latencies(fit(observed_runs(runs), start), runs)
    sigmas = elsewhere(fitted).sigmas
    return fitted.model_copy(
        update={
            "sigma": _UNSEEN * found.theta_sigma,
            "run_sigma": found.idle_sigma,
            "other_card_sigma": sigmas[ONE_GPU],
            "more_ranks_sigma": sigmas[MORE_GPUS],
            "measured_on": tuple(sorted({run.query.gpu.name for run in runs})),
            "measured_ranks": max(run.query.gpu_count for run in runs),
            "source": (
                f"{len(runs)} vLLM 0.19 runs of github.com/pChitral/vllm-cost-meter"
                f" ({RECORDED.relative_to(ROOT)})"
            ),
            "date": today,
        }
    )


def written(fitted: Efficiencies, found: Comparison) -> Path:
    """Replace the row of GPUs; the other rows and the words above them stay."""
    text = FILE.read_text(encoding="utf-8")
    heading = "".join(line for line in text.splitlines(keepends=True) if line.startswith("#"))
    rows = yaml.load(text, Loader=yaml.CSafeLoader)
    errors = {
        method.left_out: FitErrors(
            usd_per_mtok_percent=round(method.usd_per_mtok.mean, 1),
            theta_percent=round(method.theta.mean, 1),
            coverage_percent=round(method.usd_per_mtok.coverage or 0),
        )
        for method in found.methods
        if method.name == OURS and method.theta
    }
    row = fitted.model_copy(update={"errors_by_left_out": errors})
    rows["gpu"] = row.model_dump(mode="python", by_alias=True)
    for name, value in rows["gpu"].items():
        if isinstance(value, float):
            rows["gpu"][name] = float(f"{value:.{_DIGITS}g}")
    rows["gpu"]["measuredOn"] = list(fitted.measured_on)
    FILE.write_text(heading + yaml.safe_dump(rows, sort_keys=False, width=100), encoding="utf-8")
    return FILE.relative_to(ROOT)
