"""A real browser, without a window: what it makes of a page on a screen, and on paper."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape, unescape
from pathlib import Path
from typing import Any

# Debian's package, Ubuntu's, and what GitHub's machines have.
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_PATIENCE_SECONDS = 600
_DARK = ("--blink-settings=preferredColorScheme=0",)

# A window has a least width, a frame has none: media queries of a page ask its frame.
_FRAMES = """<!doctype html>
<textarea hidden>{page}</textarea>
<script>
const look = (inside) => {{
  const shown = [...inside.querySelectorAll(".drawing svg")].filter((each) => each.checkVisibility());
  const colours = (elements, key) => [...elements].map((each) => getComputedStyle(each)[key]);
  const grounds = inside.querySelectorAll("body, section, article, table, .tiles div");
  const cards = shown.flatMap((each) => [...each.querySelectorAll("rect")]);
  return {{
    scroll_width: inside.documentElement.scrollWidth,
    front_bottom: inside.querySelector("#front").getBoundingClientRect().bottom,
    drawings: shown.map((each) => each.getBoundingClientRect().width / each.viewBox.baseVal.width),
    colours: [...colours(grounds, "backgroundColor"), ...colours(cards, "fill")],
  }};
}};
const loaded = {widths}.map((width) => new Promise((resolve) => {{
  const frame = document.createElement("iframe");
  frame.width = width;
  frame.height = {height};
  frame.style.border = 0;
  frame.srcdoc = document.querySelector("textarea").value;
  frame.onload = () => resolve(look(frame.contentDocument));
  document.body.append(frame);
}}));
Promise.all(loaded).then((answers) => {{
  document.body.innerHTML = "<pre>" + JSON.stringify(answers) + "</pre>";
}});
</script>
"""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A page on a screen: pixels, the scale of the drawings that show, colours behind text."""

    scroll_width: float
    front_bottom: float
    drawings: Sequence[float]
    colours: Sequence[str]


@dataclass(frozen=True)
class Browser:
    """A browser by its command; ``folder`` is where it keeps what it needs."""

    command: str
    folder: Path

    def seen(
        self, page: str, widths: Sequence[int], *, height: int, dark: bool = False
    ) -> Mapping[int, Seen]:
        """What screens of those widths show."""
        frames = _FRAMES.format(page=escape(page), widths=list(widths), height=height)
        waits = ("--hide-scrollbars", "--virtual-time-budget=60000", "--dump-dom")
        shown = self._run(frames, *waits, *(_DARK if dark else ()))
        (answers,) = re.findall(r"<body><pre>(.*)</pre>", shown, re.DOTALL)
        found: Sequence[dict[str, Any]] = json.loads(unescape(answers))
        return {width: Seen(**facts) for width, facts in zip(widths, found, strict=True)}

    def sheets(self, page: str) -> int:
        """How many sheets of paper it takes."""
        paper = self.folder / "paper.pdf"
        self._run(page, f"--print-to-pdf={paper}", "--no-pdf-header-footer", *_DARK)
        return len(re.findall(rb"/Type\s*/Page\b(?!s)", paper.read_bytes()))

    def _run(self, page: str, *flags: str) -> str:
        file = self.folder / "page.html"
        file.write_text(page, encoding="utf-8")
        sandbox = () if os.geteuid() else ("--no-sandbox",)
        profile = f"--user-data-dir={self.folder / 'profile'}"
        done = subprocess.run(
            [self.command, "--headless", "--disable-gpu", profile, *sandbox, *flags, file.as_uri()],
            check=True,
            capture_output=True,
            text=True,
            timeout=_PATIENCE_SECONDS,
        )
        return done.stdout


def browser_in(folder: Path) -> Browser | None:
    """The browser of this machine, if it has one."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    return Browser(found, folder) if found else None
