"""``tokenfleet catalogue types``, ``models`` and ``regions``: what is known, for people and machines."""

import json

import pytest
from typer.testing import CliRunner

from tokenfleet.catalogue.machines.instances import instance_types, on_demand_price
from tokenfleet.catalogue.models.facts import known_models
from tokenfleet.catalogue.places.regions import regions
from tokenfleet.cli import app


def catalogue(*words: str) -> tuple[int, str, str]:
    """Exit code and what was said."""
    result = CliRunner().invoke(app, ["catalogue", *words])
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.parametrize(
    ("what", "key", "names"),
    [
        ("types", "instanceType", {*instance_types()}),
        ("models", "model", {*known_models()}),
        ("regions", "region", {*regions()}),
    ],
)
def test_all_that_is_known_is_listed_for_machines_too(what: str, key: str, names: set[str]) -> None:
    code, out, _ = catalogue(what, "--json")
    assert code == 0
    assert {row[key] for row in json.loads(out)[what]} == names
    shown = catalogue(what)[1]
    assert all(name in shown for name in names)


def test_a_part_of_a_name_narrows_the_list_whatever_its_case() -> None:
    _, out, _ = catalogue("types", "C8GD.4X", "--json")
    assert [row["instanceType"] for row in json.loads(out)["types"]] == ["c8gd.4xlarge"]


def test_a_type_has_the_price_of_the_region_that_is_asked_for() -> None:
    _, out, _ = catalogue("types", "c8gd.4xlarge", "--region", "eu-central-1", "--json")
    (row,) = json.loads(out)["types"]
    price = on_demand_price("c8gd.4xlarge", "eu-central-1")
    assert (row["usdPerHour"], row["priceDate"]) == (price.usd, str(price.date))
    assert row["isOffered"]


def test_what_nobody_knows_of_a_region_is_not_a_number() -> None:
    _, out, _ = catalogue("regions", "ap-southeast-7", "--json")
    assert json.loads(out)["regions"][0]["typesOffered"] is None
    assert "not known" in catalogue("regions", "ap-southeast-7")[1]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["types", "zzz"], "zzz: nothing in the catalogue"),
        (["types", "--region", "eu-centrl-1"], "Did you mean 'eu-central-1'?"),
    ],
)
def test_what_cannot_be_listed_ends_with_2(words: list[str], said: str) -> None:
    code, out, err = catalogue(*words)
    assert (code, out) == (2, "")
    assert said in err
