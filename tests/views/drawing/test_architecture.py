from collections.abc import Callable, Iterator
from dataclasses import replace
from ipaddress import IPv4Network
from xml.etree import ElementTree as ET

import pytest

from tokenfleet.plan.network import plan_network
from tokenfleet.preview.report import Report
from tokenfleet.settings.sections import NetworkSettings
from tokenfleet.views.drawing.architecture.drawn import DrawnStack, drawn_of
from tokenfleet.views.drawing.architecture.marks import Mark, Marks, Tone
from tokenfleet.views.drawing.architecture.narrow import (
    NARROW_WIDTH,
    narrow_architecture_svg,
    narrow_drawing,
)
from tokenfleet.views.drawing.architecture.wide import WIDTH, architecture_svg, wide_drawing
from tokenfleet.views.drawing.dark import DARK_BY_LIGHT
from tokenfleet.views.drawing.lettering import text_width, wrap
from tokenfleet.views.reviewed.facts import facts_of

ReportOf = Callable[[str], Report]
Draw = Callable[[Report], str]


def marked(report: Report) -> tuple[DrawnStack, Marks]:
    """What is drawn, with the longest marks on every part of it and every tone."""
    drawn, tones = drawn_of(report), [*Tone]
    return drawn, {
        part: Mark(words=["replaced", "data-loss"], tone=tones[place % len(tones)])
        for place, part in enumerate(facts_of(drawn))
    }


def wide_marked(report: Report) -> str:
    return wide_drawing(*marked(report), "")


def narrow_marked(report: Report) -> str:
    return narrow_drawing(*marked(report))


DRAWINGS = pytest.mark.parametrize(
    ("draw", "wide"),
    [
        (architecture_svg, WIDTH),
        (wide_marked, WIDTH),
        (narrow_architecture_svg, NARROW_WIDTH),
        (narrow_marked, NARROW_WIDTH),
    ],
)


def fleet(report: Report, pools: int, models: int, zones: int) -> Report:
    """A report stretched to that many pools, models and zones."""
    network = NetworkSettings.model_validate(
        {
            "zones": tuple(f"us-east-1{letter}" for letter in "abcdefgh"[:zones]),
            "cidr": IPv4Network("192.168.0.0/16"),
            "interfaceEndpoints": tuple(report.plan.network.interface_endpoints),
        }
    )
    names = [f"pool-with-a-name-{place}" for place in range(pools)]
    system, *serving = report.pools
    pool_reports = [
        replace(
            serving[place % len(serving)],
            name=name,
            instance_types=[*serving[place % len(serving)].instance_types] * (1 + 3 * place),
        )
        for place, name in enumerate(names)
    ]
    model_reports = [
        replace(
            report.models[place % len(report.models)],
            plan=replace(
                report.models[place % len(report.models)].plan,
                name=f"mmmmmmmmmm-wwwwwwww-{place}",
                pool=names[place % pools],
                min_replicas=100,
                max_replicas=1000,
            ),
        )
        for place in range(models)
    ]
    cidrs = tuple(IPv4Network(f"10.{place}.0.0/16") for place in range(3 * zones))
    planned = replace(
        report.plan,
        network=plan_network(network, region="us-east-1", cluster_name="x", log_retention_days=30),
        edge=replace(report.plan.edge, allowed_cidrs=cidrs),
    )
    return replace(report, plan=planned, pools=[system, *pool_reports], models=model_reports)


def label_boxes(drawing: str) -> Iterator[tuple[str, float, float, float, float]]:
    """Text and left, top, right, bottom of every label."""
    for element in ET.fromstring(drawing).iter():  # noqa: S314 - our own drawing
        if element.tag.endswith("}text"):
            size, x, y = (float(element.attrib[name]) for name in ("font-size", "x", "y"))
            text = element.text or ""
            width = text_width(text, size, bold="font-weight" in element.attrib)
            yield text, x, y - 0.8 * size, x + width, y + 0.2 * size


@DRAWINGS
def test_markup_in_a_name_is_escaped_in_the_drawing(
    draw: Draw, wide: float, report_of: ReportOf
) -> None:
    del wide
    report = report_of("prod")
    first, *rest = report.models
    hostile = replace(first, plan=replace(first.plan, name="<img src=x>&amp;"))
    drawing = draw(replace(report, models=[hostile, *rest]))
    assert "<img" not in drawing
    assert "<img src=x>&amp;" in " ".join(text for text, *_ in label_boxes(drawing))


