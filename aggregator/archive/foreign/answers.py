"""Records of foreign files to captures: what each says was answered, whichever program wrote it down.

Programs differ in what they keep of an answer. Some undo chunks or compression and leave the headers that announce
them; some write ``HTTP/2`` before the status. The length of a record is more to be trusted than the headers in it.
"""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from aggregator import urls, wire
from aggregator.archive.foreign.parsing import MAX_BLOCK_BYTES, ForeignRecord
from aggregator.archive.records import Entry, sha1
from aggregator.model import Capture, Role

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
"""Before the web was: a date that cannot be right."""
CLOCK_S = 86_400
"""How much later than its import a capture may be dated, in seconds: clocks differ."""
_FEEDS = ("application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/feed+json")
_PAGES = ("text/html", "application/xhtml+xml", "application/vnd.wap.xhtml+xml")
_CHUNK = re.compile(rb"[0-9A-Fa-f]{1,8}[ \t]*(?:;[^\r\n]*)?\r?\n")
_STATUS_LINE = re.compile(rb"HTTP/\d+(?:\.\d+)?(?= +\d{3})")
_TEXT = re.compile(rb"(?:\xef\xbb\xbf)?\s*[<{]")
_ANSWERS = ("response", "revisit", "resource", "conversion")
_IDENTICAL = "identical-payload-digest"


def entry_of(record: ForeignRecord, file: str, *, source_id: str, imported_at: datetime) -> Entry | None:
    """Return the capture that one record is; None: it is none, or lacks what makes one.

    Args:
        record: As read.
        file: Where it stands, relative to ``archive/``.
        source_id: Whose it is; empty: to be told from its address.
        imported_at: When the file was brought in: what is dated later is no capture.
    """
    if record.kind not in _ANSWERS:
        return None
    url = urls.canonical(record.url.replace(" ", "%20"))
    captured_at = _date(record.fields.get("warc-date", ""))
    if url is None or captured_at is None or not EARLIEST <= captured_at <= imported_at + timedelta(seconds=CLOCK_S):
        return None
    answer = _answer(record)
    if answer is None:
        return None
    refers_to = _refers_to(record)
    digest = record.fields.get("warc-payload-digest", "")
    content_type = answer.header("Content-Type") or ""
    capture = Capture(
        url=url,
        captured_at=captured_at,
        source_id=source_id,
        role=_role(record, url, content_type),
        asked_url=url,
        status=answer.status,
        content_type=content_type,
        payload_digest=digest or ("" if record.kind == "revisit" else sha1(_payload(record))),
        record_id=record.record_id,
        refers_to=refers_to,
        etag=answer.header("ETag"),
        last_modified=answer.header("Last-Modified"),
        location=answer.location(url),
        truncated=_truncated(record, answer),
        problem=None if refers_to is not None else answer.problem,
        file=file,
        offset=record.offset,
        length=record.length,
    )
    before = None
    if refers_to is not None:
        before = (
            urls.canonical(record.fields.get("warc-refers-to-target-uri", "").strip("<> ")) or url,
            _date(record.fields.get("warc-refers-to-date", "")),
        )
    return Entry(capture, b"" if refers_to is not None else answer.body, file, record.offset, before)


def _refers_to(record: ForeignRecord) -> str | None:
    """Return the record that a revisit refers to, empty where it names none; None: this is no revisit."""
    if record.kind != "revisit":
        return None
    said = record.fields.get("warc-refers-to", "").strip("<> ")
    return f"<{said}>" if said else ""


def _truncated(record: ForeignRecord, answer: wire.Answer) -> str | None:
    """Return why a capture is incomplete; None: it is whole. That a revisit has no body is no lack."""
    if not record.whole:
        return "length" if len(record.block) == MAX_BLOCK_BYTES else "unspecified"
    if record.kind == "revisit" or _is_closed(answer.body):
        return None
    return record.fields.get("warc-truncated") or None


def _is_closed(body: bytes) -> bool:
    """Whether a page ends as pages do: then it is whole, whatever was noted of its length."""
    return body[-200:].rstrip().lower().endswith(b"</html>")


