"""What is asked for: ``/web/20100206120000im_/http://...``, and the addresses that lead there. Pure.

They have the form that the Wayback Machine gave them. The address of a page stands in them as it is, with its query; so
it is read from the bytes of the request, before anybody undoes its escapes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, unquote

from aggregator import urls
from aggregator.errors import UsageError

RAW, PICTURE, STYLE, PAGE = "id_", "im_", "cs_", ""
"""How a copy is wanted: its bytes, as a picture of a page, as its style sheet, to be read."""
_WEB = re.compile(r"(?P<when>[0-9]{1,14}|\*)(?P<form>[a-z]{2}_)?/(?P<url>.+)", re.DOTALL)
_FORMS = {None: PAGE, "if_": PAGE, "id_": RAW, "im_": PICTURE, "cs_": STYLE}
_ONE_SLASH = re.compile(r"\A(https?):/(?!/)", re.IGNORECASE)
_LATEST = "29991231235959"
_YEARS = (1990, 9998)
MAX_LOOKED_FOR = 2_000
"""Pictures and style sheets of one page of which it is looked whether a copy is held."""
MAX_ADDED_CHARS = 32 << 20
"""Of addresses that are written into one page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a request under ``/web/`` asks for."""

    url: str
    """As it stands in the request."""
    when: datetime | None
    """Which time is meant, to the second; None: all of them."""
    is_exact: bool
    """Whether the time was given to the second."""
    form: str
    """How it is wanted: one of the constants above."""


def rest_of(scope: Mapping[str, Any], prefix: str) -> str:
    """Return what follows a prefix in the address of a request, as it was sent.

    Args:
        scope: Of the request.
        prefix: With which its path begins.

    Raises:
        UsageError: Its path begins otherwise once escapes are left as they are.
    """
    path: str = scope["raw_path"].decode("ascii", "replace")
    if not path.startswith(prefix):
        raise UsageError("The address is not understood.")
    query = scope["query_string"].decode("ascii", "replace")
    return path[len(prefix) :] + (f"?{query}" if query else "")


def asked(rest: str, *, latest: datetime) -> Asked:
    """Return what is asked for by what follows ``/web/``.

    Args:
        rest: Time, form and address, or an address alone: its newest copy.
        latest: The present, for an address alone.

    Raises:
        UsageError: There is no such time or form.
    """
    start, slash, behind = rest.partition("/")
    found = _WEB.fullmatch(unquote(start) + slash + behind)
    if found is None:
        return Asked(url=rest, when=latest, is_exact=False, form=PAGE)
    if found["form"] not in _FORMS:
        raise UsageError(f"{found['form']}: there are the forms id_ (bytes), im_ (pictures) and cs_ (style sheets).")
    form = _FORMS[found["form"]]
    if found["when"] == "*":
        return Asked(url=found["url"], when=None, is_exact=False, form=form)
    return Asked(url=found["url"], when=time_of(found["when"]), is_exact=len(found["when"]) == 14, form=form)


def time_of(digits: str) -> datetime:
    """Return the second that some digits name, the first of fourteen; of a year, month or day its last second.

    Raises:
        UsageError: There is no such time.
    """
    year = int(digits[:4].ljust(4, "0"))
    try:
        if len(digits) in (4, 6) and _YEARS[0] <= year <= _YEARS[1]:
            month = int(digits[4:] or 12)
            first = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
            datetime(year, month, 1, tzinfo=UTC)
            return first - timedelta(seconds=1)
        padded = digits + _LATEST[len(digits) :]
        return datetime.strptime(padded, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        raise UsageError(f"{digits} is no time: 2010, 201002, 20100206 or 20100206120000 is one.") from None


def timestamp(at: datetime) -> str:
    """Return an instant as fourteen digits, UTC."""
    return f"{at.astimezone(UTC):%Y%m%d%H%M%S}"


def candidates(typed: str) -> list[str]:
    """Return the canonical addresses that may be meant by one in a request, the likeliest first.

    Raises:
        UsageError: It is no web address.
    """
    found = urls.spellings(_ONE_SLASH.sub(r"\1://", typed))
    if not found:
        raise UsageError("That is no web address.")
    return found


def copy_path(at: datetime | str, url: str, form: str = PAGE) -> str:
    """Return the path of a copy on this server.

    Args:
        at: When it was captured, or a time near to that, or its fourteen digits.
        url: What was captured, canonical.
        form: How it is wanted.
    """
    return f"/web/{at if isinstance(at, str) else timestamp(at)}{form}/{url}"


class Linking:
    """Leads from one archived copy to others of about the same time.

    Args:
        base: The address that its relative links start from.
        when: The time of the copy, fourteen digits.
        key: Begins the path of what pages load by themselves: so no page of anybody else's can load it.
        holds: Whether a copy of a canonical address is held: what is not is left out of pages.
    """

    def __init__(self, *, base: str, when: str, key: str, holds: Callable[[str], bool] = lambda url: True) -> None:
        self.base = base
        self._holds = holds
        self._looked_for: dict[str, bool] = {}
        self._when = when
        self._key = key
        self._left = MAX_ADDED_CHARS

    def link(self, url: str) -> str | None:
        """Return where a link leads that a reader may follow; None: nowhere."""
        there, mark, fragment = url.strip().partition("#")
        ending = f"#{quote(unquote(fragment))}" if fragment else ""
        if not there:
            return ending or mark or None
        address = urls.canonical(there, self.base)
        return self._counted(copy_path(self._when, address) + ending) if address else None

    def embedded(self, url: str, form: str) -> str | None:
        """Return the address of something that a page loads by itself; None: it loads nothing."""
        address = urls.canonical(url, self.base) if url.strip() else None
        if address is None or not self._is_held(address):
            return None
        return self._counted(f"/{self._key}{copy_path(self._when, address, form)}")

    def _is_held(self, address: str) -> bool:
        """Whether a copy is held; beyond so many addresses nobody looks, and none is."""
        if address not in self._looked_for and len(self._looked_for) < MAX_LOOKED_FOR:
            self._looked_for[address] = self._holds(address)
        return self._looked_for.get(address, False)

    def _counted(self, address: str) -> str | None:
        """Return an address, and none once there were too many: short links may stand for long addresses."""
        self._left -= len(address)
        return address if self._left >= 0 else None
