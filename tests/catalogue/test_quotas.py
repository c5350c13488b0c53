"""Every type that a stack may name counts against a quota."""

import pytest

from tokenfleet.catalogue.facts import CatalogueError
from tokenfleet.catalogue.machines.instances import instance_types
from tokenfleet.catalogue.places.quotas import Market, quota_codes, quota_name


@pytest.mark.parametrize("kind", sorted({row.family for row in instance_types().values()}))
def test_every_type_of_the_catalogue_has_a_quota_of_each_market(kind: str) -> None:
    on_demand, spot = (
        quota_codes(f"{kind}.large", "on-demand"),
        quota_codes(f"{kind}.large", "spot"),
    )
    assert on_demand
    assert spot
    assert not {*on_demand} & {*spot}


@pytest.mark.parametrize(
    ("kind", "market", "codes"),
    [
        ("c8gd.8xlarge", "on-demand", ["L-1216C47A"]),
        ("m8g.large", "spot", ["L-34B43A08"]),
        ("inf2.8xlarge", "on-demand", ["L-1945791B"]),
        ("inf2.8xlarge", "spot", ["L-B5D1601B"]),
        ("p5.4xlarge", "on-demand", ["L-417A185B"]),
        ("p5.4xlarge", "spot", ["L-C4BD4855", "L-7212CCBC"]),
        ("p5en.48xlarge", "spot", ["L-C4BD4855", "L-7212CCBC"]),
        ("p4d.24xlarge", "spot", ["L-7212CCBC"]),
        ("gr6.4xlarge", "on-demand", ["L-DB2E81BA"]),
        ("x8g.large", "on-demand", ["L-7295265B"]),
        ("trn2u.48xlarge", "spot", ["L-6B0D517C"]),
    ],
)
def test_a_type_counts_against_the_quota_of_its_letters(
    kind: str, market: Market, codes: list[str]
) -> None:
    assert list(quota_codes(kind, market)) == codes
    assert quota_name(codes[-1]) != codes[-1]


def test_a_type_that_no_quota_is_known_of_is_said() -> None:
    with pytest.raises(CatalogueError, match=r"quotas\.yaml"):
        quota_codes("zz9.large", "spot")
