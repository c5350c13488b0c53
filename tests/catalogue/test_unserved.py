"""Hardware that is known without an engine: all of it is refused by name, with a reason and a way out."""

from tokenfleet.catalogue.machines.hardware import hardware_by_name
from tokenfleet.catalogue.machines.instances import instance_types
from tokenfleet.catalogue.machines.unserved import unserved, unserved_hardware
from tokenfleet.settings.hardware import WITHOUT_ENGINE

SERVED = {family for row in hardware_by_name().values() for family in row.families}


def test_every_family_has_an_engine_or_a_reason_why_not() -> None:
    families = {kind.family for kind in instance_types().values()}
    assert {family for family in families if unserved(family) is None} == SERVED


def test_a_way_out_names_hardware_that_is_served() -> None:
    for row in unserved_hardware().values():
        assert any(name in row.instead for name in hardware_by_name()), row.title


def test_pools_refuse_what_the_catalogue_has_no_engine_for() -> None:
    rows = unserved_hardware()
    families = {family for row in rows.values() for family in row.families}
    assert {*WITHOUT_ENGINE} == {*rows} | families
