"""Digests of images: what is pinned, and what is refused in one line."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest

from tests.registry.documents import (
    DOCKER_MANIFEST,
    OCI_INDEX,
    OCI_MANIFEST,
    Document,
    chart,
    image,
    index,
)
from tests.registry.fake_registry import TOKEN, FakeRegistry, Reply
from tokenfleet.catalogue.pulled.digests import Resolved
from tokenfleet.catalogue.pulled.in_use import ImageInUse
from tokenfleet.registry.images import resolve_image
from tokenfleet.registry.messenger import Messenger
from tokenfleet.registry.refusal import UnresolvedError

MANIFEST = "/v2/a/engine/manifests/v1"
IMAGES: Mapping[str, Document] = {
    "an index": index(["amd64", "arm64"]),
    "a manifest list of Docker": index(["amd64", "arm64"], docker=True),
    "one manifest": image("arm64"),
    "one manifest of Docker": image("arm64", docker=True),
}


def wanted(fake: FakeRegistry, *architectures: str) -> ImageInUse:
    return ImageInUse(
        name=f"{fake.host}/a/engine:v1",
        architectures=frozenset(architectures or ("arm64",)),
        used_by="vllm-cpu",
        named_in="engines.yaml",
    )


@pytest.mark.parametrize("document", IMAGES.values(), ids=list(IMAGES))
def test_what_the_tag_names_is_pinned_not_what_it_leads_to(
    document: Document, fake: FakeRegistry, messenger: Messenger
) -> None:
    fake.keep("a/engine", "v1", document)
    found = resolve_image(messenger, wanted(fake))
    assert found == Resolved(digest=document.digest, source=f"manifest at {fake.host}")
    for kind in ("oci.image.index", "oci.image.manifest", "manifest.list", "manifest.v2"):
        assert kind in fake.accepted[0]


def test_a_token_is_fetched_when_the_registry_wants_one(
    fake: FakeRegistry, messenger: Messenger
) -> None:
    fake.keep("a/engine", "v1", image("arm64"))
    fake.wants_token = True
    assert resolve_image(messenger, wanted(fake)).digest == image("arm64").digest
    assert fake.queries == [{"service": ["fake"], "scope": ["repository:a/engine:pull"]}]
    # Asked for once, and never sent to whoever gives it.
    assert fake.carried == [None, None, f"Bearer {TOKEN}", f"Bearer {TOKEN}"]


def test_a_token_never_follows_to_another_host(fake: FakeRegistry, messenger: Messenger) -> None:
    document = image("arm64")
    fake.keep("a/engine", "v1", document)
    fake.wants_token = True
    config = next(path for path in fake.replies if "/blobs/" in path)
    with FakeRegistry() as elsewhere:
        elsewhere.replies["/there"] = fake.replies[config]
        moved = Reply(307, headers={"Location": f"{elsewhere.endpoint}/there"})
        fake.replies[config] = [moved]
        assert resolve_image(messenger, wanted(fake)).digest == document.digest
        assert elsewhere.carried == [None]


@pytest.mark.parametrize("retry_after", ["3", "Wed, 21 Oct 2015 07:28:00 GMT", None])
def test_a_busy_registry_is_asked_again(
    retry_after: str | None, fake: FakeRegistry, messenger: Messenger, waited: list[float]
) -> None:
    fake.keep("a/engine", "v1", image("arm64"))
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    fake.replies[MANIFEST].insert(0, Reply(429, headers=headers))
    assert resolve_image(messenger, wanted(fake)).digest == image("arm64").digest
    assert waited == [{"3": 3.0, None: 1.0}.get(retry_after, 0.0)]


@dataclass(frozen=True)
class Bad:
    """What the tag is answered with, and what must be said."""

    reply: Callable[[FakeRegistry], Reply]
    said: str


def answered(status: int, **headers: str) -> Callable[[FakeRegistry], Reply]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: Reply(status, headers=named)


def sent(body: bytes, media_type: str, **headers: str) -> Callable[[FakeRegistry], Reply]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: Reply(body=body, headers={"Content-Type": media_type, **named})


SCHEMA_1 = b'{"schemaVersion": 1, "name": "a", "tag": "v1"}'
UNCHECKABLE = json.dumps(
    {"config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": "sha256:../.."}}
).encode()
BAD: Mapping[str, Bad] = {
    "gone": Bad(answered(404), "has no v1 there: check registry, repository and tag"),
    "forbidden": Bad(answered(403), "without an account (403): give its digest in the stack file, cluster.digests"),
    "a password": Bad(answered(401, WWW_Authenticate='Basic realm="a"'), "without an account (401)"),
    "too often": Bad(answered(429, Retry_After="3600"), "asked too often (429): try again in 3600 s"),
    "too often, for how long is not said": Bad(answered(429), "(429): try again later"),
    "broken": Bad(answered(503), "answered 503: try again later"),
    "slow": Bad(lambda _: Reply(after_seconds=1.0), "did not answer in time"),
    "endless": Bad(lambda _: Reply(body=bytes(5 << 20)), "sent more than 4,194,304 bytes"),
    "in circles": Bad(answered(302, Location=MANIFEST), "sends from one address to the next"),
    "to plain http": Bad(answered(302, Location="http://192.0.2.1/x"), "http://192.0.2.1 is not asked: only https is"),
    "to a file": Bad(answered(302, Location="file:///etc/passwd"), "file"),
    "another digest": Bad(
        sent(index(["arm64"]).content, OCI_INDEX, Docker_Content_Digest=image("arm64").digest),
        f"sent {index(['arm64']).digest} for {image('arm64').digest}: try again",
    ),
    "a page": Bad(sent(b"<html>", "text/html; charset=utf-8"), "has text/html there, which is no image"),
    "schema 1": Bad(sent(SCHEMA_1, "application/vnd.docker.distribution.manifest.v1+prettyjws"), "which is no image"),
    "no JSON": Bad(sent(b"{", OCI_MANIFEST), "which is no image"),
    "another thing": Bad(sent(b'{"manifests": 3}', OCI_INDEX), "which is no image"),
    "a path for a digest": Bad(sent(UNCHECKABLE, DOCKER_MANIFEST), "which is no image"),
    "a chart": Bad(sent(chart("a", "1.0.0").content, OCI_MANIFEST), "which is no image"),
}  # fmt: skip


@pytest.mark.parametrize("row", BAD.values(), ids=list(BAD))
def test_what_cannot_be_had_is_one_line_with_the_way_out(
    row: Bad, fake: FakeRegistry, messenger: Messenger
) -> None:
    fake.replies[MANIFEST] = [row.reply(fake)]
    with pytest.raises(UnresolvedError) as refused:
        resolve_image(messenger, wanted(fake))
    assert row.said in str(refused.value)
    assert "\n" not in str(refused.value)


ARCHITECTURES: Mapping[str, tuple[Document, str]] = {
    "an index": (index(["amd64", "s390x"]), "is not for arm64, which vllm-cpu needs, but for amd64, s390x"),
    "an empty index": (index([]), "but for nothing known"),
    "one manifest": (image("amd64"), "but for amd64"),
    "of another system": (image("arm64", os="windows"), "but for nothing known"),
}  # fmt: skip


@pytest.mark.parametrize("row", ARCHITECTURES.values(), ids=list(ARCHITECTURES))
def test_an_image_that_does_not_run_on_its_nodes_is_refused(
    row: tuple[Document, str], fake: FakeRegistry, messenger: Messenger
) -> None:
    document, said = row
    fake.keep("a/engine", "v1", document)
    with pytest.raises(UnresolvedError, match=said):
        resolve_image(messenger, wanted(fake))


def test_every_architecture_that_is_needed_must_be_there(
    fake: FakeRegistry, messenger: Messenger
) -> None:
    fake.keep("a/engine", "v1", index(["amd64"]))
    with pytest.raises(UnresolvedError, match="is not for arm64"):
        resolve_image(messenger, wanted(fake, "amd64", "arm64"))


def test_a_configuration_that_was_changed_on_the_way_is_refused(
    fake: FakeRegistry, messenger: Messenger
) -> None:
    fake.keep("a/engine", "v1", image("amd64"))
    config = next(path for path in fake.replies if "/blobs/" in path)
    fake.replies[config] = [Reply(body=image("arm64").blobs[0])]
    with pytest.raises(UnresolvedError, match="try again, from another network too"):
        resolve_image(messenger, wanted(fake))


TOKENS: Mapping[str, tuple[Reply, str]] = {
    "refused": (Reply(403), "gives no token without an account (403)"),
    "too often": (Reply(429, headers={"Retry-After": "3600"}), "(429)"),
    "empty": (Reply(body=b"{}"), "something else than a token"),
    "a page": (Reply(body=b"<html>"), "something else than a token"),
    "a list": (Reply(body=b"[]"), "something else than a token"),
    "a header of its own": (Reply(body=b'{"token": "a\\r\\nX-Y: z"}'), "something else than a token"),
}  # fmt: skip


@pytest.mark.parametrize("row", TOKENS.values(), ids=list(TOKENS))
def test_a_token_that_cannot_be_had_is_one_line(
    row: tuple[Reply, str], fake: FakeRegistry, messenger: Messenger
) -> None:
    fake.wants_token = True
    fake.token_reply, said = row
    with pytest.raises(UnresolvedError) as refused:
        resolve_image(messenger, wanted(fake))
    assert said in str(refused.value)


def test_a_token_is_not_fetched_over_plain_http(fake: FakeRegistry, messenger: Messenger) -> None:
    fake.wants_token, fake.challenge = True, 'Bearer realm="http://192.0.2.1/token"'
    with pytest.raises(UnresolvedError, match="only https is"):
        resolve_image(messenger, wanted(fake))


def test_a_token_that_does_not_help_is_not_fetched_for_ever(
    fake: FakeRegistry, messenger: Messenger
) -> None:
    fake.wants_token = True
    fake.token_reply = Reply(body=b'{"access_token": "of-somebody-else"}')
    with pytest.raises(UnresolvedError, match="without an account"):
        resolve_image(messenger, wanted(fake))
    assert fake.asked.count("/token") == 1


def test_a_registry_that_is_not_there_is_named(messenger: Messenger) -> None:
    with FakeRegistry() as gone:
        pass
    with pytest.raises(UnresolvedError, match=f"http://{gone.host}.* cannot be reached"):
        resolve_image(messenger, wanted(gone))
