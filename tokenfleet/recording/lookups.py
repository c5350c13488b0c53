"""The look-ups a program may make, and stand-ins for what AWS would answer.

Everything else is decided in the plan: a look-up answers differently elsewhere and tomorrow.
"""

import hashlib
from collections.abc import Callable, Mapping

# Public parameters of one release: what one holds never changes.
_IMAGES = "/aws/service/eks/optimized-ami/"


class UndeclaredLookupError(Exception):
    """A look-up that no preview can answer; the text says what to do instead."""


def answer(token: str, arguments: Mapping[str, object]) -> Mapping[str, object]:
    """What a look-up would answer, made up and stable, in the provider's camelCase.

    Raises:
        UndeclaredLookupError: when it is none of the declared ones.
    """
    found = _ANSWERS.get(token)
    if found is None:
        msg = f"the program looks up {token}: decide it in the plan instead"
        raise UndeclaredLookupError(msg)
    return found(arguments)


def _parameter(arguments: Mapping[str, object]) -> Mapping[str, object]:
    name = str(arguments.get("name"))
    if not name.startswith(_IMAGES) or "/recommended/" in name:
        msg = f"the program looks up {name}: only images of one EKS release may be looked up"
        raise UndeclaredLookupError(msg)
    image = f"ami-{hashlib.sha256(name.encode()).hexdigest()[:17]}"
    return {"name": name, "type": "String", "value": image, "insecureValue": image}


_ANSWERS: Mapping[str, Callable[[Mapping[str, object]], Mapping[str, object]]] = {
    "aws:ssm/getParameter:getParameter": _parameter,
}
