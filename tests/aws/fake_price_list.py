"""As much of the AWS Price List API as a refresh asks for, on loopback."""

import json
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.loopback import Handler, LoopbackServer

Product = dict[str, Any]
_TARGET = "AWSPriceListService.GetProducts"
_PAGE = 100


def product(
    service: str, family: str | None, attributes: Mapping[str, str], *usd_by_tier: str
) -> Product:
    """A document of ``PriceList``, with the keys that botocore documents (pricing, examples-1)."""
    sku = f"SKU{abs(hash((service, family, *sorted(attributes.items())))):X}"[:16]
    term, unit = f"{sku}.JRTCKXETXF", attributes.get("unit", "Hrs")
    tiers = [str(1000 * place) for place in range(len(usd_by_tier))]
    described = {"locationType": "AWS Region", "servicecode": service, "operation": ""}
    return {
        "product": {
            **({"productFamily": family} if family else {}),
            "attributes": described | dict(attributes),
            "sku": sku,
        },
        "serviceCode": service,
        "terms": {
            "OnDemand": {
                term: {
                    "priceDimensions": {
                        f"{term}.{place}": {
                            "unit": unit,
                            "beginRange": begin,
                            "endRange": [*tiers, "Inf"][place + 1],
                            "description": f"${usd} per {unit}",
                            "appliesTo": [],
                            "rateCode": f"{term}.{place}",
                            "pricePerUnit": {"USD": usd},
                        }
                        for place, (begin, usd) in enumerate(zip(tiers, usd_by_tier, strict=True))
                    },
                    "sku": sku,
                    "effectiveDate": "2026-11-01T00:00:00Z",
                    "offerTermCode": "JRTCKXETXF",
                    "termAttributes": {},
                }
            }
        },
        "version": "20261101000000",
        "publicationDate": "2026-11-01T00:00:00Z",
    }


def instance(name: str, region: str, usd: str, **attributes: str) -> Product:
    """An instance type on demand, Linux."""
    metal = ".metal" in name
    return product(
        "AmazonEC2",
        "Compute Instance (bare metal)" if metal else "Compute Instance",
        {
            "instanceType": name,
            "regionCode": region,
            "operatingSystem": "Linux",
            "preInstalledSw": "NA",
            "capacitystatus": "Used",
            "marketoption": "OnDemand",
            "tenancy": "Dedicated" if metal else "Shared",
            "usagetype": f"BoxUsage:{name}",
            **attributes,
        },
        usd,
    )


