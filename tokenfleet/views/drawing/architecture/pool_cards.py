"""What runs on the nodes of a pool, a card each: the models it serves, or what all of them need."""

from collections.abc import Iterator, Sequence

from tokenfleet.counted import count
from tokenfleet.views.drawing.architecture.drawn import DrawnModel, DrawnPool, DrawnStack
from tokenfleet.views.drawing.architecture.marks import Marks, Part, marked_box, marked_paragraphs
from tokenfleet.views.drawing.shapes import Block, Box, Shape, Text
from tokenfleet.views.figures import bounds

Card = tuple[Part, Sequence[Text]]
_INK = "#0f172a"
_WARNING = "#b45309"
_CARD_WIDTH = 190.0
_GAP = 8.0


def pool_cards(stack: DrawnStack, pool: DrawnPool) -> Sequence[Card]:
    """Of a pool that serves, its models; of the system nodes, the edge and what scales models."""
    if not pool.hardware:
        return list(_for_all(stack))
    return [
        (Part("model", model.plan.name), _model(model))
        for model in stack.models
        if model.plan.pool == pool.name
    ]


def _for_all(stack: DrawnStack) -> Iterator[Card]:
    edge = stack.plan.edge
    if edge.most_pods:
        pods = f"{bounds(edge.least_pods, edge.most_pods, 'pod')} of Envoy"
        names = f"keys and limits of {count(len(edge.names), 'name')}"
        yield Part("edge"), [_title("Edge"), Text(text=pods), Text(text=names, size=11.5)]
    for scaling in stack.plan.scaling:
        followed = f"replicas of {count(len(scaling.followed), 'model')}"
        texts = [
            _title("Scaling"),
            Text(text="KEDA and Prometheus"),
            Text(text=followed, size=11.5),
        ]
        yield Part("scaling"), texts


def _model(model: DrawnModel) -> Sequence[Text]:
    plan = model.plan
    texts = [
        _title(plan.name),
        Text(text=bounds(plan.min_replicas, plan.max_replicas, "replica")),
        Text(text=f"vLLM {model.engine_version}, {plan.context_length:,} tokens", size=11.5),
    ]
    if plan.legacy:
        texts.append(Text(text="legacy engine", size=11.5, colour=_WARNING, bold=True))
    return texts


def _title(text: str) -> Text:
    return Text(text=text, size=13, colour=_INK, bold=True)


def side_by_side(cards: Sequence[Card], marks: Marks, x: float, y: float, width: float) -> Block:
    """Cards beside each other, those of a row equally high."""
    if not cards:
        return Block(shapes=[], bottom=y)
    columns = min(len(cards), max(1, int((width + _GAP) // (_CARD_WIDTH + _GAP))))
    card_width = (width - _GAP * (columns - 1)) / columns
    shapes: list[Shape] = []
    for start in range(0, len(cards), columns):
        row = [
            (texts, marks.get(part), x + place * (card_width + _GAP))
            for place, (part, texts) in enumerate(cards[start : start + columns])
        ]
        blocks = [
            marked_paragraphs(texts, mark, left + 10, y + 4, card_width - 20)
            for texts, mark, left in row
        ]
        bottom = max(block.bottom for block in blocks) + 8
        for (_, mark, left), block in zip(row, blocks, strict=True):
            card = Box(
                x=left,
                y=y,
                width=card_width,
                height=bottom - y,
                fill="#f8fafc",
                stroke="#cbd5e1",
                radius=6,
            )
            shapes.extend([marked_box(card, mark), *block.shapes])
        y = bottom + _GAP
    return Block(shapes=shapes, bottom=y - _GAP)
