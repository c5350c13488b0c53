"""What stands in front of every engine (userdata/engine_front.py), in front of a scripted one."""

import os
from asyncio import StreamWriter
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from tests.edge.wire import Request, send
from tests.middleware import middleware

Engine = Callable[[Request, StreamWriter], Awaitable[bool]]
"""Answers, and says whether the connection may be used again."""


def behind_front(engine: Engine, variables: Mapping[str, str]) -> Engine:
    """The engine behind the front, which gets these variables.

    What the engine says goes out past the front, which so decides alone what comes in.
    """

    async def app(scope: dict[str, Any], _: object, __: object) -> None:
        scope["goes_on"] = await engine(scope["request"], scope["writer"])

    os.environ.update(variables)
    front = middleware("engine_front").EngineFront(app)

    async def answered(request: Request, writer: StreamWriter) -> bool:
        scope: dict[str, Any] = {
            "type": "http",
            "method": request.method,
            "path": request.target.partition("?")[0],
            "headers": [(name.encode(), value.encode()) for name, value in request.headers],
            "request": request,
            "writer": writer,
        }

        async def refuse(message: Mapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                scope["status"] = message["status"]
            else:
                await send(writer, scope["status"], message["body"])

        await front(scope, None, refuse)
        return scope.get("goes_on", True)

    return answered