# The first tier of everything else that a stack uses, in us-east-1, as the catalogue has it.
SERVICES: Sequence[tuple[str, str | None, str, Mapping[str, str], tuple[str, ...]]] = [
    ("AmazonEKS", "Compute", "USE1-AmazonEKS-Hours:perCluster", {}, ("0.1000000000",)),
    ("AmazonEKS", "Compute", "USE1-AmazonEKS-Hours:extendedSupport", {}, ("0.5000000000",)),
    ("AmazonEC2", "NAT Gateway", "NatGateway-Hours", {}, ("0.0450000000",)),
    ("AmazonEC2", "NAT Gateway", "NatGateway-Bytes", {}, ("0.0450000000",)),
    ("AmazonEC2", "NAT Gateway", "NatGateway-Prvd-Bytes", {}, ("0.0900000000",)),
    ("AmazonVPC", "VpcEndpoint", "USE1-VpcEndpoint-Hours", {}, ("0.0100000000",)),
    ("AmazonVPC", "VpcEndpoint", "USE1-VpcEndpoint-GWLBE-Hours", {}, ("0.0200000000",)),
    (
        "AmazonVPC",
        "VpcEndpoint",
        "USE1-VpcEndpoint-Bytes",
        {},
        ("0.0100000000", "0.0060000000", "0.0040000000"),
    ),
    ("AmazonVPC", None, "USE1-PublicIPv4:InUseAddress", {}, ("0.0050000000",)),
    ("AmazonVPC", None, "USE1-PublicIPv4:IdleAddress", {}, ("0.0060000000",)),
    (
        "AmazonEC2",
        "Storage",
        "EBS:VolumeUsage.gp3",
        {"volumeApiName": "gp3"},
        ("0.0800000000",),
    ),
    ("AmazonEC2", "Storage", "EBS:VolumeUsage.gp2", {"volumeApiName": "gp2"}, ("0.1000000000",)),
    (
        "AmazonEC2",
        "System Operation",
        "EBS:VolumeP-IOPS.gp3",
        {"volumeApiName": "gp3"},
        ("0.0050000000",),
    ),
    (
        "AmazonEC2",
        "Provisioned Throughput",
        "EBS:VolumeP-Throughput.gp3",
        {"volumeApiName": "gp3", "unit": "GiBps-mo"},
        ("40.9600000000",),
    ),
    ("AmazonEC2", "Storage Snapshot", "EBS:SnapshotUsage", {}, ("0.0500000000",)),
    ("AmazonEC2", "Storage Snapshot", "EBS:SnapshotArchiveStorage", {}, ("0.0125000000",)),
    ("AmazonECR", "EC2 Container Registry", "USE1-TimedStorage-ByteHrs", {}, ("0.1000000000",)),
    (
        "AmazonECR",
        "EC2 Container Registry",
        "USE1-TimedStorage-Archive-ByteHrs",
        {},
        ("0.0700000000",),
    ),
    ("awskms", "Encryption Key", "us-east-1-KMS-Keys", {}, ("1.0000000000",)),
    ("AmazonCloudWatch", "Data Payload", "DataProcessing-Bytes", {}, ("0.5000000000",)),
    ("AmazonCloudWatch", "Data Payload", "USE1-DataProcessingIA-Bytes", {}, ("0.2500000000",)),
    ("AmazonCloudWatch", "Storage Snapshot", "TimedStorage-ByteHrs", {}, ("0.0300000000",)),
    ("AWSELB", "Load Balancer-Network", "LoadBalancerUsage", {}, ("0.0225000000",)),
    ("AWSELB", "Load Balancer-Network", "LCUUsage", {}, ("0.0060000000",)),
    ("AWSELB", "Load Balancer-Application", "LCUUsage", {}, ("0.0080000000",)),
    (
        "AmazonS3",
        "Storage",
        "TimedStorage-ByteHrs",
        {"volumeType": "Standard"},
        ("0.0230000000", "0.0220000000", "0.0210000000"),
    ),
    ("AmazonS3", "Storage", "TimedStorage-SIA-ByteHrs", {}, ("0.0125000000",)),
]


def services(region: str = "us-east-1") -> list[Product]:
    """A document for each of ``SERVICES``."""
    return [
        product(service, family, {"regionCode": region, "usagetype": usage, **more}, *usd)
        for service, family, usage, more, usd in SERVICES
    ]


class FakePriceList(LoopbackServer):
    """Serves ``products``, filtered and in pages; counts the requests.

    ``refusal`` is what every request is answered instead: a status, an error code and a message.
    """

    def __init__(self, products: Sequence[Product]) -> None:
        self.products = list(products)
        self.refusal: tuple[int, str, str] | None = None
        self.requests = 0
        fake = self

        class Answer(Handler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:  # noqa: N802 - the name that the server looks for
                fake.requests += 1
                _answer(fake, self)

        super().__init__(Answer)


def _answer(fake: FakePriceList, request: BaseHTTPRequestHandler) -> None:
    asked = json.loads(request.rfile.read(int(request.headers["Content-Length"])))
    if fake.refusal:
        status, code, message = fake.refusal
        _send(request, status, {"__type": code, "message": message})
        return
    assert request.headers["X-Amz-Target"] == _TARGET
    found = [
        json.dumps(row)
        for row in fake.products
        if row["serviceCode"] == asked["ServiceCode"]
        and all(_matches(row, wanted) for wanted in asked["Filters"])
    ]
    start = int(asked.get("NextToken", 0))
    end = start + min(_PAGE, asked["MaxResults"])
    answer: dict[str, object] = {"FormatVersion": "aws_v1", "PriceList": found[start:end]}
    if end < len(found):
        answer["NextToken"] = str(end)
    _send(request, 200, answer)


def _matches(row: Product, wanted: Mapping[str, str]) -> bool:
    assert wanted["Type"] == "TERM_MATCH"
    described = row["product"]
    values = {"productFamily": described.get("productFamily"), **described["attributes"]}
    return values.get(wanted["Field"]) == wanted["Value"]


def _send(request: BaseHTTPRequestHandler, status: int, answer: Mapping[str, object]) -> None:
    body = json.dumps(answer).encode()
    request.send_response(status)
    request.send_header("Content-Type", "application/x-amz-json-1.1")
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)
