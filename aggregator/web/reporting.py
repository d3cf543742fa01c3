"""How readers tell those who run the home that something is wrong: by mail of their own, for nothing is sent from here.

Percents stand for all but letters and digits in what is put into the address of a mail (RFC 6068): no stranger's words
can begin another header of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from aggregator.citations.cited import one_line
from aggregator.home import Home
from aggregator.web.followed import contact_of

_MOST_CHARS = 500
"""Of a line: programs for mail take addresses of some 2,000."""


@dataclass(frozen=True, slots=True)
class Report:
    """Where a problem is reported."""

    address: str
    """Of a mail that names what it is about, or of a page."""
    to: str
    """Who reads it, as sources.yaml says."""


def report(home: Home, subject: str, facts: dict[str, str | None]) -> Report | None:
    """Return where a problem is reported; None: sources.yaml names nobody.

    Args:
        home: Whose.
        subject: Of the mail.
        facts: What it says already, by name; None: that is not known.
    """
    contact = contact_of(home)
    if contact is None or "@" not in contact or "://" in contact:
        return Report(contact, contact) if contact else None
    lines = [f"{name}: {one_line(value)[:_MOST_CHARS]}" for name, value in facts.items() if value]
    said = {"subject": one_line(subject)[:_MOST_CHARS], "body": "\r\n".join([*lines, "", ""])}
    fields = "&".join(f"{name}={quote(value, safe='', errors='replace')}" for name, value in said.items())
    return Report(f"mailto:{quote(contact, safe='@')}?{fields}", contact)
