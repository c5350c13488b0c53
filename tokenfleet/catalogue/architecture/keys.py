"""The keys of a ``config.json``, with what the engine takes where one is left out."""

from collections.abc import Mapping, Sequence
from typing import cast

# No published model comes near; beyond it a file is damaged rather than large.
MOST = 10**9
_MOST_LAYERS = 10_000


class ShapeError(ValueError):
    """What a configuration lacks, or says that cannot be counted."""


class Keys:
    """Typed access to keys, each by the first of its names that is given; ``asked`` are all names."""

    def __init__(self, given: Mapping[str, object], asked: set[str] | None = None) -> None:
        self._given = given
        self.asked: set[str] = set() if asked is None else asked

    def given(self, *names: str) -> object:
        """What is given by one of the names; None where it is null or left out."""
        return self._given.get(self._named(names))

    def _named(self, names: Sequence[str]) -> str:
        """The first of the names under which something is given; the usual one where nothing is."""
        self.asked.update(names)
        return next((name for name in names if self._given.get(name) is not None), names[0])

    def number(self, *names: str, default: int | None = None) -> int:
        """A whole number from 0 on.

        Raises:
            ShapeError: it is left out and has no default, or is something else.
        """
        value = self.given(*names)
        if value is None and default is not None:
            return default
        if value is None:
            msg = f"{' or '.join(names)} is missing"
            raise ShapeError(msg)
        return _whole(self._named(names), value)

    def size(self, *names: str, default: int | None = None) -> int:
        """A whole number from 1 on.

        Raises:
            ShapeError: see ``number``.
        """
        value = self.number(*names, default=default)
        if not value:
            msg = f"{self._named(names)} must be at least 1"
            raise ShapeError(msg)
        return value

    def layers(self, *, default: int | None = None, name: str = "num_hidden_layers") -> int:
        """How many layers there are.

        Raises:
            ShapeError: see ``size``; or there are more than any model has.
        """
        count = self.size(name, default=default)
        if count > _MOST_LAYERS:
            msg = f"{name} must be at most {_MOST_LAYERS:,}"
            raise ShapeError(msg)
        return count

    def flag(self, *names: str, default: bool = False) -> bool:
        """Whether something is so.

        Raises:
            ShapeError: it is no boolean.
        """
        value = self.given(*names)
        if value is None:
            return default
        if not isinstance(value, bool):
            msg = f"{self._named(names)} must be true or false"
            raise ShapeError(msg)
        return value

    def word(self, *names: str) -> str | None:
        """A word, or None where it is left out.

        Raises:
            ShapeError: it is something else.
        """
        value = self.given(*names)
        if value is not None and not isinstance(value, str):
            msg = f"{self._named(names)} must be a word"
            raise ShapeError(msg)
        return value

    def numbers(self, *names: str) -> Sequence[int] | None:
        """A list of whole numbers, or None where it is left out.

        Raises:
            ShapeError: it is something else.
        """
        value = self.given(*names)
        if value is None:
            return None
        return [
            _whole(f"{names[0]}[{place}]", each)
            for place, each in enumerate(_list(names[0], value))
        ]

    def words(self, *names: str) -> Sequence[str] | None:
        """A list of words, or None where it is left out.

        Raises:
            ShapeError: it is something else.
        """
        value = self.given(*names)
        if value is None:
            return None
        found = _list(names[0], value)
        if not all(isinstance(each, str) for each in found):
            msg = f"{self._named(names)} must be a list of words"
            raise ShapeError(msg)
        return cast("Sequence[str]", found)

    def with_default(self, name: str, value: object) -> "Keys":
        """The same keys; ``value`` under ``name`` where that is null or left out."""
        known = self.given(name) is not None
        return self if known else Keys({**self._given, name: value}, self.asked)

    def replacing(self, **values: object) -> "Keys":
        """The same keys, but with ``values`` in place of what is given."""
        return Keys({**self._given, **values}, self.asked)

    def all(self) -> Mapping[str, object]:
        """Everything that is given."""
        return self._given

    def names(self) -> Sequence[str]:
        """Of all keys that are given, in order."""
        return list(self._given)

    def below(self, name: str) -> "Keys | None":
        """The keys of a mapping, or None where it is left out.

        Raises:
            ShapeError: it is something else.
        """
        value = self.given(name)
        if value is None:
            return None
        if not isinstance(value, Mapping):
            msg = f"{name} must be a mapping"
            raise ShapeError(msg)
        return Keys(cast("Mapping[str, object]", value))


def _whole(name: str, value: object) -> int:
    # True is a number to Python, and none in a configuration.
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST:
        msg = f"{name} must be a whole number from 0 to {MOST:,}"
        raise ShapeError(msg)
    return value


def _list(name: str, value: object) -> Sequence[object]:
    if not isinstance(value, list):
        msg = f"{name} must be a list"
        raise ShapeError(msg)
    return cast("Sequence[object]", value)
