"""docs/numbers-you-may-have-read.md: every figure in the middle column, worked out again.

Prices are constants of 2026-07-20, because a claim is refuted with the prices of a day.
"""

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.economics.post_calculator import monthly
from tokenfleet.catalogue.machines.hardware import engines, hardware_by_name
from tokenfleet.catalogue.machines.instances import instance_type
from tokenfleet.catalogue.models.facts import model_facts
from tokenfleet.catalogue.places.spot import spot_saving

PAGE = Path(__file__).parents[2] / "docs" / "numbers-you-may-have-read.md"
HOURS = 730
M = 1e6
# us-east-1, on demand, 2026-07-20 (tests/catalogue/test_instances.py holds the catalogue to them).
C6I, C7G, C8G, C8GD = 0.68, 0.58, 0.63808, 0.78384
INF2, R8G, P4D, P5, P5_48, P5EN, B200 = (
    6.49063,
    11.31072,
    21.957642,
    6.88,
    55.04,
    63.296,
    113.9328,
)
# GB/s: a socket of Graviton4, one of Graviton3; 8 bytes a transfer and channel.
GRAVITON4, GRAVITON3 = 12 * 5.6 * 8, 8 * 4.8 * 8
# Billions of parameters in two bytes.
LLAMA_7B_GB = 6.738 * 2
LLAMA_70B_GB = model_facts("meta-llama/Llama-3.3-70B-Instruct").weights_bytes / 1e9

# name: tokens a second, the post's price, the true price, the post's table (US dollars a month)
CONFIGURATIONS: Mapping[str, tuple[float, float | None, float, float | None]] = {
    "c6i.4xlarge, vLLM 0.3.2, 420 tokens/s": (420, 0.68, C6I, 32_400),
    "c6i.4xlarge, vLLM 0.4, 580 tokens/s": (580, 0.68, C6I, 23_500),
    "c7g.4xlarge, 610 tokens/s": (610, 0.52, C7G, 22_100),
    "c8g.4xlarge, 820 tokens/s": (820, 0.54, C8G, 16_400),
    "c8gd.4xlarge, 820 tokens/s": (820, None, C8GD, None),
}


def usd(amount: float) -> str:
    """A price in cents."""
    return f"${amount:,.2f}"


def of_the_calculator(tokens_a_day: float, rate: float, price: float) -> str:
    """Instances and US dollars as the page writes them."""
    found = monthly(tokens_a_day, rate, price)
    return f"{found.instances} for {usd(found.usd)}"


def _rows(columns: int) -> Sequence[Sequence[str]]:
    """The rows of the page's tables with so many columns, headers left out."""
    tables = re.findall(r"(?:^\|.*\|\n)+", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for table in tables
        for line in table.splitlines()[2:]
    ]
    return [row for row in rows if len(row) == columns]


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_the_post_s_calculator_yields_what_the_page_says(name: str) -> None:
    rate, price, true, table = CONFIGURATIONS[name]
    (row,) = (row for row in _rows(5) if row[0] == name)
    with_true = usd(monthly(100 * M, rate, true).usd)
    if price is None or table is None:
        assert row[1:] == ["", "", "", with_true]
        return
    total = monthly(100 * M, rate, price).usd
    yields = of_the_calculator(100 * M, rate, price)
    assert row[1:] == [yields, f"${table:,}", f"{table / total:.1f} x", with_true]


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_whole_instances_decide_at_120_million_a_day(name: str) -> None:
    rate, price, true, _ = CONFIGURATIONS[name]
    (row,) = (row for row in _rows(3) if row[0] == name)
    yields = of_the_calculator(120 * M, rate, price) if price else ""
    assert row[1:] == [yields, usd(monthly(120 * M, rate, true).usd)]
    assert f"{120 * M * 1.2 / (820 * 86_400):.2f}" == "2.03"


def _nines(timings: int) -> int:
    """Place of what the post calls p99, from 1."""
    return int(timings * 0.99) + 1


def _sold(out: float, into: float, share: float) -> tuple[float, float, float, float]:
    """Of a bill of 1: what is sold, and the price over all tokens, of output and of input.

    ``out`` and ``into`` are Mtok an hour; all cost is put on output, and input sold on top at
    ``share`` of that price. Conserved, output and input share the bill by work.
    """
    conserved = 1 / (out + share * into)
    return 1 + share * into / out, 1 / (out + into), conserved, share * conserved


