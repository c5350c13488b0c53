"""What the catalogue knows, on a terminal: instance types, models, regions."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from tokenfleet.catalogue.listing import KnownModel, KnownRegion, KnownType


def types_table(rows: Sequence[KnownType], region: str) -> Table:
    """A line for each instance type, with its price in one region."""
    table = _table("type", "vCPU", "GiB", "accelerators", "disks", f"$ an hour, {region}", "of")
    for row in rows:
        table.add_row(
            Text(row.instance_type),
            str(row.vcpus),
            f"{row.memory_gib:g}",
            Text(row.accelerators),
            Text(row.disks),
            _price(row),
            str(row.price_date or ""),
        )
    return table


def models_table(rows: Sequence[KnownModel]) -> Table:
    """A line for each model."""
    table = _table("model", "10^9 params", "active", "weights GB", "dtype", "context", "licence")
    for row in rows:
        table.add_row(
            Text(row.model),
            f"{row.parameters / 1e9:.3g}",
            f"{row.active_parameters / 1e9:.3g}",
            f"{row.weights_bytes / 1e9:.3g}",
            row.weights_dtype,
            f"{row.context_length:,}",
            Text(f"{row.license}{', gated' if row.gated else ''}"),
        )
    return table


def regions_table(rows: Sequence[KnownRegion]) -> Table:
    """A line for each region."""
    table = _table("region", "types offered", "with a price", "services with a price")
    for row in rows:
        table.add_row(
            row.region,
            "not known" if row.types_offered is None else str(row.types_offered),
            str(row.types_priced),
            f"{row.services_priced} of {row.services}",
        )
    return table


def _price(row: KnownType) -> str:
    if row.is_offered is False:
        return "not offered"
    return "unknown" if row.usd_per_hour is None else f"${row.usd_per_hour:.5g}"


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for place, column in enumerate(columns):
        text = place == 0 or column in {"accelerators", "disks", "dtype", "licence", "of"}
        table.add_column(
            column,
            justify="left" if text else "right",
            header_style="dim",
            overflow="fold",
            no_wrap=place == 0,
        )
    return table
