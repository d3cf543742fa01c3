"""What may be told of what sites answer."""

from __future__ import annotations

import re
from collections.abc import Iterable

from aggregator.access.marks import Recogniser, address_key


class Discretion:
    """What may be told of what a site answers: no address and no words that are withdrawn.

    Args:
        known: What is withdrawn; None: nothing is.
        gone: The addresses at which withdrawn articles were read.
    """

    def __init__(self, known: Recogniser | None, gone: Iterable[str] = ()) -> None:
        self._known = known
        self._gone = frozenset(_spelling(url) for url in gone)

    def allows(self, url: str, said: str = "") -> bool:
        """Whether an address may be told, and what is said of it.

        Args:
            url: Which; empty: something is said of none.
            said: A reason, a note; addresses may be in it.
        """
        if self._known is None:
            return True
        named = [url, *_NAMED.findall(said)]
        if any(_spelling(each) in self._gone or self._known.knows_address(each) for each in named if each):
            return False
        return not self._known.holds(f"{url}\n{said}")


_NAMED = re.compile(r"https?://[^\s\"'<>]+", re.IGNORECASE)


def _spelling(url: str) -> str:
    """Return what the spellings of an address have in common, of a front page the address."""
    return address_key(url) or url
