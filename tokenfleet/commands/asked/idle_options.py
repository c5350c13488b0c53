"""Options that would be taken and change nothing, or that contradict what is planned: refused, with the way out."""

from collections.abc import Mapping

from tokenfleet.commands.answers import fail
from tokenfleet.plan.scaling.policy import ScalingPolicy


def refuse_idle(options: Mapping[str, object], where: str, way_out: str) -> None:
    """End with 2 where one of these was given, not None: it would change nothing ``where`` says."""
    given = [name for name, value in options.items() if value is not None]
    if given:
        fail(f"{', '.join(given)}: nothing would change {where}: leave out, or {way_out}")


def refuse_bounds(policy: ScalingPolicy, least: int | None, most: int | None) -> None:
    """End with 2 where fewer replicas are allowed than there are at least, naming who says so."""
    if policy.least <= policy.most:
        return
    if least is None:
        stated = f"the stack file's replicas.min {policy.least:,}: give --min, too"
        fail(f"--max {most}: is less than {stated}")
    if most is None:
        stated = f"the stack file's replicas.max {policy.most:,}: give --max, too"
        fail(f"--min {least}: is more than {stated}")
    fail(f"--max {most}: is less than --min {least}")
