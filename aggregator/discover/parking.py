"""Pages that stand on a domain when its site is gone: for sale, or full of advertisements until it is.

The signs are those of the large parking services and of what they say; the words count only on a page that says little
else, so that an article about a lost domain is none.
"""

from __future__ import annotations

import re

_HEAD_CHARS = 200_000
_FEW_CHARS = 1_500
"""A parking page has fewer visible characters than this."""

_SERVICES = re.compile(
    r"<html[^>]{0,200}\bdata-adblockkey\s*=|\bwindow\.park\s*=|location(?:\.href)?\s*=\s*[\"']/lander\b"
    r"|<(?:script|i?frame|meta)\b[^>]{0,300}(?:/parking-lander/"
    r"|\b(?:sedoparking|parkingcrew|parklogic|bodis|hugedomains|afternic)\.(?:com|net)\b)",
    re.IGNORECASE,
)
_WORDS = re.compile(
    r"\bdomain(?: name)?\b.{0,60}\b(?:is|may be|could be) (?:for sale|parked)\b"
    r"|\bdomain(?: name)?\b.{0,60}\bavailable for purchase\b"
    r"|\bbuy this domain\b|\b(?:this|your|the) domain (?:name )?(?:has )?expired\b"
    r"|\bdomain\b.{0,60}\b(?:steht|stehen)\b.{0,20}\bzum verkauf\b|\bdomain\b.{0,40}\bzu verkaufen\b"
    r"|\b(?:nom de )?domaine\b.{0,60}\b(?:est|sont) (?:à|a) vendre\b|\bdomaine (?:a )?expiré\b"
    r"|\bdominio\b.{0,60}\b(?:está|esta) (?:en|a la) venta\b|\bdominio\b.{0,60}\bin vendita\b",
    re.IGNORECASE,
)


def is_parking_page(markup: str, words: str) -> bool:
    """Return whether a page says that the domain it is on is for sale, or is of a service that sells domains.

    Args:
        markup: The page, decoded.
        words: What of it can be seen.
    """
    if len(words) >= _FEW_CHARS:
        return False
    return bool(_SERVICES.search(markup[:_HEAD_CHARS]) or _WORDS.search(words))
