"""A Service that goes or leads elsewhere: what answers behind it, before and after."""

from collections.abc import Mapping, Sequence

from tokenfleet.policies.values import mapping, mappings
from tokenfleet.review.danger import Danger
from tokenfleet.review.kinds.pods import is_selected, name_of, running
from tokenfleet.review.resource_change import Resource, ResourceChange, judged

SERVICE = "kubernetes:core/v1:Service"
_RELEASE = "kubernetes:helm.sh/v3:Release"
_INTERNAL = "service.beta.kubernetes.io/aws-load-balancer-internal"

Resources = Mapping[str, Resource]


def judged_service(change: ResourceChange, old: Resources, new: Resources) -> ResourceChange:
    """The change, by whether anybody may call what is behind it; in doubt somebody does."""
    before = old[change.urn]
    if change.action == "delete":
        return _deleted(change, before, old, new)
    return _updated(change, before, old, new) if change.action == "update" else change


def _deleted(
    change: ResourceChange, before: Resource, old: Resources, new: Resources
) -> ResourceChange:
    if not _selector(before):
        said = "it selects no pods: what answers there is not seen here"
        return judged(change, Danger.OUTAGE, said)
    behind = _behind(before, old)
    if behind:
        names = sorted({name_of(each) for each in behind})
        others = [
            each
            for each in new.values()
            if each["type"] == SERVICE
            and {name_of(found) for found in _behind(each, new)} & set(names)
        ]
        if not others and not any(each["urn"] in new for each in behind):
            return change
        if not others:
            said = f"who calls {', '.join(names)} by it is not seen here"
            return judged(change, Danger.OUTAGE, said)
        said = f"{', '.join(names)} answers at {_own_name(others[0])}, not at this name any more"
        return judged(change, Danger.OUTAGE, said)
    if _has_charts(before, old):
        said = "a chart of its namespace may have pods behind it: that is not seen here"
        return judged(change, Danger.OUTAGE, said)
    return judged(change, Danger.SETTINGS, "no pod is behind it")


def _updated(
    change: ResourceChange, before: Resource, old: Resources, new: Resources
) -> ResourceChange:
    after = new[change.urn]
    said: list[str] = []
    if _selector(before) != _selector(after):
        was, will_be = (
            sorted({name_of(found) for found in _behind(one, side)})
            for one, side in ((before, old), (after, new))
        )
        if was and not set(was) & set(will_be):
            said.append(f"it leads to {', '.join(will_be) or 'no pod'}, not to {', '.join(was)}")
    gone = _ports(before) - _ports(after)
    said += [f"nothing answers at port {port} of it any more" for port in sorted(gone)]
    kinds = [_spec(each).get("type") for each in (before, after)]
    if kinds[0] == "LoadBalancer" != kinds[1]:
        said.append("its load balancer goes")
    if kinds == ["LoadBalancer", "LoadBalancer"] and _reach(before) != _reach(after):
        # EnsureLoadBalancer, "TODO: Sync internal vs non-internal" (kubernetes/cloud-provider-aws
        # pkg/providers/v1/aws_loadbalancer.go).
        said.append(
            "the one that is there keeps its reach until the Service is deleted: pulumi up --replace"
            " makes another, at another address"
        )
    return judged(change, Danger.OUTAGE, *said) if said else change


def _behind(service: Resource, resources: Resources) -> Sequence[Resource]:
    selector, namespace = _selector(service), _namespace(service)
    if not selector:
        return []
    return [each for each in running(resources) if is_selected(each, selector, namespace)]


def _has_charts(service: Resource, resources: Resources) -> bool:
    namespace = _namespace(service)
    return any(
        each["type"] == _RELEASE and each["inputs"].get("namespace") == namespace
        for each in resources.values()
    )


def _spec(service: Resource) -> Mapping[str, object]:
    return mapping(service["inputs"].get("spec"))


def _reach(service: Resource) -> object:
    annotations = mapping(mapping(service["inputs"].get("metadata")).get("annotations"))
    return annotations.get(_INTERNAL)


def _selector(service: Resource) -> Mapping[str, object]:
    return mapping(_spec(service).get("selector"))


def _ports(service: Resource) -> set[str]:
    return {str(port.get("port")) for port in mappings(_spec(service).get("ports"))}


def _namespace(service: Resource) -> object:
    return mapping(service["inputs"].get("metadata")).get("namespace")


def _own_name(service: Resource) -> str:
    return str(mapping(service["inputs"].get("metadata")).get("name"))
