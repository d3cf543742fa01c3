"""Whether a capture that is about to leave holds something withdrawn: in fields, HTTP heads or decoded body. Pure.

Articles are not all that a capture holds: front pages, feeds and answers of interfaces hold texts that no article was
read from.
"""

from __future__ import annotations

from aggregator import wire
from aggregator.access import redaction
from aggregator.access.marks import Recogniser
from aggregator.archive import Copy, Record
from aggregator.model import Capture


def holds(capture: Capture, copy: Copy, body: bytes, known: Recogniser) -> bool:
    """Whether a capture holds something withdrawn, or cannot be read far enough to tell.

    Args:
        capture: As catalogued.
        copy: Its record, and that of its request.
        body: Its decoded body.
        known: What is withdrawn.
    """
    if capture.problem or known.knows_address(capture.url):
        return True
    if any(redaction.holds(_head(record), capture.url, known) for record in copy.records):
        return True
    try:
        return redaction.redact(body, capture.content_type, capture.url, known) is not None
    except ValueError:
        return True


def _head(record: Record) -> str:
    """Return the fields of a record and its HTTP head, of a request all of it, as text."""
    cut = len(record.block)
    if record.fields.get("WARC-Type") != "request":
        try:
            cut = wire.head_length(record.block)
        except ValueError:
            cut = record.block.find(b"\r\n\r\n") if record.block.startswith(b"HTTP/") else 0
    lines = "\n".join(f"{name}: {value}" for name, value in record.fields.items())
    return f"{lines}\n{_text(record.block[:cut])}"


def _text(head: bytes) -> str:
    try:
        return head.decode()
    except UnicodeDecodeError:
        return head.decode("latin-1")
