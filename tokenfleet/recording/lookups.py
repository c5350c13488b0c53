"""What a program may ask a cloud, and the answers in its place.

Everything else is decided in the plan: a look-up answers differently elsewhere and tomorrow.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

# Public parameters of one release: what one holds never changes.
_PARAMETER = "aws:ssm/getParameter:getParameter"
_IMAGES = "/aws/service/eks/optimized-ami/"

Outputs = Mapping[str, object]


class UnansweredError(Exception):
    """A question that no preview can answer; the text names it, and how to give the answer."""

    def __init__(self, what: str, section: str, key: str) -> None:
        super().__init__(
            f"{what}, which only the cloud can answer: give the answer with --answers FILE"
            f" ({section}: {{{key}: {{NAME: VALUE}}}}, docs/answers.md), or decide it in the stack"
            " file"
        )


def _none() -> Mapping[str, Outputs]:
    return {}


@dataclass(frozen=True, kw_only=True)
class Answers:
    """Answers of the user: outputs by stack, results by function token, properties by type."""

    stack_references: Mapping[str, Outputs] = field(default_factory=_none)
    functions: Mapping[str, Outputs] = field(default_factory=_none)
    resources: Mapping[str, Outputs] = field(default_factory=_none)

    def of_function(self, token: str, arguments: Outputs) -> Outputs:
        """What a function returns, in the provider's camelCase.

        Raises:
            UnansweredError: when nobody said.
        """
        if token == _PARAMETER and _is_one_release(str(arguments.get("name"))):
            return _image(str(arguments["name"]))
        if token in self.functions:
            return self.functions[token]
        called = f"{token} ({arguments['name']})" if "name" in arguments else token
        what = f"the program calls {called}"
        raise UnansweredError(what, "functions", token)

    def of_stack(self, name: str) -> Outputs:
        """The outputs of another stack.

        Raises:
            UnansweredError: when nobody said.
        """
        if name in self.stack_references:
            return self.stack_references[name]
        what = f"the program reads outputs of the stack {name}"
        raise UnansweredError(what, "stackReferences", name)

    def of_resource(self, kind: str, name: str) -> Outputs:
        """The properties of a resource that exists already.

        Raises:
            UnansweredError: when nobody said.
        """
        if kind in self.resources:
            return self.resources[kind]
        what = f"the program reads {kind} {name}"
        raise UnansweredError(what, "resources", kind)


def _is_one_release(name: str) -> bool:
    return name.startswith(_IMAGES) and "/recommended/" not in name


def invented_image(name: str) -> str:
    """The id that stands for what AWS says is the image of a parameter."""
    return f"ami-{hashlib.sha256(name.encode()).hexdigest()[:17]}"


def _image(name: str) -> Outputs:
    """Made up and stable."""
    image = invented_image(name)
    return {"name": name, "type": "String", "value": image, "insecureValue": image}
