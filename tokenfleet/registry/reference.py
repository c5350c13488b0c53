"""An image's name in its parts, and the address at which its registry answers."""

import re
from dataclasses import dataclass
from ipaddress import ip_address

from tokenfleet.registry.refusal import UnresolvedError

# Grammar of github.com/distribution/reference; without a registry a name would mean Docker Hub
# to some tools and nothing to others.
_NAME = re.compile(
    r"(?P<host>(?:[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+|localhost)(?::\d{1,5})?)"
    r"/(?P<repository>[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*)"
    r":(?P<tag>\w[\w.-]{0,127})",
    re.ASCII,
)
_DOCKER_HUB, _DOCKER_HUB_API = "docker.io", "registry-1.docker.io"


@dataclass(frozen=True, kw_only=True)
class Reference:
    """Registry, repository and tag; ``host`` is where the registry's API is."""

    host: str
    repository: str
    tag: str

    @property
    def url(self) -> str:
        """Below it are the repository's manifests and blobs."""
        name = self.host.rpartition(":")[0] if ":" in self.host else self.host
        scheme = "http" if is_loopback(name) else "https"
        return f"{scheme}://{self.host}/v2/{self.repository}"


def parse_reference(name: str) -> Reference:
    """``registry/repository:tag`` in its parts.

    Raises:
        UnresolvedError: when it is something else.
    """
    found = _NAME.fullmatch(name)
    if found is None:
        msg = "is no image: write registry/repository:tag, such as docker.io/vllm/vllm-openai:v1"
        raise UnresolvedError(msg)
    host, repository, tag = found["host"], found["repository"], found["tag"]
    if host == _DOCKER_HUB:
        host = _DOCKER_HUB_API
        repository = repository if "/" in repository else f"library/{repository}"
    return Reference(host=host, repository=repository, tag=tag)


def is_loopback(host: str) -> bool:
    """Whether a host, without its port, is this machine by its own word."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
