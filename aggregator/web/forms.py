"""What a form of these pages sends."""

from __future__ import annotations

from urllib.parse import parse_qs

from fastapi import Request
from starlette.exceptions import HTTPException

from aggregator.errors import UsageError

_MOST_FIELDS = 8


async def own_fields(request: Request, max_bytes: int) -> dict[str, str]:
    """Return the fields of a form that only a page of this server can have sent.

    Raises:
        HTTPException: Another has.
        UsageError: It is too long, or no form.
    """
    given = await fields(request, max_bytes)
    if not request.app.state.door.is_key(given.get("key", "")):
        raise HTTPException(403, "This form is not of this server, or of one before it was started again. Reload it.")
    return given


async def fields(request: Request, max_bytes: int) -> dict[str, str]:
    """Return the fields of a form, the first where one comes several times.

    Raises:
        UsageError: It is too long, or no form.
    """
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > max_bytes:
            raise UsageError(f"That is too long: {max_bytes:,} bytes are the most.")
    try:
        found = parse_qs(body.decode("ascii"), keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="replace")
    except ValueError:
        raise UsageError("That was not sent by the form of this page.") from None
    return {name: values[0] for name, values in found.items()}
