"""Challenges as registries write them."""

from collections.abc import Mapping, Sequence

import pytest

from tokenfleet.registry.challenge import Challenge, parse_challenge

DOCKER = Challenge(
    realm="https://auth.docker.io/token",
    service="registry.docker.io",
    scope="repository:vllm/vllm-openai:pull",
)
# Docker Hub and public ECR as their clients log them; the rest by RFC 9110, 11.6.1.
ROWS: Mapping[str, tuple[Sequence[str], Challenge | None]] = {
    "Docker Hub": (
        [f'Bearer realm="{DOCKER.realm}",service="{DOCKER.service}",scope="{DOCKER.scope}"'],
        DOCKER,
    ),
    "public ECR": (
        ['Bearer realm="https://public.ecr.aws/token/",service="public.ecr.aws",scope="aws"'],
        Challenge(realm="https://public.ecr.aws/token/", service="public.ecr.aws", scope="aws"),
    ),
    "several scopes in one": (
        ['Bearer realm="https://a.example/t",scope="repository:a/b:pull,push"'],
        Challenge(realm="https://a.example/t", service=None, scope="repository:a/b:pull,push"),
    ),
    "other case and spaces": (
        ['bearer  Realm = "https://a.example/t" , service = plain'],
        Challenge(realm="https://a.example/t", service="plain", scope=None),
    ),
    "a password or a token, in one header": (
        ['Basic realm="a", Bearer realm="https://a.example/t"'],
        Challenge(realm="https://a.example/t", service=None, scope=None),
    ),
    "a password or a token, in two": (
        ['Basic realm="a"', 'Bearer realm="https://a.example/t"'],
        Challenge(realm="https://a.example/t", service=None, scope=None),
    ),
    "a password": (['Basic realm="a"'], None),
    "a token from nowhere": (['Bearer service="a"'], None),
    "nothing": ([], None),
}


@pytest.mark.parametrize("row", ROWS.values(), ids=list(ROWS))
def test_a_challenge_is_read_as_it_is_meant(row: tuple[Sequence[str], Challenge | None]) -> None:
    headers, challenge = row
    assert parse_challenge(headers) == challenge


@pytest.mark.parametrize(
    ("challenge", "url"),
    [
        (
            DOCKER,
            f"{DOCKER.realm}?service={DOCKER.service}&scope=repository%3Avllm%2Fvllm-openai%3Apull",
        ),
        (
            Challenge(realm="https://a.example/t?x=1", service=None, scope=None),
            "https://a.example/t?x=1&scope=repository%3Aa%3Apull",
        ),
    ],
)
def test_a_token_is_asked_for_what_it_is_needed_for(challenge: Challenge, url: str) -> None:
    assert challenge.token_url("repository:a:pull") == url
