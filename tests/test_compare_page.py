"""docs/compare.md: what it shows of models of many kinds is what the program says. ``make golden`` writes it anew."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.today import TODAY
from tokenfleet.catalogue.models.facts import known_models
from tokenfleet.cli import app
from tokenfleet.commands import compare
from tokenfleet.economics.bill.lines import HOURS_PER_MONTH
from tokenfleet.views.money import usd

_LOAD = ("--requests-per-second", "2")
_KINDS = {
    "meta-llama/Llama-3.1-8B-Instruct": "dense, attention to all tokens",
    "Qwen/Qwen3-32B-AWQ": "dense, AWQ of 4 bits",
    "Qwen/Qwen3-VL-8B-Instruct": "dense, with a vision tower",
    "google/gemma-4-26B-A4B-it": "experts, most layers with a window, vision",
    "openai/gpt-oss-120b": "experts in MXFP4, every second layer with a window",
    "meta-llama/Llama-4-Scout-17B-16E-Instruct": "experts, most layers with chunks, vision",
    "Qwen/Qwen3-Next-80B-A3B-Instruct": "experts, three of four layers with a state",
    "nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-NVFP4": "experts in NVFP4, Mamba and a few attention layers",
    "deepseek-ai/DeepSeek-R1": "experts in FP8, latent attention",
    "deepseek-ai/DeepSeek-V4-Flash": "experts in MXFP4, compressed attention",
    "Qwen/Qwen3-Embedding-0.6B": "embeds, by a decoder",
    "BAAI/bge-reranker-v2-m3": "reranks, by an encoder",
}


def _run(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["compare", *arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


def _output(model: str) -> str:
    lines = "\n".join(line.rstrip() for line in _run(model, *_LOAD).splitlines())
    return (
        f"### {model}\n{_KINDS[model].capitalize()}.\n\n```\n$ tokenfleet compare {model}"
        f" {' '.join(_LOAD)}\n{lines}\n```\n"
    )


def _answer(model: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(_run(model, *_LOAD, "--json"))
    return answer


def _summary() -> str:
    header = (
        "| model | kind | weights, GB | cheapest for 2 requests/s | a month | serve it | do not |\n"
        "|---|---|---:|---|---:|---:|---:|"
    )
    return "\n".join([header, *(_summed(model) for model in _KINDS)])


def _summed(model: str) -> str:
    answer = _answer(model)
    best = answer["choices"][0]
    month = usd(best["atLoad"]["usdPerHour"]["p50"] * HOURS_PER_MONTH)
    where = f"{best['replicas']} x {best['instanceType']}, {best['hardware']}"
    return (
        f"| [{model}](#{_anchor(model)}) | {_KINDS[model]}"
        f" | {known_models()[model].weights_bytes / 1e9:.1f} | {where} | {month}"
        f" | {len(answer['choices'])} types | {len(answer['ruledOut'])} types |"
    )


def _anchor(model: str) -> str:
    return "".join(c for c in model.lower() if c.isalnum() or c in "-_")


def test_the_page_shows_what_the_program_says(
    root: Path, pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compare, "today", lambda: TODAY)
    path = root / "docs" / "compare.md"
    page = renewed = path.read_text(encoding="utf-8")
    blocks = {"summary": _summary(), "outputs": "\n".join(map(_output, _KINDS))}
    for name, text in blocks.items():
        before, start, rest = renewed.partition(f"<!-- {name}: written by make golden -->\n")
        _, end, after = rest.partition(f"<!-- end of {name} -->")
        assert start, f"the page has lost the mark of {name}"
        assert end, f"the page has lost the end of {name}"
        renewed = f"{before}{start}{text}\n{end}{after}"
    if pytestconfig.getoption("--write-golden"):
        path.write_text(renewed, encoding="utf-8")
        page = renewed
    assert page == renewed


def test_the_models_of_the_page_keep_what_they_have_seen_in_all_ways_that_are_known() -> None:
    assert len(_KINDS) >= 10
    kinds = {cache.kind for name in _KINDS for cache in known_models()[name].layer_caches}
    assert kinds == {
        cache.kind for facts in known_models().values() for cache in facts.layer_caches
    }


@pytest.mark.parametrize("model", _KINDS)
def test_json_says_of_every_type_how_it_fits_or_why_it_does_not_serve(model: str) -> None:
    answer = _answer(model)
    assert all("GiB per rank" in row["memory"] for row in answer["choices"])
    assert all(row["reason"] and row["detail"] for row in answer["ruledOut"])
