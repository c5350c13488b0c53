"""How a question about cost is refused: a place and a way out, never a traceback."""


class CostError(Exception):
    """A question that has no answer.

    ``place`` is a config path, ``file:line: column`` or the name of a figure; ``problem`` one
    sentence with the way out.
    """

    def __init__(self, problem: str, *, place: str) -> None:
        self.place = place
        self.problem = problem
        super().__init__(f"{place}: {problem}")
