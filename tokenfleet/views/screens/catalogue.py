"""What the catalogue knows, on a terminal: instance types, models, regions."""

from collections.abc import Sequence

from tokenfleet.catalogue.listing import KnownModel, KnownRegion, KnownType
from tokenfleet.views.screens.fitted import Fitted
from tokenfleet.views.tables.table import Column

_ALL_WHOLE = 10**11


def types_table(rows: Sequence[KnownType], region: str) -> Fitted:
    """A line for each instance type, with its price in one region."""
    screen = Fitted(
        title="",
        columns=[
            Column("Type"),
            Column("vCPU", number=True),
            Column("GiB", number=True),
            Column("Accelerators"),
            Column("Disks", gives_way=2),
            Column(f"$ an hour, {region}", number=True),
            Column("Price of", gives_way=1),
        ],
    )
    for row in rows:
        screen.row(
            row.instance_type,
            str(row.vcpus),
            f"{row.memory_gib:g}",
            row.accelerators,
            row.disks,
            _price(row),
            str(row.price_date or ""),
        )
    return screen


def models_table(rows: Sequence[KnownModel]) -> Fitted:
    """A line for each model."""
    screen = Fitted(
        title="",
        columns=[
            Column("Model", whole=True),
            Column("10^9 parameters", number=True),
            Column("Active", number=True, gives_way=2),
            Column("Weights, GB", number=True),
            Column("Of type", gives_way=4),
            Column("Context, tokens", number=True, gives_way=3),
            Column("Licence", gives_way=1),
        ],
    )
    for row in rows:
        screen.row(
            row.model,
            _rounded(row.parameters),
            _rounded(row.active_parameters),
            _rounded(row.weights_bytes),
            row.weights_dtype,
            f"{row.context_length:,}",
            f"{row.license}{', gated' if row.gated else ''}",
        )
    return screen


def _rounded(count: int) -> str:
    """Three digits of 10^9, or all that are whole."""
    return f"{count / 1e9:,.0f}" if count >= _ALL_WHOLE else f"{count / 1e9:.3g}"


def regions_table(rows: Sequence[KnownRegion]) -> Fitted:
    """A line for each region."""
    screen = Fitted(
        title="",
        columns=[
            Column("Region"),
            Column("Types offered", number=True),
            Column("With a price", number=True),
            Column("Services with a price", number=True),
        ],
    )
    for row in rows:
        screen.row(
            row.region,
            "not known" if row.types_offered is None else str(row.types_offered),
            str(row.types_priced),
            f"{row.services_priced} of {row.services}",
        )
    return screen


def _price(row: KnownType) -> str:
    if row.is_offered is False:
        return "not offered"
    return "unknown" if row.usd_per_hour is None else f"${row.usd_per_hour:.5g}"