@DRAWINGS
@pytest.mark.parametrize(
    ("pools", "models", "zones"),
    [(1, 1, 2), (1, 8, 2), (2, 5, 3), (3, 3, 4), (4, 8, 5), (6, 8, 6), (6, 1, 6), (1, 1, 8)],
)
def test_the_drawing_has_no_overlapping_labels_and_stays_on_its_card(
    *, draw: Draw, wide: float, pools: int, models: int, zones: int, report_of: ReportOf
) -> None:
    drawing = draw(fleet(report_of("prod"), pools, models, zones))
    height = float(ET.fromstring(drawing).attrib["height"])  # noqa: S314 - our own drawing
    boxes = list(label_boxes(drawing))
    for text, left, top, right, bottom in boxes:
        assert left > 0, text
        assert right < wide, text
        assert 0 < top < bottom < height, text
    overlaps = [
        (one[0], other[0])
        for place, one in enumerate(boxes)
        for other in boxes[place + 1 :]
        if one[1] < other[3] and other[1] < one[3] and one[2] < other[4] and other[2] < one[4]
    ]
    assert overlaps == []


def luminance(colour: str) -> float:
    """Of ``#rrggbb``, as WCAG 2 defines it."""
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def inked(drawing: str) -> Iterator[tuple[str, str, str]]:
    """Every label, its colour, and the colour of what lies right below it."""
    grounds: list[tuple[float, float, float, float, str]] = []
    for element in ET.fromstring(drawing).iter():  # noqa: S314 - our own drawing
        if element.tag.endswith("}rect") and element.attrib["fill"] != "none":
            x, y, width, height = (
                float(element.attrib[name]) for name in ("x", "y", "width", "height")
            )
            grounds.append((x, y, x + width, y + height, element.attrib["fill"]))
        if element.tag.endswith("}text"):
            x, y = float(element.attrib["x"]), float(element.attrib["y"])
            below = [fill for x1, y1, x2, y2, fill in grounds if x1 <= x <= x2 and y1 <= y <= y2]
            yield element.text or "", element.attrib["fill"], below[-1]


@DRAWINGS
def test_every_label_is_legible_on_a_light_and_on_a_dark_screen(
    draw: Draw, wide: float, report_of: ReportOf
) -> None:
    del wide
    drawing = draw(fleet(report_of("prod"), 4, 8, 3))
    for label, ink, ground in inked(drawing):
        assert contrast(ink, ground) >= 4.5, label
        assert contrast(DARK_BY_LIGHT[ink], DARK_BY_LIGHT[ground]) >= 4.5, label
        assert f'[fill="{ink}"]{{fill:{DARK_BY_LIGHT[ink]}}}' in drawing
        assert f'[fill="{ground}"]{{fill:{DARK_BY_LIGHT[ground]}}}' in drawing


# Widths of the text at 100 px that Chromium 156 measured, DejaVu Sans 2.37.
@pytest.mark.parametrize(
    ("text", "bold", "measured"),
    [
        ("us-east-1a", False, 526.7),
        ("us-east-1a", True, 593.4),
        ("c8gd.8xlarge, m8gd.8xlarge", False, 1413.1),
        ("c8gd.8xlarge, m8gd.8xlarge", True, 1586.9),
        ("0 to 12 nodes", False, 688.3),
        ("0 to 12 nodes", True, 768.5),
        ("$6.88 to $13.77 an hour", False, 1217.4),
        ("$6.88 to $13.77 an hour", True, 1357.0),
        ("Internal network load balancers", False, 1587.5),
        ("Internal network load balancers", True, 1804.4),
    ],
)
def test_text_is_never_wider_than_it_is_thought_to_be(
    text: str, *, bold: bool, measured: float
) -> None:
    assert measured <= text_width(text, 100, bold=bold) <= 1.12 * measured


def test_a_word_too_long_for_a_line_is_broken_and_nothing_is_lost() -> None:
    lines = wrap("short " + "x" * 100, 120, 12)
    assert len(lines) > 2
    assert all(text_width(line, 12) <= 120 for line in lines)
    assert "".join(lines).replace(" ", "") == "short" + "x" * 100
