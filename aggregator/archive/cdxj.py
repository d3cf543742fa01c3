"""CDXJ: one line a capture of a WARC file, by which pywb and others find it.

    org,example)/2026/a-post 20261123120000 {"url": "https://example.org/2026/a-post", "mime": "text/html", ...}

The key is the SURT of the address: the host backwards and what makes no difference folded, by the rules that the
Internet Archive's tools share. The library for it is not a dependency: its licence (AGPL) is not ours, and it asks for
the public suffix list.
"""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote_from_bytes, unquote_to_bytes

from aggregator import wire
from aggregator.archive import reader
from aggregator.archive.records import Record

MAX_KEY_CHARS = 8_192
"""A longer address is its own key."""
_MAX_ESCAPED = 50
"""How often an escaped escape is undone."""
_URL = re.compile(
    rb"(?P<scheme>[a-z][a-z0-9+.-]*):(?://(?P<authority>[^/?#]*))?(?P<path>[^?#]*)(?:\?(?P<query>[^#]*))?",
    re.IGNORECASE | re.DOTALL,
)
_AUTHORITY = re.compile(rb"(?:.*@)?(?:\[(?P<ip>[^\]]*)\]|(?P<host>[^:]*))(?::(?P<port>[0-9]*):*)?", re.DOTALL)
_REPEATED = re.compile(rb"\A(?:https?://)+(?=https?://)")
_NUMBERS = re.compile(rb"[0-9]+(?:\.[0-9]+){0,3}")
_WWW = re.compile(rb"www[0-9]*\.")
_DEFAULT_PORTS = {b"http": 80, b"https": 443}
_PRINTABLE = bytes(set(range(0x21, 0x7F)) - set(b"#%"))
_LATER_HTTP = re.compile(rb"\AHTTP/[23](?:\.[0-9])?(?= )")
"""What others write before the status where nothing was sent as text."""
_PATH_SESSION = re.compile(rb"(.*/)(?:\((?:[a-z]\([0-9a-z]{24}\))+\)|\([0-9a-z]{24}\))/([^?]+\.aspx.*)", re.DOTALL)
"""Of ASP.NET without cookies."""
_QUERY_SESSIONS = [
    re.compile(rb"(.*)%b(?:&(.*))?" % name, re.IGNORECASE | re.DOTALL)
    for name in (
        rb"jsessionid=[0-9a-z]{32}",
        rb"phpsessid=[0-9a-z]{32}",
        rb"sid=[0-9a-z]{32}",
        rb"aspsessionid[a-z]{8}=[a-z]{24}",
        rb"cfid=[^&]+&cftoken=[^&]+",
    )
]


def lines(path: Path, name: str) -> Iterator[str]:
    """Yield a line, with its line break, for each capture of a WARC file of ours, in the order of the file.

    Captures are responses, revisits, resources, and conversions that stand for an erased response.

    Args:
        path: The file.
        name: How the lines shall call it.

    Raises:
        StoreError: It is missing or damaged.
    """
    try:
        for record in reader.records(path):
            if text := line(record, name):
                yield text
    except FileNotFoundError as error:
        raise reader.missing(path) from error
    except ValueError as error:
        raise reader.damaged(path, error) from error


def in_order(lines: Iterable[str]) -> list[str]:
    """Return lines as an index must have them: sorted by their bytes, none twice."""
    return sorted(set(lines))  # all are ASCII


def line(record: Record, name: str) -> str | None:
    """Return the line of one record, with its line break; None: it is no capture.

    Raises:
        ValueError: It lacks what its type must say.
    """
    fields = record.fields
    kind, url = fields.get("WARC-Type"), fields.get("WARC-Target-URI", "").strip("<>").replace(" ", "%20")
    captured_at, status = fields.get("WARC-Date", ""), None
    mime, digest = fields.get("Content-Type"), fields.get("WARC-Payload-Digest")
    if kind == "response" or (kind == "revisit" and record.block):
        answer = wire.read_head(_LATER_HTTP.sub(b"HTTP/1.1", record.block))
        status, mime = str(answer.status), answer.header("Content-Type")
    elif kind == "conversion" and "Aggregator-Captured-At" in fields:
        captured_at, status = fields["Aggregator-Captured-At"], fields.get("Aggregator-Status")
        digest = fields.get("WARC-Block-Digest")
    elif kind not in ("resource", "revisit"):
        return None
    said = {
        "url": url,
        "mime": "warc/revisit" if kind == "revisit" else mime and re.split(r"[;\s]", mime, maxsplit=1)[0],
        "status": status,
        "digest": digest,
        "length": str(record.length),
        "offset": str(record.offset),
        "filename": name,
    }
    timestamp = re.sub(r"[^0-9]", "", captured_at)[:14]
    return f"{key(url)} {timestamp} {json.dumps({k: v for k, v in said.items() if v is not None})}\n"


