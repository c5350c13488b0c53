"""What the colours of a drawing become where the reader's screen is dark."""

from collections.abc import Mapping
from xml.etree import ElementTree as ET

DARK_BY_LIGHT: Mapping[str, str] = {
    # Cards, ink, frames.
    "#ffffff": "#151e2f",
    "#f8fafc": "#1f2a3f",
    "#0f172a": "#e5eaf2",
    "#475569": "#a3b1c6",
    "#64748b": "#5b6b84",
    "#94a3b8": "#5b6b84",
    "#cbd5e1": "#3a4a63",
    # Requests, control.
    "#2563eb": "#60a5fa",
    "#7c3aed": "#a78bfa",
    # Public and private subnets, gateways, weights.
    "#ecfdf5": "#0e2a24",
    "#6ee7b7": "#1f6f55",
    "#047857": "#6ee7b7",
    "#a7f3d0": "#14574a",
    "#065f46": "#bdf5dc",
    "#eff6ff": "#13213c",
    "#93c5fd": "#2f5a94",
    "#1d4ed8": "#93c5fd",
    # Ways to buy nodes, and a warning.
    "#ede9fe": "#3b2a63",
    "#5b21b6": "#d6c9fe",
    "#fef3c7": "#4a3510",
    "#92400e": "#fcd98a",
    "#dbeafe": "#1e3a66",
    "#1e40af": "#bfdbfe",
    "#b45309": "#f0a04b",
    # What a review marks as new (above), as changed, as dangerous.
    "#fffbeb": "#2b2109",
    "#fef2f2": "#331619",
    "#b91c1c": "#fca5a5",
}


def dark_style(drawing: ET.Element) -> str:
    """CSS that repaints the drawing, wherever it is shown; on paper it stays as it is.

    Raises:
        KeyError: for a colour that has no dark one.
    """
    used = {
        (name, colour)
        for element in drawing.iter()
        for name in ("fill", "stroke")
        for colour in (element.get(name, "none"),)
        if colour != "none"
    }
    rules = "".join(
        f'[{name}="{colour}"]{{{name}:{DARK_BY_LIGHT[colour]}}}' for name, colour in sorted(used)
    )
    return f"@media screen and (prefers-color-scheme:dark){{{rules}}}"
