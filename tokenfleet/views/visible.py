"""Characters that nobody sees, written out: a name must not look like another, nor turn a line round."""

import re
import unicodedata

# Printable by category, and drawn as nothing all the same: joiners, fillers, variation selectors,
# tags (Unicode 17, DerivedCoreProperties.txt: Default_Ignorable_Code_Point).
_DRAWN_AS_NOTHING = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff]"
)
_SPACES = frozenset(" \t\n\r")


def visible(text: str) -> str:
    r"""Text with controls, invisible formatting and what is no character as ``\u202e``.

    Spaces and line breaks stay: a source that is read from right to left in places can say another
    thing than it does (https://trojansource.codes, CVE-2021-42574).
    """
    if text.isprintable() and not _DRAWN_AS_NOTHING.search(text):
        return text
    return "".join(map(_shown, text))


def _shown(character: str) -> str:
    is_seen = character.isprintable() or unicodedata.category(character) == "Zs"
    if character in _SPACES or (is_seen and not _DRAWN_AS_NOTHING.match(character)):
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004 - as Python and JSON write it
