"""Every image and chart in use -> what its tag stands for now, or everything that is wrong at once."""

from collections.abc import Callable, Mapping

from tokenfleet.catalogue.pulled.digests import Resolved
from tokenfleet.catalogue.pulled.in_use import InUse
from tokenfleet.registry.charts import resolve_chart
from tokenfleet.registry.images import resolve_image
from tokenfleet.registry.messenger import Messenger
from tokenfleet.registry.refusal import RegistryError, UnresolvedError


def resolve(
    in_use: InUse, say: Callable[[str], None], messenger: Messenger
) -> Mapping[str, Resolved]:
    """What every name stands for; ``say`` is told what is being asked.

    Raises:
        RegistryError: when any cannot be had, with a line for each.
    """
    asks: Mapping[str, tuple[str, Callable[[], Resolved]]] = {
        **{
            image.name: (image.named_in, lambda image=image: resolve_image(messenger, image))
            for image in in_use.images
        },
        **{
            chart.name: (chart.named_in, lambda chart=chart: resolve_chart(messenger, chart))
            for chart in in_use.charts
        },
    }
    found: dict[str, Resolved] = {}
    lines: list[str] = []
    for place, (name, (named_in, ask)) in enumerate(asks.items(), 1):
        say(f"{place}/{len(asks)} {name}")
        try:
            found[name] = ask()
        except UnresolvedError as error:
            lines.append(f"{name} ({named_in}): {error}")
    if lines:
        raise RegistryError(lines)
    return found
