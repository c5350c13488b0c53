"""Pages as a browser sees them, and reports longer than those of the stacks."""

from dataclasses import replace
from html.parser import HTMLParser

from tokenfleet.economics.judgement.verdict import Verdict
from tokenfleet.preview.report import Report


class Page(HTMLParser):
    """What a browser would see: tags with attributes, and the text between them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


_LONG = Verdict(
    judged="objective",
    fails=False,
    place="models.gpt-oss-120b.objective",
    problem="it takes 3 replicas more to keep its promise and spares with all 4 replicas it may have",
    way_out="set replicas.max to 7 and the tiers of its pool to 7 nodes together",
)


def stretched(report: Report, *, models: int, verdicts: int) -> Report:
    """The report with that many verdicts, and models under names of 40 letters."""
    names = [f"{'a-rather-long-name-of-a-model':-<37}{place:03}" for place in range(models)]
    planned = [replace(report.plan.models[place % 3], name=n) for place, n in enumerate(names)]
    priced = [replace(report.cost.models[place % 3], name=n) for place, n in enumerate(names)]
    found = [_LONG] * verdicts
    return replace(
        report,
        plan=replace(report.plan, models=planned),
        cost=replace(report.cost, models=priced, verdicts=found),
    )
