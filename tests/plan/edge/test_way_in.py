"""What clients speak to the load balancer, and what the preview says of it."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from tests.today import TODAY
from tokenfleet.plan.decide import decide
from tokenfleet.plan.stack import Plan
from tokenfleet.preview.kubernetes import kubernetes_support
from tokenfleet.preview.notes import notes

Keys = dict[str, Any]
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/01234567"
PUBLIC = {
    "exposure": "public",
    "allowedCidrs": ["198.51.100.0/24"],
    "certificateArn": CERTIFICATE,
}
CLIENTS = {"exposure": "internal", "allowedCidrs": ["10.200.0.0/22"]}
LOAD_BALANCER = "service.beta.kubernetes.io/aws-load-balancer-"
SSL = f"{LOAD_BALANCER}ssl-"


@pytest.fixture
def planned(keys_of: Callable[[str], Keys], root: Path) -> Callable[[Mapping[str, Any]], Plan]:
    """The plan of the dev stack with another way in."""
    return lambda edge: decide({**keys_of("dev"), "edge": dict(edge)}, "dev", root)


def _service(plan: Plan) -> Mapping[str, Any]:
    return _edge_object(plan, "Service")


def _edge_object(plan: Plan, kind: str) -> Mapping[str, Any]:
    manifests = cast("Sequence[Mapping[str, Any]]", plan.edge.manifests)
    (found,) = (m for m in manifests if m["kind"] == kind and m["metadata"]["name"] == "edge")
    return found


def _said(plan: Plan, *words: str) -> Sequence[str]:
    said = notes(plan, frozenset(), (), (), kubernetes_support("1.35", TODAY))
    return [note for note in said if all(word in note for word in words)]


def test_with_a_certificate_every_listener_speaks_tls(
    planned: Callable[[Mapping[str, Any]], Plan],
) -> None:
    plan = planned({**CLIENTS, "certificateArn": CERTIFICATE})
    service = _service(plan)
    assert [port["port"] for port in service["spec"]["ports"]] == [443]
    ssl = {
        name.removeprefix(SSL): value
        for name, value in service["metadata"]["annotations"].items()
        if name.startswith(SSL)
    }
    # With -ssl-ports, a port that is added later would be in clear.
    assert ssl.keys() == {"cert", "negotiation-policy"}
    assert ssl["cert"] == CERTIFICATE
    assert not _said(plan, "in clear")


def test_without_a_certificate_the_preview_says_what_travels_in_clear(
    planned: Callable[[Mapping[str, Any]], Plan],
) -> None:
    plan = planned(CLIENTS)
    service = _service(plan)
    assert [port["port"] for port in service["spec"]["ports"]] == [80]
    assert not [name for name in service["metadata"]["annotations"] if name.startswith(SSL)]
    assert _said(plan, "keys and prompts travel in clear")
    assert not _said(planned({"exposure": "cluster"}), "in clear")


@pytest.mark.parametrize(
    ("edge", "port"),
    [
        ({"exposure": "cluster"}, 80),
        (CLIENTS, 80),
        ({**CLIENTS, "certificateArn": CERTIFICATE}, 443),
        (PUBLIC, 443),
    ],
)
def test_the_address_of_all_models_is_that_of_the_service(
    edge: Mapping[str, Any], port: int, planned: Callable[[Mapping[str, Any]], Plan]
) -> None:
    plan = planned(edge)
    metadata = _service(plan)["metadata"]
    host = f"{metadata['name']}.{metadata['namespace']}.svc"
    shown = "" if port == 80 else f":{port}"
    # TLS ends at the load balancer: inside the cluster there is none on any port.
    assert plan.edge.url == f"http://{host}{shown}/v1"


@pytest.mark.parametrize(
    ("edge", "words"),
    [
        ({"allowedCidrs": ["203.0.113.0/24"]}, ["edge.allowedCidrs 203.0.113.0/24", "replace it"]),
        (
            {"certificateArn": CERTIFICATE.replace("123456789012", "111122223333")},
            ["edge.certificateArn", "replace it"],
        ),
    ],
)
def test_what_is_not_yet_a_way_in_is_said(
    edge: Mapping[str, Any], words: Sequence[str], planned: Callable[[Mapping[str, Any]], Plan]
) -> None:
    assert _said(planned({**CLIENTS, **edge}), *words)
    assert not _said(planned({**CLIENTS, "certificateArn": CERTIFICATE}), *words)


@pytest.mark.parametrize(
    ("edge", "scheme"),
    [(CLIENTS, "internal"), (PUBLIC, "internet-facing")],
    ids=["VPC", "internet"],
)
def test_only_what_is_to_be_public_is(
    edge: Mapping[str, Any], scheme: str, planned: Callable[[Mapping[str, Any]], Plan]
) -> None:
    service = _service(planned(edge))
    annotations = service["metadata"]["annotations"]
    # Two controllers, each of which reads one of them and knows nothing of the other.
    assert annotations[f"{LOAD_BALANCER}scheme"] == scheme
    assert annotations.get(f"{LOAD_BALANCER}internal") == ("true" if scheme == "internal" else None)
    assert service["spec"]["loadBalancerSourceRanges"] == edge["allowedCidrs"]


def test_a_range_that_is_named_twice_is_one(planned: Callable[[Mapping[str, Any]], Plan]) -> None:
    once, twice = (planned(CLIENTS | {"allowedCidrs": ["10.200.0.0/22"] * n}) for n in (1, 2))
    assert twice.edge == once.edge


def test_a_node_that_is_reclaimed_passes_no_connection_on(
    planned: Callable[[Mapping[str, Any]], Plan],
) -> None:
    plan = planned(CLIENTS)
    service, deployment = _service(plan), _edge_object(plan, "Deployment")
    key, _, value = service["metadata"]["annotations"][
        f"{LOAD_BALANCER}target-node-labels"
    ].partition("=")
    assert deployment["spec"]["template"]["spec"]["nodeSelector"] == {key: value}
