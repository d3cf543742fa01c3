"""The catalogue as it may be shown, with what was withdrawn left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from aggregator.access.decided import recogniser_of, withdrawals
from aggregator.access.marks import Marks, Recogniser, words_of
from aggregator.access.restrictions import Unlinked, restricted
from aggregator.access.telling import Discretion
from aggregator.catalogue import Catalogue
from aggregator.errors import UnknownIdError
from aggregator.home import Home
from aggregator.model import (
    BOTH_HAVE,
    Article,
    Capture,
    Cluster,
    Credit,
    Facts,
    Match,
    Pair,
    Role,
    Run,
    Version,
    VersionFacts,
)

if TYPE_CHECKING:
    from aggregator.archive import Copy, Held

_Two = TypeVar("_Two", Match, Pair)


def text_of(one: Article | Version) -> str:
    """Return all that is said in an article or version: its title, text and authors."""
    return "\n".join((one.title or "", one.text, *one.authors))


class Shown(Catalogue):
    """A catalogue for reading, without what may not be seen. A withdrawn passage or name has blocks in its place.

    Args:
        home: Whose.
        now: Decisions that have ended by then do not count.
        leaving: For exports and feeds: leave out also what only staff may see.
    """

    def __init__(self, home: Home, *, now: datetime | None = None, leaving: bool = False) -> None:
        super().__init__(home.catalogue)
        self.read_as(home.node)
        at = now or datetime.now(UTC)
        decided = withdrawals(home)
        self._of = home
        self._in_force = [each for each in decided if each.in_force(at)]
        self._recogniser = recogniser_of(home, (each.marks for each in self._in_force))
        self._is_erasing = any(each.is_to_be_carried_out and each.marks.of_addresses for each in decided)
        """Whether articles at withdrawn addresses may be there: once erased they are gone, and not taken again."""
        restrictions = restricted(home)
        self._closed = {one.source_id for one in restrictions if one.is_closed(at, leaving=leaving)}
        self._no_links = Unlinked.of([one for one in restrictions if one.no_links])

    @cached_property
    def _in_captures(self) -> Recogniser | None:
        """What recognises all that is withdrawn of captures: what stands of hidden articles on other pages, too."""
        return recogniser_of(self._of, (m for each in self._in_force for m in (each.marks, each.around) if m))

    def _in_capture(self, capture: Capture) -> Recogniser | None:
        """What recognises what is withdrawn of one capture: without what articles have that may be seen and were there.

        What stands of a hidden article elsewhere was found when it was hidden; others may have come since that have it.
        """
        around = [each.around for each in self._in_force if each.around and each.around.of_text]
        known = self._in_captures
        if known is None or not around:
            return known
        ids = {one.article_id for one in self.sightings_in({capture.refers_to or capture.record_id})}
        told = [words_of(text_of(one)) for versions in self.versions_of(ids).values() for one in versions]
        lengths = frozenset().union(*(each.lengths for each in around))
        seen = Marks.union(known.marker.text(words, lengths) for words in told)
        left = [each.without(seen) for each in around]
        if left == around:
            return known
        rest = [each.around for each in self._in_force if each.around and not each.around.of_text]
        return recogniser_of(self._of, (*(each.marks for each in self._in_force), *rest, *left))

    @property
    def withholds(self) -> bool:
        """Whether parts of texts are withdrawn, so that what a query found must be looked at again."""
        return self._recogniser is not None and (
            self._recogniser.marks.of_text or bool(self._recogniser.marks.versions)
        )

    @property
    def closed_sources(self) -> frozenset[str]:
        """The sources of which nothing may be seen."""
        return frozenset(self._closed)

    def may_lead_to(self, capture: Capture, article: Article) -> bool:
        """Whether what is handed on may say where the capture of an article is kept."""
        return not (self._no_links.has(capture) or self._no_links.has_any([article]))

    def hidden_articles(self) -> frozenset[str]:
        """Return the ids of the articles that are withdrawn as a whole, or by their address."""
        known = self._recogniser
        if known is None or not (known.marks.articles or self._is_erasing):
            return frozenset()
        if not self._is_erasing:
            return frozenset(filter(known.knows_article, self.article_ids()))
        every = self.addresses_and_versions()
        return frozenset(i for i, (url, _) in every.items() if known.knows_article(i) or known.knows_address(url))

    def _may_see(self, article: Article | Facts) -> bool:
        known = self._recogniser
        return article.source_id not in self._closed and not (known and known.knows_article(article.id))

    def _is_withheld(self, article: Article) -> bool:
        known = self._recogniser
        return not self._may_see(article) or (known is not None and known.knows_address(article.url))

    def _seen(self, article: Article) -> Article | None:
        if self._is_withheld(article):
            return None
        known = self._recogniser
        if known is None:
            return article
        if known.knows_version(article.id, article.version):
            left = self.versions(article.id)
            if not left:
                return None
            article = article.as_in(left[-1])
        if not known.marks.of_text:
            return article
        return replace(
            article,
            url=known.blocked(article.url),
            title=known.blocked(article.title) if article.title else article.title,
            authors=tuple(known.blocked(author) for author in article.authors),
            text=known.blocked(article.text),
        )

    def article(self, article_id: str) -> Article | None:
        """Return the article of that id as it may be seen; None: there is none, or it is withheld."""
        found = super().article(article_id)
        return found and self._seen(found)

    def articles(self, ids: Iterable[str]) -> dict[str, Article]:
        """Return the articles of those ids that exist and may be seen."""
        seen = ((i, self._seen(article)) for i, article in super().articles(ids).items())
        return {i: article for i, article in seen if article}

    def facts(self, ids: Iterable[str]) -> list[Facts]:
        """Return the facts of those articles that exist and may be seen, by id."""
        return self._seen_facts(super().facts(ids))

    def all_facts(self) -> list[Facts]:
        """Return the facts of all articles that may be seen, by id."""
        return self._seen_facts(super().all_facts())

    def _seen_facts(self, found: list[Facts]) -> list[Facts]:
        """Leave out what may not be seen; an address or a version that is withdrawn may be all that an article has."""
        left = [facts for facts in found if self._may_see(facts)]
        known = self._recogniser
        if known is None or not (self._is_erasing or known.marks.versions):
            return left
        now = self.addresses_and_versions([facts.id for facts in left])
        doubtful = [
            i for i, (url, version) in now.items() if known.knows_version(i, version) or known.knows_address(url)
        ]
        gone = set(doubtful) - self.articles(doubtful).keys()
        return [facts for facts in left if facts.id not in gone]

    def find_articles(self, url: str) -> list[Article]:
        """Return the articles read at an address that may be seen."""
        return [seen for article in super().find_articles(url) if (seen := self._seen(article))]

    def read_at(self, url: str) -> list[Article]:
        """Return the articles read at just that address that may be seen."""
        return [seen for article in super().read_at(url) if (seen := self._seen(article))]

    def versions(self, article_id: str) -> list[Version]:
        """Return an article's versions that may be seen, oldest first."""
        return self._shown(article_id, super().versions(article_id))

    def versions_of(
        self, article_ids: Iterable[str], digests: Collection[str] | None = None
    ) -> dict[str, list[Version]]:
        """Return the versions of articles that may be seen, by article; those of which none may be are left out.

        Args:
            article_ids: Whose.
            digests: Of the few that are wanted; None: all are.
        """
        seen = {facts.id for facts in self.facts(article_ids)}
        found = ((i, self._shown(i, versions)) for i, versions in super().versions_of(seen, digests).items())
        return {i: versions for i, versions in found if versions}

    def version_facts(self, article_ids: Iterable[str]) -> dict[str, list[VersionFacts]]:
        """Return what is known of versions that may be seen, by article; those of which none may be are left out."""
        known, found = self._recogniser, super().version_facts(facts.id for facts in self.facts(article_ids))
        if known is None:
            return found
        kept = ((i, [v for v in versions if not known.knows_version(i, v.digest)]) for i, versions in found.items())
        return {i: versions for i, versions in kept if versions}

    def _shown(self, article_id: str, found: list[Version]) -> list[Version]:
        known = self._recogniser
        if known is None or not found:
            return found
        if known.knows_article(article_id):
            return []
        kept = [v for v in found if not known.knows_version(article_id, v.digest)]
        if not known.marks.of_text:
            return kept
        return [
            replace(
                v,
                title=known.blocked(v.title) if v.title else v.title,
                authors=tuple(known.blocked(author) for author in v.authors),
                text=known.blocked(v.text),
            )
            for v in kept
        ]

    def whole_versions(self, article_id: str) -> list[Version]:
        """Return an article's versions of which every word may be seen, oldest first."""
        article = super().article(article_id)
        if article is None or self._is_withheld(article):
            return []
        seen = self.versions(article_id)
        return [version for version in super().versions(article_id) if version in seen]

    def credits_of(self, article_ids: Iterable[str]) -> dict[str, list[Credit]]:
        """Return the credit lines of articles' newest versions, by article."""
        known = self._recogniser
        found = super().credits_of({facts.id for facts in self.facts(article_ids)})
        if known is None:
            return found
        return {
            i: [replace(c, line=known.blocked(c.line), outlet=known.blocked(c.outlet)) for c in lines]
            for i, lines in found.items()
        }

    def matches_of(self, article_ids: Iterable[str]) -> list[Match]:
        """Return the matches between articles and versions that may be seen."""
        left = self._seen_pairs(super().matches_of(article_ids))
        if self._recogniser is None:
            return left
        return [replace(m, evidence=tuple(self._said(m.evidence))) for m in left]

    def pairs(self) -> list[Pair]:
        """Return which articles and versions that may be seen have a match."""
        return self._seen_pairs(super().pairs())

    def _seen_pairs(self, found: Sequence[_Two]) -> list[_Two]:
        seen = {facts.id for facts in self.facts({i for m in found for i in (m.a, m.b)})}
        left = [m for m in found if {m.a, m.b} <= seen]
        known = self._recogniser
        if known is None:
            return left
        return [m for m in left if not (known.knows_version(m.a, m.a_version) or known.knows_version(m.b, m.b_version))]

    def _said(self, evidence: Iterable[str]) -> Iterator[str]:
        """Yield reasons without what is withdrawn: of names that are told word by word, none can be recognised."""
        known = self._recogniser
        for said in evidence:
            if known is None or not known.marks.of_text:
                yield said
            elif not said.startswith(BOTH_HAVE):
                yield known.blocked(said)

    def runs(self, source_id: str | None = None, *, limit: int = 1000) -> list[Run]:
        """Return the runs of a source, or of all, the newest first; of what failed, what may be told."""
        return self._told(super().runs(source_id, limit=limit))

    def last_runs(self) -> dict[str, Run]:
        """Return the newest run of each source; of what failed, what may be told."""
        return {run.source_id: run for run in self._told(super().last_runs().values())}

    def _told(self, runs: Iterable[Run]) -> list[Run]:
        """Leave out of what failed, and of what is noted, what may not be told."""
        discretion = self.discretion()
        return [
            replace(
                run,
                failed=[one for one in run.failed if discretion.allows(*one)],
                notes=[note for note in run.notes if discretion.allows("", note)],
            )
            for run in runs
        ]

    def discretion(self) -> Discretion:
        """Return what tells whether something may be said of what a site answers."""
        hidden = list(self.hidden_articles())
        pages = [c for c in super().captures_read(hidden).values() if c.role is Role.PAGE]
        urls = {url for url, _ in self.addresses_and_versions(hidden).values()}
        return Discretion(self._in_captures, urls | {url for c in pages for url in (c.url, c.asked_url)})

    def posted_since(self, at: datetime, source_id: str) -> list[datetime]:
        """Return when those articles of a source were published that may be seen, as far as they claim it."""
        if not self.hidden_articles():
            return super().posted_since(at, source_id)
        return [one.dated for one in self.all_facts() if one.source_id == source_id and one.dated >= at]

    def article_counts(self) -> dict[str, int]:
        """Return the number of articles of each source that may be seen."""
        if not (self.hidden_articles() or self._closed):
            return super().article_counts()
        return dict(Counter(one.source_id for one in self.all_facts()))

    def memberships(self, article_ids: Iterable[str]) -> dict[str, tuple[str, bool]]:
        """Return the cluster of each of those articles that may be seen, and whether it is its original."""
        found = super().memberships(article_ids)
        seen = {facts.id for facts in self.facts(found)}
        return {i: place for i, place in found.items() if i in seen}

    def clusters(self, ids: Iterable[str] | None = None) -> list[Cluster]:
        """Return the clusters with two members or more that may be seen."""
        there = super().clusters(ids)
        seen = {facts.id for facts in self.facts({m for cluster in there for m in cluster.members})}
        found = []
        for cluster in there:
            members = tuple(m for m in cluster.members if m in seen)
            original = cluster.original if cluster.original in seen else None
            if len(members) > 1:
                found.append(replace(cluster, members=members, original=original))
        return found

    def captures_of(self, article_id: str) -> list[Capture]:
        """Return the captures of what may be seen of an article, oldest first."""
        known = self._recogniser
        if known is None:
            return super().captures_of(article_id)
        seen = {v.record_id for v in self.versions(article_id)}
        return [c for c in super().captures_of(article_id) if c.record_id in seen]

    def may_leave(self, capture: Capture, copy: Copy) -> bool:
        """Whether a capture may leave, by its source and by what its record and that of its request hold.

        Of what was read in it ``whole_versions`` tells. That is not all it holds: front pages, feeds and answers of
        interfaces hold texts that no article was read from. One that cannot be read to its end stays.
        """
        if capture.source_id in self._closed:
            return False
        known = self._in_capture(capture)
        if known is None or not (known.marks.of_text or known.marks.of_addresses):
            return True
        return not (capture.problem or any(is_withdrawn(one, known) for one in copy.held))

    def redacted(self, capture: Capture, body: bytes) -> bytes:
        """Return a capture's body without what is withdrawn.

        Raises:
            UnknownIdError: Something withdrawn is in it that cannot be cut out.
        """
        known = self._in_capture(capture)
        if known is None:
            return body
        from aggregator.access import redaction  # with what reads records: a search does without

        try:
            left = redaction.redact(body, capture.content_type, capture.url, known)
        except ValueError as error:
            raise UnknownIdError(f"{capture.url}: withheld; {error}.") from error
        return left.body if left else body


def stands_in_head(one: Held, known: Recogniser) -> bool:
    """Whether a record's address or headers hold something withdrawn: then nothing of it may stay."""
    from aggregator.access import redaction

    return known.knows_address(one.url) or redaction.holds(one.head, one.url, known)


def is_withdrawn(one: Held, known: Recogniser) -> bool:
    """Whether a record holds something withdrawn, in whatever place."""
    from aggregator.access import redaction

    if stands_in_head(one, known):
        return True
    try:
        return redaction.redact(one.body, one.content_type, one.url, known) is not None
    except ValueError:  # more than can be cut out
        return True
