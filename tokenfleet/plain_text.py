"""Text that does nothing but be read: no control character of it reaches a terminal or a machine."""

import re
import unicodedata

# C0 and C1 but tab and newline; line separators and bidirectional overrides, which show another
# text than there is (Unicode Technical Report 36, 2.10); halves of surrogate pairs, which are no text.
_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
# What is drawn as nothing though it is printable: joiners, fillers, variation selectors, tags
# (Unicode 17, DerivedCoreProperties.txt: Default_Ignorable_Code_Point).
_DRAWN_AS_NOTHING = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff]"
)
_LAST_OF_FOUR_DIGITS = 0xFFFF
_LONGEST = 4000


def control_character(text: str) -> str | None:
    """The first character of a text that is none to be read, as its code point, or None."""
    found = _CONTROL.search(text)
    return f"U+{ord(found.group()):04X}" if found else None


def written_out(text: str) -> str:
    r"""A text with everything in it that nobody sees as ``\u202e``; tabs, newlines and spaces stay.

    What looks like nothing makes a name look like another, and what turns the direction makes a
    line say another thing than it does (https://trojansource.codes, CVE-2021-42574).
    """
    if text.isprintable() and not _DRAWN_AS_NOTHING.search(text):
        return text
    return "".join(map(_shown, text))


def _shown(character: str) -> str:
    is_seen = character.isprintable() or unicodedata.category(character) == "Zs"
    if character in "\t\n" or (is_seen and not _DRAWN_AS_NOTHING.match(character)):
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code <= _LAST_OF_FOUR_DIGITS else f"\\U{code:08x}"


def visible(text: str) -> str:
    """A text with what nobody sees written out, and cut where it is endless."""
    shown = written_out(text)
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}..."
