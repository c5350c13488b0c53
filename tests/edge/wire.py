"""HTTP/1.1 as a scripted server reads and writes it: every header as it came, every chunk on its own."""

import asyncio
import json
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Request:
    """One, whole."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes


async def read_request(reader: asyncio.StreamReader) -> Request | None:
    """The next one; None where the client is done."""
    line = await reader.readline()
    if not line:
        return None
    method, target, _ = line.decode("latin-1").split(" ", 2)
    headers: list[tuple[str, str]] = []
    while (line := await reader.readline()) not in (b"\r\n", b""):
        name, _, value = line.decode("latin-1").partition(":")
        headers.append((name.lower(), value.strip()))
    given = dict(headers)
    if given.get("transfer-encoding") == "chunked":
        body = b""
        while size := int(await reader.readline(), 16):
            body += await reader.readexactly(size)
            await reader.readline()
        await reader.readline()
    else:
        body = await reader.readexactly(int(given.get("content-length", 0)))
    return Request(method=method, target=target, headers=headers, body=body)


async def refuse(writer: asyncio.StreamWriter, status: int, message: str) -> bool:
    """An error in the shape of OpenAI's; the connection may be used again."""
    error = {"error": {"message": message, "type": "server_error", "param": None, "code": status}}
    await send(writer, status, json.dumps(error).encode())
    return True


async def send(
    writer: asyncio.StreamWriter, status: int, body: bytes, kind: str = "application/json"
) -> None:
    """An answer in one piece."""
    head = f"HTTP/1.1 {status} X\r\nserver: uvicorn\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    await writer.drain()


def chunk(data: bytes) -> bytes:
    """A part of an answer in parts."""
    return b"%x\r\n%s\r\n" % (len(data), data)
