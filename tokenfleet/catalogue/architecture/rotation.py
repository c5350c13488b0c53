"""Positions that are rotated by time, height and width: sections that share a head's values."""

from tokenfleet.catalogue.architecture.keys import Keys, ShapeError


def refuse_other_sections(keys: Keys, head: int) -> None:
    """Where a model has such sections, they are half of what is rotated of ``head`` values.

    vllm/model_executor/layers/rotary_embedding/mrope.py.

    Raises:
        ShapeError: they are not.
    """
    found = keys.below("rope_parameters") or keys.below("rope_scaling")
    sections = found.numbers("mrope_section") if found else None
    if found is None or not sections:
        return
    share = found.given("partial_rotary_factor") or keys.given("partial_rotary_factor") or 1
    if isinstance(share, bool) or not isinstance(share, int | float):
        msg = "partial_rotary_factor must be a number"
        raise ShapeError(msg)
    if sum(sections) != int(head * share) // 2:
        msg = f"mrope_section must be half of what is rotated of a head of {head} values"
        raise ShapeError(msg)
