"""Sends requests when they are due, whatever became of those before, and times their first token."""

import asyncio
import json
import time
from collections.abc import Mapping, Sequence

from bench.affinity.load import Asked


async def first_tokens(
    asked: Sequence[Asked], port: int, *, model: str, headers: Mapping[str, str]
) -> Sequence[float]:
    """Seconds until the first token of each.

    Raises:
        RuntimeError: when one was not answered with 200 to its end.
    """
    start = time.monotonic()
    return await asyncio.gather(
        *(_first_token(each, start, port, model=model, headers=headers) for each in asked)
    )


async def _first_token(
    asked: Asked, start: float, port: int, *, model: str, headers: Mapping[str, str]
) -> float:
    await asyncio.sleep(max(0.0, start + asked.at_seconds - time.monotonic()))
    body = json.dumps(asked.body(model)).encode()
    sent = time.monotonic()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(_head({**headers, "content-length": str(len(body))}) + body)
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in head.partition(b"\r\n")[0]:
            raise RuntimeError(head.decode())
        await reader.readuntil(b"\n\n")
        seconds = time.monotonic() - sent
        await reader.readuntil(b"[DONE]")
    except asyncio.IncompleteReadError as broken:
        msg = f"broken after {broken.partial!r}"
        raise RuntimeError(msg) from broken
    finally:
        writer.close()
    return seconds


def _head(headers: Mapping[str, str]) -> bytes:
    lines = [
        "POST /v1/chat/completions HTTP/1.1",
        "host: edge",
        "content-type: application/json",
        "connection: close",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode()
