"""The address that a page gives as its own."""

from __future__ import annotations

from aggregator import urls
from aggregator.extract.page import Page, said


def canonical_of(page: Page) -> str | None:
    """Return the address that a page says it should be known by (RFC 6596, else Open Graph); None: it says none.

    One on another site, or of a front page, is none: themes are copied with them, and errors lead home.
    """
    links = [
        link.get("href") or "" for link in page.tree.iter("link") if "canonical" in (link.get("rel") or "").split()
    ]
    for written in (*links, *said(page, "og:url")):
        address = urls.canonical(written.strip(), page.url or None)
        if address and urls.site(address) == urls.site(page.url) and urls.path_and_query(address) != "/":
            return address
    return None
