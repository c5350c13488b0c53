"""What a pool may be made of, and what it may not: hardware without an engine is refused by name."""

from typing import Annotated, Literal, get_args

from pydantic import BeforeValidator

Hardware = Literal[
    "graviton4",
    "graviton3",
    "inferentia2",
    "l4",
    "a10g",
    "l40s",
    "rtx-pro-6000",
    "a100",
    "a100-80gb",
    "h100",
    "h200",
    "b200",
    "b300",
]
# Kinds and families that the catalogue knows and has no engine for (catalogue/data/unserved.yaml).
WITHOUT_ENGINE = (
    *("trainium2", "trn2", "trn2u", "trainium", "trn1", "trn1n"),
    *("xeon", "c6i", "c7i", "c8i", "rtx-pro-4500", "g7"),
)


def with_engine(value: object) -> object:
    """Refuse hardware that is known and not served.

    Raises:
        ValueError: for such hardware.
    """
    if value in WITHOUT_ENGINE:
        msg = (
            f"{value} is known, but no engine is pinned for it; tokenfleet compare says why. Use"
            f" {', '.join(get_args(Hardware))}"
        )
        raise ValueError(msg)
    return value


PoolHardware = Annotated[Hardware, BeforeValidator(with_engine)]
