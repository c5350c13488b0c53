"""Who may call the models at two revisions, and how much: what no resource shows, as routes are secret."""

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network

from tokenfleet.policies.values import items
from tokenfleet.review.previews import Document

_REACH = {
    "cluster": "from inside the cluster alone",
    "internal": "from the VPC and networks connected to it",
    "public": "from the internet",
}
_LIMITS = {"requestsPerMinute": "requests a minute", "tokensPerMinute": "tokens a minute"}


def edge_changes(before: Document, after: Document) -> Iterator[str]:
    """A sentence for each change; nothing where a revision has no such door."""
    old, new = _edge(before), _edge(after)
    if old is None or new is None:
        return
    if old["exposure"] != new["exposure"]:
        was, becomes = (_REACH[edge["exposure"]] for edge in (old, new))
        yield f"edge.exposure: models may be called {becomes}, not {was}."
    if old["certificateArn"] and not new["certificateArn"]:
        yield "edge.certificateArn: keys and prompts travel in clear from now on."
    yield from _ranges(old, new)
    yield from _clients(old, new)


def _edge(preview: Document) -> Document | None:
    edge: Document = preview.get("plan", {}).get("edge", {})
    return edge if "clients" in edge else None


def _ranges(old: Document, new: Document) -> Iterator[str]:
    was, becomes = ([IPv4Network(cidr) for cidr in e["allowedCidrs"]] for e in (old, new))
    for cidr in becomes:
        if not any(cidr.subnet_of(each) for each in was):
            yield f"edge.allowedCidrs: {cidr} may call, which could not before."
    for cidr in was:
        if not any(cidr.subnet_of(each) for each in becomes):
            yield f"edge.allowedCidrs: not all of {cidr} may call any more."


def _clients(old: Document, new: Document) -> Iterator[str]:
    was, becomes = ({each["name"]: each for each in edge["clients"]} for edge in (old, new))
    nobody: Mapping[str, object] = {}
    for name in sorted(was.keys() | becomes.keys()):
        earlier, later = was.get(name, nobody), becomes.get(name, nobody)
        place = f"edge.clients.{name}"
        for key, unit in _LIMITS.items():
            if earlier.get(key) != later.get(key):
                yield f"{place}: {_most(later.get(key))} {unit} on a pod, not {_most(earlier.get(key))}."
        if earlier.get("models") != later.get("models"):
            yield f"{place}: may call {_names(later)}, not {_names(earlier)}."
        if earlier.get("priority", "interactive") != later.get("priority", "interactive"):
            yield f"{place}: is {later.get('priority', 'interactive')} from now on."


def _most(limit: object) -> str:
    return "any number of" if limit is None else f"{int(str(limit)):,}"


def _names(client: Mapping[str, object]) -> str:
    return ", ".join(map(str, items(client.get("models")))) or "every model"