def _date(said: str) -> datetime | None:
    """Return the instant that a date names, in UTC where it names no zone; None: it is none."""
    try:
        found = datetime.fromisoformat(said.strip())
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _payload(record: ForeignRecord) -> bytes:
    return record.block.partition(b"\r\n\r\n")[2] if record.block.startswith(b"HTTP/") else record.block


def _role(record: ForeignRecord, url: str, content_type: str) -> Role:
    """Return what an answer is to be read as, by what it says that it is."""
    said = record.fields.get("aggregator-role")
    if said in set(Role):
        return Role(said)
    kind = content_type.partition(";")[0].strip().lower()
    if urls.path_and_query(url) == "/robots.txt":
        return Role.ROBOTS
    if kind in _FEEDS:
        return Role.FEED
    return Role.PAGE if kind in _PAGES or (record.kind == "revisit" and not kind) else Role.OTHER


def _answer(record: ForeignRecord) -> wire.Answer | None:
    """Return what was answered; None: this is no answer of a web server, nor what one would give."""
    http = record.block.startswith(b"HTTP/")
    if record.kind == "revisit":
        if not http:
            same = _IDENTICAL in record.fields.get("warc-profile", "") or not record.fields.get("warc-profile")
            return wire.Answer(status=200 if same else 304, headers=(), body=b"")
        return _read(record.block)
    if record.kind == "response" and http:
        return _read(record.block)
    if record.kind in ("resource", "conversion") or (record.kind == "response" and record.arc):
        status = record.fields.get("aggregator-status", "200")
        return wire.Answer(
            status=int(status) if re.fullmatch(r"[1-5]\d\d", status) else 200,
            headers=(("Content-Type", record.fields.get("content-type", "")),),
            body=record.block,
        )
    return None


def _read(block: bytes) -> wire.Answer | None:
    """Read an answer as it was kept, forgiving what the program that kept it undid."""
    block = _STATUS_LINE.sub(b"HTTP/1.1", block, count=1)
    try:
        cut = block.find(b"\r\n\r\n") + 4 if block[9:10] in b"2345" else 0
        cut = cut if cut > 3 else wire.head_length(block)
    except ValueError:
        return None
    head, body = block[:cut], block[cut:]
    if not _CHUNK.match(body):
        head = _without(head, b"transfer-encoding")
    try:
        answer = wire.read_answer(_with_length(head, body) + body)
    except ValueError:
        return None
    if (answer.header("Content-Encoding") or "").strip().lower() == "zstd":
        answer = _unzstd(answer)
    if answer.problem and _TEXT.match(body) and answer.header("Content-Encoding"):
        head = _without(head, b"content-encoding", b"content-length")
        undone = wire.read_answer(head + body)
        answer = replace(undone, headers=answer.headers)
    return answer


def _unzstd(answer: wire.Answer) -> wire.Answer:
    """Undo zstd, which we never ask for, within the limits of every body; as it is where that cannot be."""
    from fastwarc.stream_io import ZstdReader

    limit = max(wire.RATIO_FREE_BYTES, min(wire.MAX_DECODED_BYTES, wire.MAX_RATIO * len(answer.body)))
    parts, left = [], limit + 1
    try:
        reader = ZstdReader(io.BytesIO(answer.body))
        while left and (part := reader.read(min(left, 1 << 16))):
            parts.append(part)
            left -= len(part)
    except (OSError, ValueError):
        return answer
    problem = None if left else f"the body grows past {limit:,} bytes when decompressed"
    return replace(answer, body=b"".join(parts)[:limit], problem=problem)


def _with_length(head: bytes, body: bytes) -> bytes:
    """Return the head without its Content-Length where the body is longer, or shorter and yet a whole page."""
    said = re.search(rb"(?im)^content-length:[ \t]*(\d{1,18})[ \t]*\r?$", head)
    wrong = said and (int(said[1]) < len(body) or _is_closed(body))
    return _without(head, b"content-length") if wrong else head


def _without(head: bytes, *names: bytes) -> bytes:
    """Return a head without some of its fields, the folded lines of these included."""
    return re.sub(rb"(?im)^(?:" + b"|".join(names) + rb"):[^\n]*\n(?:[ \t][^\n]*\n)*", b"", head)
