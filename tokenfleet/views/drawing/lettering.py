"""How wide text is and where it wraps, without a font at hand."""

from collections.abc import Sequence

# Advance widths in em: per character the wider of DejaVu Sans 2.37 and Liberation Sans (Arial's
# metrics), rounded up to a twentieth, so that the text fits whichever sans-serif a reader has.
_REGULAR = {
    0.3: "Iijl",
    0.35: " ',./:;\\|",
    0.4: "()-[]ft",
    0.45: "!r",
    0.5: '"*J`',
    0.55: "csz",
    0.6: "?L_kvxy",
    0.65: "$0123456789FTabdeghnopqu{}",
    0.7: "ABEKPSVXYZ",
    0.75: "CNRU",
    0.8: "&DGHOQ",
    0.85: "#+<=>^w~",
    0.9: "M",
}
_BOLD = {
    0.35: " 'ijl",
    0.4: ",./:;I\\|",
    0.45: "-f",
    0.5: "!()[]`rt",
    0.55: '"*',
    0.6: "J_csz",
    0.65: "?Lx",
    0.7: "$0123456789EFTaekovy",
    0.75: "CPSYZbdghnpqu{}",
    0.8: "ABKRVX",
    0.85: "#+<=>DGHNU^~",
    0.9: "&OQ",
    0.95: "w",
    1.0: "@M",
}
_WIDEST_EM = 1.15
_EM_BY_CHARACTER = {
    bold: {character: em for em, characters in table.items() for character in characters}
    for bold, table in ((False, _REGULAR), (True, _BOLD))
}


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """An upper bound of the width of ``text`` in the unit of ``size``."""
    widths = _EM_BY_CHARACTER[bold]
    return size * sum(widths.get(character, _WIDEST_EM) for character in text)


def wrap(text: str, width: float, size: float, *, bold: bool = False) -> Sequence[str]:
    """The lines of ``text``, none wider than ``width``; a word that is too long is broken."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        longer = f"{line} {word}" if line else word
        if text_width(longer, size, bold=bold) <= width:
            line = longer
            continue
        if line:
            lines.append(line)
        *full, line = _pieces(word, width, size, bold=bold)
        lines.extend(full)
    return [*lines, line] if line else lines


def _pieces(word: str, width: float, size: float, *, bold: bool) -> Sequence[str]:
    pieces = [""]
    for character in word:
        if pieces[-1] and text_width(pieces[-1] + character, size, bold=bold) > width:
            pieces.append("")
        pieces[-1] += character
    return pieces
