"""WARC, ARC and WACZ files as other programs write them, for the tests of imports."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from fastwarc.stream_io import Lz4Writer, ZstdWriter

from aggregator.archive import foreign
from tests.fakeweb import STORY, page

DATE = "2014-03-01T10:00:00Z"
URL = "http://old.example/1"


def http(body: bytes | str = page(STORY), *, status: int = 200, kind: str = "text/html", **headers: str) -> bytes:
    """An HTTP answer; underscores in the names of headers stand for dashes."""
    data = body.encode() if isinstance(body, str) else body
    named = {"Content-Type": kind, **{name.replace("_", "-"): value for name, value in headers.items()}}
    lines = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    return f"HTTP/1.1 {status} X\r\n{lines}\r\n".encode() + data


def record(
    block: bytes = http(),
    *,
    kind: str = "response",
    url: str = URL,
    date: str = DATE,
    version: str = "1.0",
    eol: str = "\r\n",
    length: int | str | None = None,
    **fields: str,
) -> bytes:
    """A WARC record; a field that is given as empty is left out."""
    said = {
        "WARC-Type": kind,
        "WARC-Target-URI": url,
        "WARC-Date": date,
        "WARC-Record-ID": f"<urn:uuid:{uuid5(NAMESPACE_URL, kind + url + date)}>",
        "Content-Type": "application/http; msgtype=response",
        **{name.replace("_", "-"): value for name, value in fields.items()},
        "Content-Length": str(len(block) if length is None else length),
    }
    lines = "".join(f"{name}: {value}{eol}" for name, value in said.items() if value)
    return f"WARC/{version}{eol}{lines}{eol}".encode() + block + (eol * 2).encode()


def arc(
    block: bytes = http(), *, url: str = URL, date: str = "20060102030405", length: int | str | None = None
) -> bytes:
    """An ARC record of version 1."""
    size = len(block) if length is None else length
    return f"{url} 192.0.2.1 {date} text/html {size}\n".encode() + block + b"\n"


ARC_HEAD = arc(
    b"1 0 InternetArchive\nURL IP-address Archive-date Content-type Archive-length\n", url="filedesc://a.arc"
)


def three() -> list[bytes]:
    """Three records of three addresses."""
    return [record(url=f"http://old.example/{n}", block=http(page(f"Number {n}.\n\n{STORY}"))) for n in (1, 2, 3)]


def zipped(records: Iterable[bytes]) -> bytes:
    """One gzip member a record."""
    return b"".join(gzip.compress(each, mtime=0) for each in records)


def compressed(writer: type[ZstdWriter] | type[Lz4Writer], records: list[bytes], **more: Any) -> bytes:
    """One frame a record."""
    parts = []
    for each in records:
        into = io.BytesIO()
        out = writer(into, **more)
        out.write(each)
        out.close()
        parts.append(into.getvalue())
    return b"".join(parts)


def in_zip(*files: tuple[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as into:
        for name, data in files:
            into.writestr(name, data)
    return packed.getvalue()


def put(folder: Path, data: bytes, name: str = "old.warc.gz") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def found(path: Path, start: int = 0) -> list[foreign.ForeignRecord]:
    return [each for each in foreign.records(path, start) if isinstance(each, foreign.ForeignRecord)]


def problems(path: Path) -> list[str]:
    return [each.what for each in foreign.records(path) if isinstance(each, foreign.Problem)]


def numbers(path: Path) -> list[str]:
    """The last letter of the address of each record that is whole."""
    return [each.url[-1] for each in found(path) if each.whole]
