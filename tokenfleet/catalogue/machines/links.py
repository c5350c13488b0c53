"""How the ranks of one replica reach each other."""

from collections.abc import Mapping
from functools import cache
from typing import Annotated

import yaml
from pydantic import BeforeValidator, TypeAdapter

from tokenfleet.catalogue.facts import Fact, data_file
from tokenfleet.catalogue.machines.curve import on_curve


class Link(Fact):
    """A kind of link, with what an all-reduce over it was seen to take.

    ``gb_per_second`` is of the data sheet, in one direction for one device, in 10^9 bytes.
    ``latency_microseconds_by_ranks`` is an all-reduce of 8 KB, which is all latency.
    ``reached_gb_per_second_by_ranks`` is the bus bandwidth of one of 32 MB, a chunk of a prompt.
    ``source`` says who measured them, or that they are assumptions.
    """

    name: str
    gb_per_second: float
    latency_microseconds_by_ranks: Mapping[int, float]
    reached_gb_per_second_by_ranks: Mapping[int, float]
    source: str

    def all_reduce_seconds(self, ranks: int, size_bytes: float) -> float:
        """Adding up so many bytes of every rank, on every rank; nothing for a single one.

        Latency, and 2 (n - 1) / n of the bytes at the bus bandwidth: the definition of that word in
        PERFORMANCE.md of NVIDIA/nccl-tests, which both figures by ranks follow.
        """
        if ranks == 1:
            return 0.0
        sent = 2 * (ranks - 1) / ranks * size_bytes
        reached = on_curve(self.reached_gb_per_second_by_ranks, ranks) * 1e9
        return on_curve(self.latency_microseconds_by_ranks, ranks) * 1e-6 + sent / reached


@cache
def links() -> Mapping[str, Link]:
    """Every kind of link by its key in the data file."""
    rows: object = yaml.load(data_file("links.yaml"), Loader=yaml.CSafeLoader)
    return TypeAdapter(dict[str, Link]).validate_python(rows)


def _link(key: object) -> object:
    if isinstance(key, str):
        if key not in links():
            msg = f"no link '{key}' in links.yaml"
            raise ValueError(msg)
        return links()[key]
    return key


# In a row of hardware it is its key.
NamedLink = Annotated[Link, BeforeValidator(_link)]
