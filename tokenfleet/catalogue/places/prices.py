"""What things cost in one region: as somebody says who knows, else as the catalogue does."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tokenfleet.catalogue.facts import CatalogueError, Price
from tokenfleet.catalogue.machines.instances import on_demand_price
from tokenfleet.catalogue.places.services import ServiceName, service_prices


@dataclass(frozen=True, kw_only=True)
class Prices:
    """Prices of one region, US dollars; None where none is known, never a guess.

    ``given`` are of an hour of an instance type on demand, or of a unit of a service, by name;
    ``given_spot`` of an hour of an instance type on spot. They go before those of the catalogue.
    """

    region: str
    given: Mapping[str, Price] = field(default_factory=dict[str, Price])
    given_spot: Mapping[str, Price] = field(default_factory=dict[str, Price])

    def on_demand(self, instance_type: str) -> Price | None:
        """An hour: Linux, shared tenancy."""
        if instance_type in self.given:
            return self.given[instance_type]
        try:
            return on_demand_price(instance_type, self.region)
        except CatalogueError:
            return None

    def service(self, name: ServiceName) -> Price | None:
        """A unit of a service (``ServicePrice.unit``)."""
        return self.given.get(name) or service_prices()[name].price(self.region)
