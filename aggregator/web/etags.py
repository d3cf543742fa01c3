"""Answers for programs that ask again: a tag of what is answered, and 304 for who has just that (RFC 9110, 8.8.3).

The tag is weak: how long a search took is in its JSON, and is no other answer. It spares the network, not the search.
No cache on the way keeps anything, for the guard forbids that.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import MutableMapping
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Receive, Scope, Send

_ASKED_AGAIN = ("/api/", "/feeds/")
_TOOK = re.compile(rb'"took_ms":[0-9.]+,?')
_TAG = re.compile(r'(?:W/)?("[^"]*")')
_TAG_BYTES = 16


class Conditional:
    """Tags answers for programs; whoever has one already is told so.

    Args:
        app: What answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET" or not scope["path"].startswith(_ASKED_AGAIN):
            await self._app(scope, receive, send)
            return
        known = _TAG.findall(Headers(scope=scope).get("if-none-match", ""))
        start: MutableMapping[str, Any] = {}
        parts: list[bytes] = []

        async def tagged(message: MutableMapping[str, Any]) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and message["status"] == 200:
                start = message
            elif not start:
                await send(message)
            else:
                parts.append(message.get("body", b""))
                if not message.get("more_body"):
                    await _answer(start, b"".join(parts), known, send)

        await self._app(scope, receive, tagged)


async def _answer(start: MutableMapping[str, Any], body: bytes, known: list[str], send: Send) -> None:
    """Send an answer with its tag; only the tag to who has it."""
    headers = MutableHeaders(raw=start["headers"])
    digest = hashlib.blake2b(_TOOK.sub(b"", body), digest_size=_TAG_BYTES)
    digest.update(headers.get("link", "").encode())
    tag = f'"{digest.hexdigest()}"'
    headers["ETag"] = f"W/{tag}"
    if tag in known:
        del headers["content-length"], headers["content-type"]
        await send({**start, "status": 304, "headers": headers.raw})
        await send({"type": "http.response.body", "body": b""})
        return
    await send({**start, "headers": headers.raw})
    await send({"type": "http.response.body", "body": body})
