"""One form per address: what is asked for and kept, and what counts as the same page."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from urllib.parse import SplitResult, quote, urljoin, urlsplit

MAX_URL_CHARS = 2_048
_MAX_HOST_CHARS = 253
"""RFC 1035, section 2.3.4, without the dot at the end."""

_TRACKING = re.compile(
    r"utm_\w+|fbclid|gclid|dclid|gbraid|wbraid|msclkid|yclid|igshid|mc_cid|mc_eid|_hsenc|_hsmi|mkt_tok|pk_\w+|mtm_\w+",
    re.IGNORECASE,
)
"""Query parameters that name a campaign, not a page; the union of what browsers and crawlers strip, as of 2026."""

_AMBIGUOUS = re.compile(r"[a-z]*:?//[^/?#]*[\\%\s\x00-\x1f\x7f]", re.IGNORECASE)
"""A host or user name with what programs read in different ways: one sees ``a.example`` where another sees 10.0.0.1."""
_SCHEME = re.compile(r"\A(?:https?:)?//", re.IGNORECASE)
_MEMENTO = re.compile(r"https?://web\.archive\.org/web/(\d{14})id_/(https?://.*)", re.ASCII)
_DEFAULT_PORTS = {"http": 80, "https": 443}
_SAFE = "/%:@!$&'()*+,;=~-._?"


def canonical(url: str, base: str | None = None) -> str | None:
    """Return the one form of an address; None: it is no http(s) address, or too long, or malformed.

    Scheme and host in lower case, host names in their IDNA form, no default port, no user name, no fragment, an empty
    path as ``/``, characters that may not stand in an address percent-encoded. Path and query are otherwise left
    exactly as announced: case, order and existing escapes may matter to the server (RFC 3986, section 6).

    Args:
        url: As found, absolute or relative.
        base: The address of the page it was found on; None: ``url`` must be absolute.
    """
    url = url.strip()
    if _AMBIGUOUS.match(url):
        return None
    try:
        parts = urlsplit(_absolute(url, base))
        port = parts.port
        host = _ascii_host(parts)
        path, query = quote(parts.path or "/", safe=_SAFE), quote(parts.query, safe=_SAFE)
    except ValueError:  # also a lone surrogate, which has no UTF-8 form
        return None
    if parts.scheme not in _DEFAULT_PORTS or not host:
        return None
    netloc = host if port in (None, _DEFAULT_PORTS[parts.scheme]) else f"{host}:{port}"
    address = f"{parts.scheme}://{netloc}{path}" + (f"?{query}" if query else "")
    return address if len(address) <= MAX_URL_CHARS else None


def spellings(typed: str) -> list[str]:
    """Return the addresses that somebody may mean who types one or copies it: as it stands, then by https and by http.

    Browsers show addresses without ``https://``, and ask for https where http is written.
    """
    rest = _SCHEME.sub("", typed.strip())
    found = (canonical(one) for one in (typed, f"https://{rest}", f"http://{rest}"))
    return list(dict.fromkeys(one for one in found if one))


def _absolute(url: str, base: str | None) -> str:
    return urljoin(base, url) if base and not urlsplit(url).scheme else url


def identity(url: str) -> str:
    """Return what makes two canonical addresses the same page: the address without parameters that name a campaign."""
    address, _, query = url.partition("?")
    kept = "&".join(p for p in query.split("&") if p and not _TRACKING.fullmatch(p.partition("=")[0]))
    return f"{address}?{kept}" if kept else address


def memento(url: str) -> tuple[str, datetime] | None:
    """Return what an address of the Wayback Machine is a capture of, and of when; None: it is no capture there.

    Read are addresses with ``id_``, under which it gives the bytes as it received them.
    """
    match = _MEMENTO.match(url)
    original = canonical(match[2]) if match else None
    if match is None or original is None:
        return None
    try:
        return original, datetime.strptime(match[1], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None


def memento_address(original: str, timestamp: str) -> str:
    """Return the address under which the Wayback Machine has a capture as it received it.

    Args:
        original: Of the page.
        timestamp: Of the capture, fourteen digits.
    """
    return f"https://web.archive.org/web/{timestamp}id_/{original}"


def _ascii_host(parts: SplitResult) -> str:
    host = (parts.hostname or "").rstrip(".")
    if not host.isascii():
        if len(host) > _MAX_HOST_CHARS:  # it takes seconds to find that out otherwise
            raise ValueError("longer than any host name")
        host = host.encode("idna").decode("ascii")
    if ":" in host:
        return f"[{host}]"
    if not re.fullmatch(r"[a-z0-9._-]+", host):
        raise ValueError(f"not a host name: {host!r}")
    return host


def origin(url: str) -> str:
    """Return scheme, host and port: what robots.txt speaks for."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def host(url: str) -> str:
    """Return the host name, lower case, without a port."""
    return (urlsplit(url).hostname or "").lower()


def site(url: str) -> str:
    """Return the host name without a leading ``www.``: the form in which sites are compared."""
    return host(url).removeprefix("www.")


def path_and_query(url: str) -> str:
    """Return what follows the host: equal on a mirror that serves the same paths."""
    parts = urlsplit(url)
    return parts.path + ("?" + parts.query if parts.query else "")
