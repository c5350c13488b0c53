"""Text that does nothing but be read: no control character of it reaches a terminal or a machine."""

import re

# C0 and C1 but tab and newline; line separators and bidirectional overrides, which show another
# text than there is (Unicode Technical Report 36, 2.10); halves of surrogate pairs, which are no text.
_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_LONGEST = 4000


def control_character(text: str) -> str | None:
    """The first character of a text that is none to be read, as its code point, or None."""
    found = _CONTROL.search(text)
    return f"U+{ord(found.group()):04X}" if found else None


def visible(text: str) -> str:
    """A text with its control characters written out, and cut where it is endless."""
    shown = _CONTROL.sub(lambda found: f"\\u{ord(found.group()):04x}", text)
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}..."
