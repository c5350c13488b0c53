"""An AWS account that ``tokenfleet advise`` asks: moto's EC2, and answers for what moto lacks.

Every answer has to fit botocore's own model of the call.
"""

import datetime as dt
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.model import OperationModel
from botocore.validate import ParamValidator
from moto import mock_aws

from tokenfleet.aws.advice import ask
from tokenfleet.aws.client import ec2_client, quotas_client
from tokenfleet.catalogue.machines.instances import instance_type

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    "AWS_EC2_METADATA_DISABLED": "true",
}
Parameters = Mapping[str, Any]
Answer = Callable[[Parameters], Parameters]
PLENTY = 10_000.0
QUOTAS: Mapping[str, str] = {
    "L-1216C47A": "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances",
    "L-34B43A08": "All Standard (A, C, D, H, I, M, R, T, Z) Spot Instance Requests",
    "L-1945791B": "Running On-Demand Inf instances",
    "L-B5D1601B": "All Inf Spot Instance Requests",
    "L-417A185B": "Running On-Demand P instances",
    "L-7212CCBC": "All P Spot Instance Requests",
}


@dataclass(frozen=True)
class Refused:
    """A call answered with an error."""

    code: str
    message: str = "no"


@dataclass
class Account:
    """By operation, what it answers; what is not here moto does. ``asked`` is filled."""

    answers: dict[str, Answer | Refused]
    asked: list[tuple[str, str, Parameters]] = field(default_factory=list[Any])
    """Service, operation and parameters of every call."""

    @property
    def actions(self) -> set[str]:
        """The calls, as IAM names them."""
        return {f"{service}:{name}" for service, name, _ in self.asked}

    def parameters_of(self, operation: str) -> list[Parameters]:
        """What a call was made with, each time."""
        return [parameters for _, name, parameters in self.asked if name == operation]

    def attach(self, client: object) -> None:
        """Answer for a client of botocore."""
        events = cast("Any", client).meta.events
        events.register_first("provide-client-params", self._hear)
        events.register_first("before-call", self._answer)

    def _hear(self, params: Parameters, model: OperationModel, **_: object) -> None:
        service = str(model.service_model.signing_name)
        self.asked.append((service, model.name, params))

    def _answer(self, model: OperationModel, **_: object) -> tuple[object, Parameters] | None:
        answer = self.answers.get(model.name)
        if answer is None:
            return None
        if isinstance(answer, Refused):
            error = {"Error": {"Code": answer.code, "Message": answer.message}}
            return SimpleNamespace(status_code=400), {**error, "ResponseMetadata": {}}
        said = answer(self.asked[-1][2])
        shape = model.output_shape
        assert shape is not None
        report = ParamValidator().validate(said, shape)
        assert not report.has_errors(), report.generate_report()
        return SimpleNamespace(status_code=200), {**said, "ResponseMetadata": {}}


def generous() -> dict[str, Answer | Refused]:
    """An account with quotas for everything, cheap spot, and Capacity Manager on."""
    return {
        "ListServiceQuotas": lambda _: quotas(dict.fromkeys(QUOTAS, PLENTY)),
        "GetSpotPlacementScores": lambda _: scores({"use1-az6": 9, "use1-az1": 7, "use1-az2": 3}),
        "DescribeSpotPriceHistory": cheap_spot,
        "GetCapacityManagerAttributes": lambda _: attributes("enabled"),
        "GetCapacityManagerMetricData": lambda asked: metrics(asked, {"use1-az6": 4.5}),
        "GetCapacityManagerSupportabilityScores": lambda _: {"AggregateScore": "high"},
    }


def quotas(vcpus_by_code: Mapping[str, float]) -> Parameters:
    """What ListServiceQuotas answers."""
    return {
        "Quotas": [
            {"QuotaCode": code, "QuotaName": QUOTAS.get(code, code), "Value": vcpus}
            for code, vcpus in vcpus_by_code.items()
        ]
    }


def scores(by_zone: Mapping[str, int]) -> Parameters:
    """What GetSpotPlacementScores answers about single zones."""
    return {
        "SpotPlacementScores": [
            {"Region": "us-east-1", "AvailabilityZoneId": zone, "Score": score}
            for zone, score in by_zone.items()
        ]
    }


def cheap_spot(asked: Parameters) -> Parameters:
    """Every type in every zone at 0.3 of on demand, since before the week began."""
    return {
        "SpotPriceHistory": [
            {
                "InstanceType": kind,
                "AvailabilityZone": zone,
                "ProductDescription": "Linux/UNIX",
                "SpotPrice": f"{0.3 * instance_type(kind).usd_per_hour['us-east-1']:.6f}",
                "Timestamp": asked["StartTime"] - dt.timedelta(hours=1),
            }
            for kind in asked["InstanceTypes"]
            for zone in ("us-east-1a", "us-east-1b", "us-east-1c")
        ]
    }


def attributes(status: str) -> Parameters:
    """What GetCapacityManagerAttributes answers."""
    return {"CapacityManagerStatus": status, "OrganizationsAccess": False, "DataExportCount": 0}


def metrics(asked: Parameters, by_zone: Mapping[str, float]) -> Parameters:
    """What GetCapacityManagerMetricData answers: the same figure for every metric of a zone."""
    return {
        "MetricDataResults": [
            {
                "Dimension": {"AvailabilityZoneId": zone},
                "Timestamp": asked["StartTime"],
                "MetricValues": [{"Metric": name, "Value": value} for name in asked["MetricNames"]],
            }
            for zone, value in by_zone.items()
        ]
    }


@contextmanager
def opened(monkeypatch: pytest.MonkeyPatch) -> Generator[Account]:
    """The generous account, with credentials for it; ``answers`` may be changed."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    account = Account(generous())

    def attached(make: Callable[[str], Any]) -> Callable[[str], Any]:
        def client(region: str) -> object:
            made = make(region)
            account.attach(made)
            return made

        return client

    with mock_aws():
        monkeypatch.setattr(ask, "ec2_client", attached(ec2_client))
        monkeypatch.setattr(ask, "quotas_client", attached(quotas_client))
        yield account
