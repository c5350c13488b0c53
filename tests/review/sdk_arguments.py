"""What the pinned SDKs take for a resource, by the names that recorded inputs have."""

import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import ForwardRef, get_args

from pydantic.alias_generators import to_camel

_NO_ARGUMENTS = {"__self__", "__props__", "opts", "resource_name"}


def sdk_class(type_token: str) -> type:
    """The class that asks for a resource of that type."""
    package, module, name = type_token.split(":")
    if package == "pulumi":
        return getattr(import_module(f"pulumi_{name}"), "Provider")  # noqa: B009 - the name is data
    if package == "aws":
        return getattr(import_module(f"pulumi_aws.{module.split('/')[0]}"), name)
    group, version = module.split("/")
    return getattr(import_module(f"pulumi_kubernetes.{group.split('.')[0]}.{version}"), name)


def arguments_of(type_token: str) -> Mapping[str, object]:
    """The annotations of its arguments."""
    resource = sdk_class(type_token)
    return _arguments(resource, vars(resource)["_internal_init"])


def takes(type_token: str, path: str) -> bool:
    """Whether that property can be given."""
    root, *below = path.split(".")
    found = arguments_of(type_token)
    if root not in found:
        return False
    classes = list(_classes(found[root], sdk_class(type_token)))
    for name in below:
        parts = {each: _arguments(each, each.__init__) for each in classes}
        classes = [
            below_it
            for each, arguments in parts.items()
            if name in arguments
            for below_it in (list(_classes(arguments[name], each)) or [type(None)])
        ]
        if not classes:
            return False
    return True


def _arguments(owner: type, init: Callable[..., None]) -> Mapping[str, object]:
    named = {
        name: getattr(getattr(owner, name, None), "fget", None)
        for name in inspect.signature(init).parameters
        if name not in _NO_ARGUMENTS
    }
    parameters = inspect.signature(init).parameters
    return {
        getattr(getter, "_pulumi_name", to_camel(name)): parameters[name].annotation
        for name, getter in named.items()
    }


def _classes(annotation: object, user: type) -> Iterator[type]:
    """The ``...Args`` classes in an annotation of a class."""
    if isinstance(annotation, ForwardRef):
        name = annotation.__forward_arg__
        found: object = sys.modules[user.__module__]
        for part in name.split("."):
            found = getattr(found, part, None) or getattr(_package(user), part, None)
        if name.endswith("Args") and isinstance(found, type):
            yield found
    for part in get_args(annotation):
        yield from _classes(part, user)


def _package(user: type) -> object:
    return sys.modules[user.__module__.rpartition(".")[0]]
