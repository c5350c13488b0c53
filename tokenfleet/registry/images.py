"""The digest of an image, once it is known to have what its nodes need."""

from pydantic import ValidationError

from tokenfleet.catalogue.pulled.digests import Resolved
from tokenfleet.catalogue.pulled.in_use import ImageInUse
from tokenfleet.registry.manifest import (
    IMAGE_CONFIG_TYPES,
    ImageConfig,
    Index,
    Manifest,
    parse_manifest,
)
from tokenfleet.registry.messenger import Messenger
from tokenfleet.registry.reference import parse_reference
from tokenfleet.registry.refusal import UnresolvedError
from tokenfleet.registry.repository import Repository


def resolve_image(messenger: Messenger, image: ImageInUse) -> Resolved:
    """What the image's tag stands for: the index, where it has one for several architectures.

    Raises:
        UnresolvedError: when that cannot be had.
    """
    reference = parse_reference(image.name)
    repository = Repository(messenger, reference)
    document = repository.manifest()
    match parse_manifest(document.body, document.media_type):
        case Index(architectures=found):
            pass
        case Manifest(config_type=kind, config_digest=config) if kind in IMAGE_CONFIG_TYPES:
            found = _architecture(repository.blob(config))
        case _:
            kind = document.media_type or "something without a type"
            msg = f"{reference.host} has {kind} there, which is no image: check repository and tag"
            raise UnresolvedError(msg)
    missing = image.architectures - found
    if missing:
        msg = (
            f"is not for {' or '.join(sorted(missing))}, which {image.used_by} needs, but for"
            f" {', '.join(sorted(found)) or 'nothing known'}: name another tag"
        )
        raise UnresolvedError(msg)
    return Resolved(digest=document.digest, source=f"manifest at {reference.host}")


def _architecture(configuration: bytes) -> frozenset[str]:
    try:
        found = ImageConfig.model_validate_json(configuration)
    except ValidationError as error:
        msg = "its configuration does not say what machine it is for: name another tag"
        raise UnresolvedError(msg) from error
    return frozenset({found.architecture} if found.os == "linux" else ())
