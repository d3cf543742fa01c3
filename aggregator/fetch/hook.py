"""Telling somebody else's program something: the one request here that carries a body."""

from __future__ import annotations

import time

import requests
import urllib3
from requests.structures import CaseInsensitiveDict

from aggregator import __version__, urls
from aggregator.errors import FetchError
from aggregator.fetch import limits
from aggregator.fetch.fetcher import AGENT, in_words
from aggregator.fetch.guard import Guard
from aggregator.fetch.overhearing import Adapter, Attempt, TooLong, current

_TOTAL_S = 20.0
"""How long it may take: whoever tells does nothing else meanwhile."""
_ANYWHERE = ("0.0.0.0/0", "::/0")


def post(url: str, body: bytes, *, content_type: str, proxy: str | None = None) -> None:
    """Send something to an address that the operator wrote down, wherever that is, also on this machine.

    Args:
        url: Where to.
        body: What.
        content_type: What it is.
        proxy: Through which; None: none.

    Raises:
        FetchError: It was not taken: no answer came, or none of 2xx. Redirects are not followed.
    """
    headers = {"User-Agent": f"{AGENT}/{__version__}", "Content-Type": content_type, "Content-Length": str(len(body))}
    attempt = Attempt(Guard(_ANYWHERE, proxy), urls.path_and_query(url), time.monotonic() + _TOTAL_S)
    current.set(attempt)
    try:
        prepared = requests.PreparedRequest()
        prepared.prepare(method="POST", url=url, data=body)
        prepared.headers = CaseInsensitiveDict(headers)
        with Adapter().send(prepared, timeout=(limits.CONNECT_S, limits.IDLE_S)) as answer:
            status = answer.status_code
    except FetchError as error:
        raise FetchError(url, error.reason, retryable=True) from error
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError, TooLong) as error:
        raise FetchError(url, in_words(error), retryable=True) from error
    if not 200 <= status < 300:
        raise FetchError(url, f"HTTP {status}", retryable=True)
