"""From HTTP to moto's answers and back, with the faults between; every call is written down."""

import copy
import json
import re
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from botocore.parsers import create_parser
from moto.core.exceptions import ServiceException
from moto.core.request import Request
from moto.core.responses import ActionResult, BaseResponse
from moto.core.utils import get_service_model
from moto.ec2.responses import EC2Response
from moto.events.responses import EventsHandler
from moto.sqs.responses import SQSResponse
from werkzeug.wrappers import Response

from tests.cluster.scarcity.records import SCENARIO, Call
from tests.cluster.scarcity.server.auto_scaling import AutoScaling
from tests.cluster.scarcity.server.controls import CONTROLS
from tests.cluster.scarcity.server.faults import Fault
from tests.cluster.scarcity.server.world import WORLD

CONTROL_PATH = "/scarcity/"
_SERVICES: Mapping[str, Callable[[], BaseResponse]] = {
    "autoscaling": AutoScaling,
    "ec2": EC2Response,
    "events": EventsHandler,
    "sqs": SQSResponse,
}
# AWS4-HMAC-SHA256 Credential=<key>/<date>/<region>/<service>/aws4_request
_CREDENTIAL = re.compile(r"Credential=([^/]+)/\d+/[^/]+/([^/]+)/")
_Answer = tuple[int, dict[str, str], str | bytes]


class _Refusal(ServiceException):
    """Not moto's own, whose service moto would look for."""


def application(environment: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
    """Answer one request."""
    request = Request(environment)
    try:
        if request.path.startswith(CONTROL_PATH):
            response = _controlled(request.path.removeprefix(CONTROL_PATH), request.get_data())
        else:
            response = _called(request)
    except Exception:
        # Werkzeug would answer 500 and say nothing.
        traceback.print_exc()
        raise
    return response(environment, start)


def _controlled(name: str, body: bytes) -> Response:
    with WORLD.lock:
        answer = CONTROLS[name](**json.loads(body or b"{}"))
        content = json.dumps(answer, default=str)
    return Response(content, content_type="application/json")


def _called(request: Request) -> Response:
    began = time.time()
    signed = _CREDENTIAL.search(request.headers.get("Authorization", ""))
    if signed is None or signed[2] not in _SERVICES:
        return Response("neither signed nor of a service that is here", status=404)
    caller, service = signed.groups()
    request.from_wsgi_server = True
    moto = _SERVICES[service]()
    moto.setup_class(request)
    action = str(request.form.get("Action") or request.headers["X-Amz-Target"].split(".")[-1])
    parameters = _parameters(moto)
    with WORLD.lock:
        # Whoever sets the scene is spared.
        faults = [] if caller == SCENARIO else WORLD.faults
        fault = next((f for f in faults if f.hits(action, WORLD.chance)), None)
    if fault:
        time.sleep(fault.seconds)
    status, headers, body = _answer(moto, service, fault)
    content = body.encode() if isinstance(body, str) else body
    error, answer = _understood(service, action, status, headers, content)
    call = Call(
        at=began,
        seconds=time.time() - began,
        caller=caller,
        service=service,
        action=action,
        parameters=parameters,
        error=error,
        answer=answer,
    )
    with WORLD.lock:
        WORLD.calls.append(call)
    return Response(content, status=status, headers=headers)


def _answer(moto: BaseResponse, service: str, fault: Fault | None) -> _Answer:
    if fault is None or not fault.code or fault.done:
        # Whoever waits for a message must not keep others from sending one.
        with nullcontext() if service == "sqs" else WORLD.lock:
            answer: _Answer = moto.call_action()
        if fault is None or not fault.code:
            return answer
    refusal = _Refusal(fault.code, "refused because the test wants it")
    _, headers, body = moto.serialized(ActionResult(refusal))
    return fault.status, headers, body


def _parameters(moto: BaseResponse) -> Mapping[str, Any]:
    """Before the call, which may change them."""
    if moto.automated_parameter_parsing:
        return copy.deepcopy(dict(moto.params))
    return dict(json.loads(moto.body or "{}"))


def _understood(
    service: str, action: str, status: int, headers: Mapping[str, str], content: bytes
) -> tuple[str, Mapping[str, Any]]:
    """The code of an error and the answer, as botocore reads them."""
    model = get_service_model(service)
    parser = create_parser(model.metadata["protocol"])
    lower = {name.lower(): value for name, value in headers.items()}
    answer: dict[str, Any] = parser.parse(
        {"status_code": status, "headers": lower, "body": content},
        model.operation_model(action).output_shape,
    )
    answer.pop("ResponseMetadata", None)
    return str(answer.get("Error", {}).get("Code", "")), answer