A_OUT, A_IN = 4_800 * 3600 / M, 14_400 * 3600 / M
B_OUT, B_IN = 7_200 * 3600 / M, 22_000 * 3600 / M
A, B = _sold(A_OUT, A_IN, 0.28), _sold(B_OUT, B_IN, 0.28)
A_USD, B_USD = 2 * 2.99, 5.99
# 12,780 US dollars a month, as an hour.
FLEET = 12_780 / HOURS
TRIPS = 1 - 0.995**100 - 100 * 0.005 * 0.995**99


def _saving(name: str, region: str) -> str:
    saving = spot_saving(name, region)
    assert saving
    return f"{saving.share * 100:.0f}"


# claim as the page begins it: every figure of its middle column, in order
FIGURES: Mapping[str, Sequence[str]] = {
    "G: 100M tokens a day cost": [
        usd(16_400 / (100 * 365 / 12)),
        usd(monthly(100 * M, 820, 0.54).usd / (100 * 365 / 12)),
    ],
    "G: 100 users at once": [f"{100 * 256 / 820:.1f}"],
    "G: 820 tokens/s from a 7B": [
        f"{LLAMA_7B_GB:.1f}",
        f"{GRAVITON4 / 6:.1f}",
        f"{GRAVITON4 / 6 / LLAMA_7B_GB:.1f}",
        f"{math.ceil(820 / (GRAVITON4 / 6 / LLAMA_7B_GB))}",
    ],
    "G: the p99 of 100 timings": [f"{_nines(100)}", "100"],
    "G: c7g.4xlarge costs": [f"${C7G}", f"${C8G}"],
    "G: $42,100 became": [
        f"{(1 - 20_300 / 42_100) * 100:.1f}",
        f"{42_100 / (0.68 * HOURS * 1.1):.1f}",
        f"{20_300 / (0.54 * HOURS * 1.1):.1f}",
        f"{monthly(120 * M, 420, 0.68).instances}",
        f"{monthly(120 * M, 820, 0.54).instances}",
    ],
    "G: fragmentation fell": [
        "28",
        "18",
        f"{(1 - 18 / 28) * 100:.1f}",
        "28",
        "16",
        f"{(1 - 16 / 28) * 100:.1f}",
    ],
    "G: 41 % more": [
        f"{820 / 580:.2f}",
        f"{820 / 610:.2f}",
        f"{(820 / C8G) / (580 / C6I):.2f}",
        f"{(820 / 0.54) / (580 / 0.68):.2f}",
    ],
    "G: 50 % more memory": [
        "12",
        f"{GRAVITON4:.1f}",
        "8",
        f"{GRAVITON3:.1f}",
        f"{(GRAVITON4 / GRAVITON3 - 1) * 100:.0f}",
    ],
    "G: 80 % on spot": [f"{0.8 * 0.7 * 100:.0f}"],
    "G: 13 GB in 12 s": [f"{13 / 12:.2f}", f"{(C8GD / C8G - 1) * 100:.1f}"],
    "G: a 70B model on four L4": [f"{4 * 24}", f"{LLAMA_70B_GB:.0f}", "8", "4"],
    "B: one inf2.24xlarge": [usd(INF2 * HOURS), usd(3 * INF2 * HOURS)],
    "B: the fleet fell": [usd(3 * R8G * HOURS)],
    "B: reserved at 46 % off": [usd(28_601 * 0.54), usd(28_601 * 0.54 * (1 - 0.2 * 0.7))],
    "B: Graviton4 has 8": [
        f"{instance_type('r8g.48xlarge').accelerator or 0}",
        f"{instance_type('r8g.48xlarge').network_gbps:.0f}",
    ],
    "B: $0.37 a million tokens": [
        f"{FLEET / 0.37 * M / 3600:,.0f}",
        f"{FLEET / 0.37 * M / 3600 / 112:.0f}",
        "112",
        usd(FLEET / (112 * 3600 / M)),
        usd(12_780 / 120),
    ],
    "B: from $1.24 to $0.37": [usd((1.24 - 0.37) * 100 * 12)],
    "B: 50 requests at once": [f"{50 / 0.412 * 150:,.0f}"],
    "B: 112 tokens/s for one request": [
        f"{112 * LLAMA_70B_GB / 1000:.1f}",
        f"{2 * GRAVITON4 / 1000:.2f}",
    ],
    "B: three nodes take 300": [f"{300 * 150:,}"],
    "B: an Inferentia fee": [usd(3 * 0.12 * HOURS)],
    "B: a benchmark that adds up": ["50"],
    "B: roll back when": [f"{TRIPS * 100:.1f}", "0.5"],
    "B: weights of 140 GB": [f"{140 / 300:.2f}"],
    "B: $43,200 became": [
        f"{(1 - 12_096 / 43_200) * 100:.1f}",
        f"{(125 / 112 - 1) * 100:.1f}",
        "112",
        f"{(125 / 108 - 1) * 100:.1f}",
        "108",
    ],
    "B: a 405B model": [usd(87 * 3600 / M * 0.68), usd(R8G)],
    "E: two H100 at": [f"${A_USD / A_OUT:.3f}"],
    "E: and $0.10 for input": [
        f"{A[0]:.2f}",
        f"${A_USD * A[1]:.3f}",
        "0.28",
        f"${A_USD * A[2]:.3f}",
        f"${A_USD * A[3]:.3f}",
        f"${2 * P5 * A[1]:.3f}",
    ],
    "E: one B200 at": [
        f"{B[0]:.2f}",
        f"${B_USD * B[1]:.3f}",
        "0.28",
        f"${B_USD * B[2]:.3f}",
        f"${B_USD * B[3]:.3f}",
        f"${B200 / 8 * B[1]:.3f}",
    ],
    "E: B200 is 35 %": [
        f"{(1 - (B_USD / B_OUT) / (A_USD / A_OUT)) * 100:.1f}",
        f"{(1 - (B_USD * B[1]) / (A_USD * A[1])) * 100:.1f}",
    ],
    "E: blended 3 to 1": ["3", "1", f"{3 * 0.3 + 1:.2f}"],
    # Measured figures stand as measured.
    "E: overhead and idle": ["1", f"{1 / 0.5:.0f}", f"{1 / 0.1:.0f}", "2.5", "24", "1", "10"],
    "E: p4d.24xlarge costs": [usd(P4D), usd(P5_48)],
    "E: prices of one GPU": [usd(P4D / 8), usd(P5_48 / 8), usd(P5EN / 8), usd(B200 / 8)],
    "E: H200 has 1.7 x": [
        f"{_bandwidth / 3_350:.2f}"
        for _bandwidth in [hardware_by_name()["h200"].memory_bandwidth_gb_per_second]
    ],
    "E: spot saves": [_saving("p5.48xlarge", "us-east-1"), _saving("p5.48xlarge", "us-west-2")],
    "E: 80 to 95 % less prefill": [f"{1 / 0.2:.0f}", f"{1 / 0.05:.0f}", "5", "10"],
    "E: speculative decoding": ["7,200", "64", f"{64 / 7_200 * 1000:.1f}"],
    "E: vLLM uses 0.9": [f"{engines()[hardware_by_name()['h100'].engine].usable_device_fraction}"],
    "C: from 15 to 120": [
        f"{120 / 15:.0f}",
        "80",
        "5",
        "8",
        "10",
        "20",
        "2,906",
        "2026",
    ],
}


def _claims() -> Sequence[Sequence[str]]:
    return [row for row in _rows(3) if row[2] in {"holds", "corrected", "refuted"}]


@pytest.mark.parametrize("claim", FIGURES)
def test_every_figure_against_a_claim_is_what_the_arithmetic_gives(claim: str) -> None:
    (row,) = (row for row in _claims() if row[0].startswith(claim))
    # Digits in the name of a thing, or in a date, are no figure.
    found = re.findall(r"(?<![\w.$:-])\$?\d+(?:,\d{3})*(?:\.\d+)?(?![\w-])", row[1])
    assert found == list(FIGURES[claim])


def test_every_claim_on_the_page_is_worked_out() -> None:
    rows = _claims()
    unproved = [row[0] for row in rows if not any(row[0].startswith(claim) for claim in FIGURES)]
    assert not unproved
    assert len(rows) == len(FIGURES)