def key(url: str) -> str:
    """Return the SURT of an address; of one that cannot be taken apart, the address, without blanks.

    Without scheme, user name, fragment, default port, a leading ``www.`` and session ids; host backwards, all in lower
    case, escapes undone as far as they can be, parameters sorted, no slash at the end.
    """
    raw = url.encode("utf-8", "surrogatepass")
    try:
        return _surt(raw).decode("ascii")
    except ValueError:
        return quote_from_bytes(raw, safe=_PRINTABLE + b"#%")


def _surt(raw: bytes) -> bytes:
    url = re.sub(rb"[\t\r\n]", b"", raw.strip())
    found = _URL.match(_REPEATED.sub(b"", url)) or _URL.match(b"http://" + url)
    if found is None or len(url) > MAX_KEY_CHARS:
        raise ValueError("no address")
    scheme, authority, path, query = found["scheme"], found["authority"], found["path"], found["query"]
    if scheme.startswith(b"http") and not authority and path:  # http:////example.org/
        authority, _, path = path.lstrip(b"/").partition(b"/")
        path = b"/" + path
    host, port = _host_and_port(authority or b"", scheme.lower())
    if not host:
        front, path = scheme + b":", _escaped(_unescaped(path))
    else:
        front = b",".join(reversed(host.split(b"."))) + (b":%d" % port if port else b"") + b")"
        path = _escaped(_without_dots(_unescaped(path)))
    path = path.lower()
    if session := _PATH_SESSION.fullmatch(path):
        path = session[1] + session[2]
    if path.endswith(b"/") and len(path) > 1:
        path = path[:-1]
    query = _query(query or b"")
    return front + (path or (b"/" if query else b"")) + (b"?" + query if query else b"")


def _host_and_port(authority: bytes, scheme: bytes) -> tuple[bytes, int | None]:
    """Return host and port as a key has them.

    Raises:
        ValueError: They are none.
    """
    parts = _AUTHORITY.fullmatch(authority)
    if parts is None:
        raise ValueError("no host")
    port = int(parts["port"] or 0)
    if port > 0xFFFF:
        raise ValueError("no port")
    host = _unescaped((parts["ip"] or parts["host"] or b"").lower())
    if not host.isascii():
        with suppress(UnicodeError):  # no name that could be asked for is kept as it is
            host = host.decode("utf-8", "ignore").encode("idna")
    host = host.replace(b"..", b".").strip(b".")
    host = _dotted(host) or _escaped(host).lower()
    if www := _WWW.match(host):
        host = host[www.end() :]
    return host, None if port == _DEFAULT_PORTS.get(scheme) else port or None


def _dotted(host: bytes) -> bytes | None:
    """Return an IPv4 address in its usual form, however it was written; None: it is a name."""
    if host.isdigit():
        return ".".join(map(str, (int(host) & 0xFFFFFFFF).to_bytes(4, "big"))).encode()
    if not _NUMBERS.fullmatch(host):
        return None
    try:
        return socket.inet_ntoa(socket.inet_aton(host.decode())).encode()
    except OSError:
        return None


def _unescaped(text: bytes) -> bytes:
    for _ in range(_MAX_ESCAPED):
        before, text = text, unquote_to_bytes(text)
        if text == before:
            break
    return text


def _escaped(text: bytes) -> bytes:
    return quote_from_bytes(text, safe=_PRINTABLE).encode()


def _without_dots(path: bytes) -> bytes:
    """Return a path without empty parts, ``.`` and ``..``."""
    kept: list[bytes] = []
    for part in path.split(b"/")[1:]:
        if part == b".." and kept:
            kept.pop()
        elif part != b".":
            kept.append(part)
    inner = [part for part in kept[:-1] if part]
    return b"/" + b"/".join(inner + kept[-1:])


def _query(query: bytes) -> bytes:
    query = _escaped(_unescaped(query))
    for session in _QUERY_SESSIONS:
        if found := session.fullmatch(query):
            query = found[1] + (found[2] or b"")
    pairs = sorted(tuple(pair.split(b"=", 1)) for pair in query.lower().split(b"&"))
    return b"&".join(b"=".join(pair) for pair in pairs)
