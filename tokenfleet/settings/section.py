"""What every part of the order form has in common."""

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Section(BaseModel):
    """A part of the order form: frozen, camelCase outside, unknown keys refused.

    Strict, and always parsed from JSON: a number in quotes or a bare 1.35 is a mistake to
    report, never something to guess at.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        alias_generator=to_camel,
        allow_inf_nan=False,
    )
