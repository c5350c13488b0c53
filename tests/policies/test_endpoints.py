"""Mistakes in what may leave through the endpoint of S3."""

from collections.abc import Mapping

import pytest

from tests.policies.planting import Plant, Planted, changed, pick, reported, restated
from tokenfleet.policies.rulebook import findings
from tokenfleet.recording.recorded import Recording

ENDPOINT = ":VpcEndpoint::*-s3"
ELSEWHERE = "arn:aws:s3:::elsewhere"


def wide(plant: Plant, says: str) -> Planted:
    """An endpoint that lets something out."""
    return Planted(plant=plant, rule="narrow-s3-endpoint", on=ENDPOINT, says=says)


MISTAKES: Mapping[str, Planted] = {
    "no policy": wide(changed(ENDPOINT, "policy", to=...), "has no policy"),
    "a policy that cannot be read": wide(changed(ENDPOINT, "policy", to="{"), "has no policy"),
    "another bucket may be written": wide(
        restated(ENDPOINT, "Models", Resource=f"{ELSEWHERE}/models/*"), "through to elsewhere"
    ),
    "another bucket may be written as well": wide(
        restated(ENDPOINT, "Models", Resource=[f"{ELSEWHERE}/*"]), "through to elsewhere"
    ),
    "buckets of images may be written": wide(
        restated(ENDPOINT, "ImagesAndPackages", Action=["s3:GetObject", "s3:PutObject"]),
        "through to al2023-repos-us-east-1-de612dc2",
    ),
    "another bucket may be listed": wide(
        restated(ENDPOINT, "ListModels", Resource=ELSEWHERE), "through to elsewhere"
    ),
}

HARMLESS: Mapping[str, Plant] = {
    "another bucket may be read": restated(
        ENDPOINT, "ImagesAndPackages", Resource=f"{ELSEWHERE}/*"
    ),
    "nothing may be written": restated(ENDPOINT, "Models"),
    "an endpoint of another service": changed(":VpcEndpoint::*-sts", "policy", to="{}"),
}


@pytest.mark.parametrize("planted", [pytest.param(row, id=name) for name, row in MISTAKES.items()])
def test_a_way_out_is_reported_by_its_rule_alone(prod: Recording, planted: Planted) -> None:
    recording = planted.plant(prod)
    assert set(reported(recording)) == {(planted.rule, pick(recording, planted.on).urn)}
    assert planted.says in findings(recording)[0].problem


@pytest.mark.parametrize("plant", [pytest.param(row, id=name) for name, row in HARMLESS.items()])
def test_what_lets_nothing_out_is_not_reported(prod: Recording, plant: Plant) -> None:
    assert reported(plant(prod)) == []
