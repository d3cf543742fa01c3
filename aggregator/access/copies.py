"""Captures as they may be replayed. What is withdrawn is left out; whoever names its address is told of the decision.

A capture is withheld when its address is withdrawn, or an article or version that was read in it, or where it leads.
What is withdrawn of its text is cut out of its body; when it cannot be, the capture is withheld.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TypeAlias

from aggregator import urls
from aggregator.access import Recogniser, Shown, Takedown, unlinked, withdrawals
from aggregator.catalogue import Catalogue
from aggregator.decisions import Decisions
from aggregator.errors import UnknownIdError, WithdrawnError
from aggregator.home import Home
from aggregator.model import Article, Capture, Role, Sighting

MAX_PAGES = 500
"""Of the pages that show a picture, so many are looked at for one that may be seen; beyond, it is withheld."""
_Seen: TypeAlias = dict[str, list[Sighting]]
NOT_HELD = "Nothing is held of that address."


class Copies(Shown):
    """A catalogue for replay: without sources to whose copies nothing may lead, and without what is withdrawn.

    Args:
        home: Whose.
        now: Decisions that have ended by then do not count; None: as the clock says.
    """

    def __init__(self, home: Home, *, now: datetime | None = None) -> None:
        self._now = now or datetime.now(UTC)
        super().__init__(home, now=self._now, leaving=True)
        self._home = home
        self._unlinked = unlinked(home, self._now)

    def at(self, url: str) -> list[Capture]:
        """Return the captures at a canonical address that may be replayed, oldest first; none: nothing is held.

        What pages show with their text may be, as long as one of these pages may.

        Raises:
            WithdrawnError: The address is withdrawn.
        """
        found = self._at(url)
        if self._withholds_copies and any(c.role is Role.REQUISITE for c in found) and not self._is_shown_by_page(url):
            return [capture for capture in found if capture.role is not Role.REQUISITE]
        return found

    def _at(self, url: str) -> list[Capture]:
        """Return the captures at an address that may be replayed, whatever page shows them."""
        if self._unlinked and self._unlinked.has_any(self._all_at(url)):
            return []
        if decision := self._decision(lambda known: self._is_withdrawn_at(url, known)):
            raise _withdrawn(decision)
        known, there = self._in_captures, self.copies_at(url)
        seen = self._seen_in(there)
        return [c for c in there if not (self._is_closed_to(c, seen) or (known and self._holds(c, seen, known)))]

    @property
    def _withholds_copies(self) -> bool:
        return bool(self._unlinked) or self._recogniser is not None

    def _is_shown_by_page(self, requisite: str) -> bool:
        """Whether one of the pages that need a picture or style sheet may be replayed, or none is known that does.

        Raises:
            WithdrawnError: One of them is withdrawn, and none may be replayed.
        """
        pages = self.pages_needing(requisite, MAX_PAGES)
        refusal = None
        for page in pages:
            try:
                if any(capture.role is Role.PAGE for capture in self._at(page)):
                    return True
            except WithdrawnError as error:
                refusal = refusal or error
        if refusal:
            raise refusal
        return not pages

    def listed(self, url: str) -> list[Capture]:
        """Return the same without captures out of which what is withdrawn cannot be cut: to be read, all of them.

        Raises:
            WithdrawnError: The address is withdrawn.
        """
        found = self.at(url)
        if self._in_captures is None:
            return found
        judged: dict[str, bool] = {}
        for capture in found:
            if _record(capture) not in judged:
                judged[_record(capture)] = self._can_be_shown(capture)
        return [capture for capture in found if judged[_record(capture)]]

    def holds(self, url: str) -> bool:
        """Whether anything that could be replayed is kept of a canonical address, by https or by http."""
        return self.has_copies(urls.spellings(url))

    def refuse(self, capture: Capture) -> None:
        """Raise what tells why a capture may not be replayed, if it may not.

        Raises:
            UnknownIdError: Nothing may lead to the copies of its source.
            WithdrawnError: It holds something withdrawn.
        """
        seen = self._seen_in([capture])
        if self._is_closed_to(capture, seen):
            raise UnknownIdError(NOT_HELD)
        is_beside = self._withholds_copies and capture.role is Role.REQUISITE
        if is_beside and not self._is_shown_by_page(capture.url):
            raise UnknownIdError(NOT_HELD)
        if decision := self._decision(lambda known: self._holds(capture, seen, known)):
            raise _withdrawn(decision)

    def held(self, capture: Capture) -> tuple[Capture, bytes]:
        """Return the capture that holds the body of one, and that body, without what is withdrawn.

        Raises:
            UnknownIdError: The body is not held here, or may not be seen.
            WithdrawnError: Something withdrawn is in it that cannot be cut out.
            StoreError: Its file is missing or damaged.
        """
        from aggregator import archive

        holder = self.capture(capture.refers_to) if capture.refers_to else capture
        if holder is None:
            raise UnknownIdError("That capture says that nothing had changed; what it refers to is not held.")
        if holder is not capture:
            self.refuse(holder)
        try:
            return holder, self.redacted(holder, archive.body(self._home.archive, holder))
        except UnknownIdError as error:
            raise WithdrawnError("This copy is withheld.", is_erased=False) from error

    def _can_be_shown(self, capture: Capture) -> bool:
        try:
            self.held(capture)
        except UnknownIdError:
            return False
        return True

    def _seen_in(self, captures: Iterable[Capture]) -> _Seen:
        """Return what was seen in captures, by record: only where something may have to be left out for it."""
        known = self._in_captures
        if not (self._unlinked or (known and (known.marks.articles or known.marks.versions))):
            return {}
        found: _Seen = {}
        for one in self.sightings_in({_record(capture) for capture in captures}):
            found.setdefault(one.record_id, []).append(one)
        return found

    def _is_closed_to(self, capture: Capture, seen: _Seen) -> bool:
        """Whether a capture is of a source to whose copies nothing may lead; imports may not say whose they are."""
        if not self._unlinked:
            return False
        if self._unlinked.has(capture):
            return True
        ids = {one.article_id for one in seen.get(_record(capture), ())}
        return bool(ids) and self._unlinked.has_any(Catalogue.articles(self, ids).values())

    def _all_at(self, url: str) -> list[Article]:
        """Return the articles read at an address, also those that may not be seen."""
        return Catalogue.find_articles(self, url)

    def _is_withdrawn_at(self, url: str, known: Recogniser) -> bool:
        if known.knows_address(url):
            return True
        return bool(known.marks.articles) and any(known.knows_article(one.id) for one in self._all_at(url))

    def _holds(self, capture: Capture, seen: _Seen, known: Recogniser) -> bool:
        """Whether something withdrawn was read in a capture, or it leads to such."""
        if capture.location and (self._is_withdrawn_at(capture.location, known) or self._is_named(capture, known)):
            return True
        return any(
            known.knows_article(one.article_id) or known.knows_version(one.article_id, one.digest)
            for one in seen.get(_record(capture), ())
        )

    def _is_named(self, capture: Capture, known: Recogniser) -> bool:
        """Whether the address that a capture leads to has something withdrawn in its words."""
        from aggregator.access import redaction

        return known.marks.of_text and redaction.holds(capture.location or "", capture.url, known)

    def _decision(self, concerns: Callable[[Recogniser], bool]) -> Takedown | None:
        """Return the first decision in force that concerns something; of several an erase; None: there is none."""
        key = Decisions(self._home.archive).key()
        if key is None or self._in_captures is None or not concerns(self._in_captures):
            return None
        reached = [
            t for t in withdrawals(self._home) if t.in_force(self._now) and concerns(Recogniser(key, t.everywhere))
        ]
        return min(reached, key=lambda t: (t.action != "erase", t.number), default=None)


def _record(capture: Capture) -> str:
    """Return the id of the record that holds the body of a capture."""
    return capture.refers_to or capture.record_id


def _withdrawn(decision: Takedown) -> WithdrawnError:
    day = f"{decision.at.astimezone(UTC):%Y-%m-%d}"
    if decision.action == "erase":
        return WithdrawnError(f"The copies of this page were erased, as was decided on {day}.", is_erased=True)
    return WithdrawnError(f"The copies of this page are withheld, as was decided on {day}.", is_erased=False)
