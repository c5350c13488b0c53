"""``tokenfleet catalogue refresh`` against a price list on loopback and moto's EC2."""

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from moto import mock_aws
from typer.testing import CliRunner, Result

from tests.aws.fake_price_list import FakePriceList, instance, services
from tokenfleet.catalogue.facts import data_folder
from tokenfleet.catalogue.instances import instance_types
from tokenfleet.catalogue.renewal import FILES
from tokenfleet.catalogue.spot import SpotPriceFile
from tokenfleet.cli import app

BAD_INPUT = 2
REGION = "us-east-1"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The data files, to be changed."""
    for name in FILES:
        shutil.copy(data_folder() / name, tmp_path)
    return tmp_path


@pytest.fixture
def price_list(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakePriceList]:
    """A price list that says what the catalogue says, and EC2 as moto plays it."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    instances = [
        instance(name, REGION, f"{kind.usd_per_hour[REGION]:.10f}")
        for name, kind in instance_types().items()
        if REGION in kind.usd_per_hour
    ]
    with mock_aws(), FakePriceList([*instances, *services()]) as fake:
        monkeypatch.setenv("AWS_ENDPOINT_URL_PRICING", fake.endpoint)
        yield fake


def _refresh(folder: Path, *arguments: str) -> Result:
    command = ["catalogue", "refresh", "--region", REGION, "--into", str(folder), *arguments]
    return CliRunner().invoke(app, command)


def _texts(folder: Path) -> Mapping[str, str]:
    return {name: (folder / name).read_text(encoding="utf-8") for name in FILES}


def _price(fake: FakePriceList, name: str, usd: str) -> None:
    fake.products = [
        instance(name, REGION, usd)
        if row["product"]["attributes"].get("instanceType") == name
        else row
        for row in fake.products
    ]


def test_prices_are_written_with_date_and_source(folder: Path, price_list: FakePriceList) -> None:
    _price(price_list, "c8g.4xlarge", "0.7000000000")
    before = _texts(folder)
    result = _refresh(folder)
    assert (result.exit_code, result.exception) == (0, None), result.output
    assert "c8g.4xlarge  $0.63808  $0.7" in " ".join(result.stdout.split(" ")).replace("   ", "  ")
    assert "git diff" in result.stdout
    after = _texts(folder)
    assert all(before[name] != after[name] for name in FILES)
    rows = {r["instanceType"]: r for r in json.loads(after["instances.json"])["instances"]}
    assert rows["c8g.4xlarge"]["usdPerHour"][REGION] == 0.7
    spot = SpotPriceFile.model_validate_json(after["spot_prices.json"]).regions[REGION]
    # moto gives every type one price, in every zone that AWS offers it in.
    assert "us-east-1a" in spot.usd_by_zone_by_type["c8g.4xlarge"]
    assert "p5e.48xlarge" not in spot.usd_by_zone_by_type


def test_progress_goes_beside_the_answer(folder: Path, price_list: FakePriceList) -> None:
    result = _refresh(folder, "--json")
    assert json.loads(result.stdout) == {"regions": [REGION], "changes": [], "written": list(FILES)}
    assert "1/1 us-east-1: instances on demand" in result.stderr
    assert price_list.requests


def test_prices_that_are_hard_to_believe_are_written_only_when_accepted(
    folder: Path, price_list: FakePriceList
) -> None:
    _price(price_list, "c8g.4xlarge", "6.3808000000")
    before = _texts(folder)
    refused = _refresh(folder)
    assert refused.exit_code == BAD_INPUT
    assert "us-east-1 c8g.4xlarge changed by +900%: $0.63808 before, $6.3808 now" in refused.stderr
    assert "--accept" in refused.stderr
    assert _texts(folder) == before
    accepted = _refresh(folder, "--accept")
    assert accepted.exit_code == 0
    assert "$6.3808" in accepted.stdout
    assert '"us-east-1": 6.3808' in _texts(folder)["instances.json"]


def test_a_type_that_vanished_is_refused(folder: Path, price_list: FakePriceList) -> None:
    price_list.products = [
        row
        for row in price_list.products
        if row["product"]["attributes"].get("instanceType") != "c8g.4xlarge"
    ]
    refused = _refresh(folder)
    assert refused.exit_code == BAD_INPUT
    assert "c8g.4xlarge has no price any more: $0.63808 before, none now" in refused.stderr


def test_a_refusal_of_aws_writes_nothing(folder: Path, price_list: FakePriceList) -> None:
    price_list.refusal = (400, "AccessDeniedException", "no")
    before = _texts(folder)
    refused = _refresh(folder)
    assert refused.exit_code == BAD_INPUT
    assert "these credentials need pricing:GetProducts" in refused.stderr
    assert "nothing was written" in refused.stderr
    assert "Traceback" not in refused.output
    assert _texts(folder) == before


def test_a_region_without_instances_is_refused(folder: Path, price_list: FakePriceList) -> None:
    price_list.products = services()
    refused = _refresh(folder)
    assert refused.exit_code == BAD_INPUT
    assert "the AWS price list has no instances in us-east-1" in refused.stderr


@pytest.mark.usefixtures("price_list")
def test_an_address_that_nobody_answers_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_PRICING", "nowhere")
    refused = _refresh(folder)
    assert refused.exit_code == BAD_INPUT
    assert "AWS cannot be asked: Invalid endpoint: nowhere" in refused.stderr


@pytest.mark.parametrize(
    ("region", "said"),
    [
        ("us-eastt-1", "--region us-eastt-1: no region of AWS. Did you mean 'us-east-1'?"),
        ("moon", "--region moon: no region of AWS."),
        ("", "--region : no region of AWS."),
    ],
)
def test_an_unknown_region_is_refused_before_anything_is_asked(region: str, said: str) -> None:
    result = CliRunner().invoke(app, ["catalogue", "refresh", "--region", region])
    assert result.exit_code == BAD_INPUT
    assert said in result.stderr


@pytest.mark.usefixtures("price_list")
def test_a_folder_without_data_files_is_named(tmp_path: Path) -> None:
    refused = _refresh(tmp_path)
    assert refused.exit_code == BAD_INPUT
    assert "instances.json cannot be read: No such file or directory" in refused.stderr


@pytest.mark.usefixtures("price_list")
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("instances.json", "{"),
        ("instances.json", '{"sources": {}}'),
        ("services.yaml", "a: [1"),
        ("services.yaml", "natGateway: {title: 3}"),
        ("spot_prices.json", "[]"),
        ("zone_offers.json", "{}"),
    ],
)
def test_data_files_that_are_broken_are_named(name: str, text: str, folder: Path) -> None:
    (folder / name).write_text(text, encoding="utf-8")
    refused = _refresh(folder)
    assert refused.exit_code == BAD_INPUT
    assert name in refused.stderr
