"""What the machine image of a pool brings along besides the system: `tokenfleet bake` makes it."""

from collections.abc import Sequence
from dataclasses import dataclass

from tokenfleet.settings.sections import BakedSettings


@dataclass(frozen=True, kw_only=True)
class BakedPlan:
    """A machine image with the engine's image on it, unpacked.

    ``engine_image`` is that, by tag and digest, as its own registry has it. ``weights`` are the
    snapshots on its second volume, which becomes the cache of nodes without local disks.
    """

    image_id: str
    engine_image: str
    weights: Sequence[str]


def plan_baked(settings: BakedSettings | None) -> BakedPlan | None:
    """What the stack file says of the image, if it gives one."""
    if settings is None:
        return None
    return BakedPlan(
        image_id=settings.image_id,
        engine_image=settings.engine_image,
        weights=settings.weights,
    )
