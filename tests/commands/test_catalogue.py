"""``tokenfleet catalogue refresh`` against a price list on loopback and moto's EC2."""

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from moto import mock_aws
from moto.ec2.models.instance_types import INSTANCE_TYPE_OFFERINGS
from typer.testing import CliRunner, Result

from tests.aws.fake_price_list import FakePriceList, instance, services
from tests.documented import as_documented
from tests.registry.fake_registry import FakeRegistry
from tests.registry.on_loopback import keep_charts, keep_images, write_names
from tokenfleet.catalogue.facts import data_folder
from tokenfleet.catalogue.machines.instances import instance_types
from tokenfleet.catalogue.places.spot import SpotPriceFile
from tokenfleet.catalogue.pulled.digests import DIGESTS, parse_digests
from tokenfleet.catalogue.renewal import FILES
from tokenfleet.cli import app
from tokenfleet.json_document import Schema

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
    _offer_only_known_types(monkeypatch)
    with mock_aws(), FakePriceList([*instances, *services()]) as fake:
        monkeypatch.setenv("AWS_ENDPOINT_URL_PRICING", fake.endpoint)
        yield fake


def _offer_only_known_types(monkeypatch: pytest.MonkeyPatch) -> None:
    """moto takes seconds to write an answer of thousands of rows, of which most are of no interest."""
    for by_region in INSTANCE_TYPE_OFFERINGS.values():
        known = [row for row in by_region[REGION] if row["InstanceType"] in instance_types()]
        monkeypatch.setitem(by_region, REGION, known)


def _refresh(folder: Path, *arguments: str) -> Result:
    return _refresh_all(folder, "--only", "prices", *arguments)


def _refresh_all(folder: Path, *arguments: str) -> Result:
    command = ["catalogue", "refresh", "--region", REGION, "--into", str(folder), *arguments]
    return CliRunner().invoke(app, command)


def _texts(folder: Path) -> Mapping[str, str]:
    return {name: (folder / name).read_text(encoding="utf-8") for name in FILES}


@pytest.fixture
def registry(folder: Path) -> Iterator[FakeRegistry]:
    """A registry, and repositories of charts, with all that the data files name."""
    with FakeRegistry() as fake:
        used = write_names(folder, fake.host, fake.endpoint)
        keep_images(fake, used)
        keep_charts(fake, used)
        yield fake


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
    assert json.loads(result.stdout) == {
        "schema": "tokenfleet/catalogue-refresh/1",
        "regions": [REGION],
        "changes": [],
        "digests": [],
        "written": list(FILES),
    }
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
        ("", "--region is empty: give a value"),
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


@pytest.mark.usefixtures("price_list", "registry")
def test_prices_and_digests_are_renewed_together(folder: Path) -> None:
    result = _refresh_all(folder, "--json")
    assert (result.exit_code, result.exception) == (0, None), result.output
    answer = as_documented(result.stdout, Schema.CATALOGUE_REFRESH)
    assert answer["written"] == [*FILES, DIGESTS]
    names = [change["name"] for change in answer["digests"]]
    assert names == sorted(parse_digests((folder / DIGESTS).read_text(encoding="utf-8")))
    assert len(names) >= 8


def test_digests_alone_ask_nothing_of_aws(
    folder: Path, price_list: FakePriceList, registry: FakeRegistry
) -> None:
    command = ["catalogue", "refresh", "--only", "digests", "--into", str(folder)]
    result = CliRunner().invoke(app, command)
    assert (result.exit_code, result.exception) == (0, None), result.output
    assert "vllm/vllm-openai:v0.32.0" in result.stdout
    assert f"{DIGESTS} changed. Look at it: git diff" in result.stdout
    assert registry.asked
    assert not price_list.requests


def test_prices_alone_ask_no_registry(
    folder: Path, price_list: FakePriceList, registry: FakeRegistry
) -> None:
    assert _refresh(folder).exit_code == 0
    assert price_list.requests
    assert not registry.asked


def test_when_one_half_fails_nothing_is_written_and_the_other_is_offered(
    folder: Path, price_list: FakePriceList, registry: FakeRegistry
) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    price_list.refusal = (400, "AccessDeniedException", "no")
    refused = _refresh_all(folder)
    assert refused.exit_code == BAD_INPUT
    assert "nothing was written. --only digests asks nothing of AWS." in refused.stderr
    price_list.refusal = None
    registry.replies.clear()
    refused = _refresh_all(folder)
    assert refused.exit_code == BAD_INPUT
    assert "vllm/vllm-openai:v0.32.0 (engines.yaml): " in refused.stderr
    assert "nothing was written. --only prices asks no registry." in refused.stderr
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_region_and_digests_alone_are_a_contradiction(folder: Path) -> None:
    refused = _refresh_all(folder, "--only", "digests")
    assert refused.exit_code == BAD_INPUT
    assert "--region is of prices: leave it out, or --only digests" in refused.stderr


@pytest.mark.usefixtures("price_list", "registry")
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("engines.yaml", "vllm-cpu: {}"),
        ("releases.yaml", "a: [1"),
        (DIGESTS, "a: {digest: sha256:0, date: 2026-11-01, source: a}"),
    ],
)
def test_files_that_name_images_and_are_broken_are_named(
    name: str, text: str, folder: Path
) -> None:
    (folder / name).write_text(text, encoding="utf-8")
    refused = _refresh_all(folder)
    assert refused.exit_code == BAD_INPUT
    assert name in refused.stderr
    assert "Traceback" not in refused.output
