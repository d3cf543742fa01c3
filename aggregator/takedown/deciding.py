"""From an article, version, passage or name to the marks that stand for it, and to the event that withdraws it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from aggregator import access, urls
from aggregator.access import GRAM_WORDS, MIN_PART_LETTERS, MIN_RARE_LETTERS, Marker, Marks
from aggregator.catalogue import Catalogue
from aggregator.decisions import Decisions, Event
from aggregator.errors import UnknownIdError, UsageError
from aggregator.home import Home
from aggregator.model import Article, Match, Version
from aggregator.search import saved
from aggregator.search.saved import SavedSearch

REASONS = ("person-at-risk", "request-of-person", "request-of-author", "legal-order", "copyright", "error", "other")
STANDING = 3
"""A run of words that so many unrelated articles have is a standing phrase or the furniture of a site."""
MIN_TITLE_WORDS = 3
"""A shorter title is withdrawn with its page, not wherever its words stand."""
_CHUNK = 200


class Scope(StrEnum):
    """What of the archive a takedown is about."""

    ARTICLE = "article"
    VERSION = "version"
    PASSAGE = "passage"
    NAME = "name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is to be withdrawn, as found."""

    marks: Marks
    articles: tuple[Article, ...]
    """Those meant; none for a passage or a name."""
    copies: tuple[Article, ...]
    """Other articles that share text with them, or hold the passage or name."""
    matches: tuple[Match, ...] = ()
    """Which passages those share with the articles that are meant."""
    requisites: tuple[str, ...] = ()
    """Addresses of pictures and style sheets that only the pages of these need: they are withdrawn with them."""
    left: tuple[str, ...] = ()
    """Of a version, those that only the captures name in which it was read: they stay."""


def target(home: Home, refs: Sequence[str], scope: Scope, *, erase: bool) -> Target:
    """Return what is meant, with its marks.

    Args:
        home: Where it is.
        refs: Ids or addresses of articles; for a version ``ID@DIGEST`` or ``ID@NUMBER``; else the words themselves.
        scope: What they are.
        erase: Whether texts must be recognised wherever they stand; to hide an article, its name is enough.

    Raises:
        UnknownIdError: There is no such article or version.
        UsageError: A passage or name has no words.
        StoreError: The catalogue is missing or damaged.
    """
    marker = Marker(Decisions(home.archive).make_key())
    with Catalogue(home.catalogue) as catalogue:
        match scope:
            case Scope.ARTICLE:
                return _articles(catalogue, marker, refs, erase=erase)
            case Scope.VERSION:
                return _versions(catalogue, marker, refs, erase=erase)
            case Scope.PASSAGE:
                return _passages(catalogue, marker, refs, set())
            case Scope.NAME:
                return _passages(catalogue, marker, refs, {word for ref in refs for word in access.words_of(ref)})


def recogniser_of(home: Home, what: Target) -> access.Recogniser:
    """Return what finds a target in the archive, before anything is decided."""
    return access.Recogniser(Decisions(home.archive).make_key(), what.marks)


def searches_of(home: Home, what: Target) -> tuple[list[SavedSearch], int]:
    """Return the saved searches that ask for a target, before it is decided; and how many former ones do.

    Those that a decision before withholds are former ones to whoever asks.
    """
    files = set(saved.withdrawn(home, recogniser_of(home, what)))
    shown = [one for one in saved.standing(home) if one.file in files and not one.is_withheld]
    return shown, len(files) - len(shown)


def decide(
    home: Home,
    what: Target,
    *,
    scope: Scope,
    reason: str,
    by: str,
    erase: bool,
    until: datetime | None,
    now: datetime,
) -> Event:
    """Withdraw something, from the next reading on.

    Args:
        home: Where it is.
        what: As ``target`` returned it.
        scope: What it is.
        reason: One of ``REASONS``.
        by: Who decided.
        erase: Whether it is to be overwritten, which ``carry_out`` does; else it is hidden.
        until: When a hide ends; None: it does not.
        now: When it was decided.

    Raises:
        NoSpaceError: The disk is full or read-only; nothing was decided.
    """
    said = {
        "key": Decisions(home.archive).key_sign(),
        "action": "erase" if erase else "hide",
        "scope": scope,
        "reason": reason,
        "by": by,
        "until": until.astimezone(UTC).isoformat() if until else None,
        "marks": what.marks.as_json(),
        "reached": {
            "articles": len(what.articles),
            "copies": len(what.copies),
            "searches": len(saved.withdrawn(home, recogniser_of(home, what))),
        },
    }
    return Decisions(home.archive).append("takedown", said, now=now)


def lift(home: Home, number: int, *, by: str, now: datetime) -> Event:
    """End a takedown: what was hidden is seen again, what was erased may be captured again.

    Raises:
        UnknownIdError: There is no takedown of that number, or it was lifted already.
    """
    if not any(each.number == number and not each.lifted for each in access.takedowns(home)):
        raise UnknownIdError(f"There is no takedown {number} in force. `aggregator takedown list` shows them.")
    return Decisions(home.archive).append("lift", {"takedown": number, "by": by}, now=now)


# --- articles and versions ------------------------------------------------------------------------------------------


def _found(catalogue: Catalogue, ref: str) -> list[Article]:
    typed = urls.canonical(ref)
    found = (catalogue.read_at(typed) if typed else []) or catalogue.meant(ref)  # where it leads now is another article
    if not found:
        raise UnknownIdError(f"{ref}: no article of that id or address. `aggregator search` finds ids.")
    return found


def _articles(catalogue: Catalogue, marker: Marker, refs: Sequence[str], *, erase: bool) -> Target:
    articles = [article for ref in refs for article in _found(catalogue, ref)]
    marks = Marks(articles=frozenset(marker.article(article.id) for article in articles))
    family = _family(catalogue, articles)
    shown = _requisites(catalogue, articles)
    if erase:
        marks |= Marks(requisites=frozenset(map(marker.requisite, shown)))
        meant = {article.id for article in articles}
        every = catalogue.addresses_and_versions()
        marks |= address_marks(catalogue, marker, articles, {i: u for i, (u, _) in every.items() if i not in meant})
        versions = [version for article in articles for version in catalogue.versions(article.id)]
        others = (article for article in every_article(catalogue) if article.id not in family)
        marks |= text_marks(marker, versions, others, standing=STANDING)
    ids = {article.id for article in articles}
    shared = tuple(match for match in catalogue.matches_of(ids) if not {match.a, match.b} <= ids)
    return Target(
        marks=marks,
        articles=tuple(articles),
        copies=_others(catalogue, family, articles),
        matches=shared,
        requisites=shown,
    )


def _requisites(catalogue: Catalogue, articles: Sequence[Article]) -> tuple[str, ...]:
    """Return what is shown by the pages of some articles and by no other page."""
    ids = {article.id for article in articles}
    captures = catalogue.captures_showing(ids)
    seen = catalogue.sightings_in({capture.refers_to or capture.record_id for capture in captures})
    others = {one.record_id for one in seen if one.article_id not in ids}
    own = {capture.url for capture in captures if (capture.refers_to or capture.record_id) not in others}
    return tuple(sorted(catalogue.needed_only_by(own)))


def _versions(catalogue: Catalogue, marker: Marker, refs: Sequence[str], *, erase: bool) -> Target:
    marks, articles = Marks(), []
    shown: set[str] = set()
    read_in: set[str] = set()
    for ref in refs:
        ident, _, wanted = ref.rpartition("@")
        [article, *_] = _found(catalogue, ident or ref)
        versions = catalogue.versions(article.id)
        chosen = [v for v in versions if wanted and (v.digest.startswith(wanted.lower()) or str(v.number) == wanted)]
        if len({v.digest for v in chosen}) != 1:
            known = ", ".join(f"{article.id}@{v.digest}" for v in versions)
            raise UnknownIdError(f"{ref} names no single version. The versions are: {known}")
        digest = chosen[0].digest
        marks |= Marks(versions=frozenset([marker.version(article.id, digest)]))
        if erase:
            rest = {g for v in versions if v.digest != digest for g in _grams(access.words_of(v.text))}
            only = [g for g in _grams(access.words_of(chosen[0].text)) if g not in rest]
            marks |= Marks(grams=frozenset(marker.mark("gram", gram) for gram in only))
            shown |= _requisites_of_version(catalogue, article.id, digest)
            marks |= Marks(requisites=frozenset(map(marker.requisite, shown)))
        articles.append(article)
        read_in |= {one.record_id for one in catalogue.sightings(article.id) if one.digest == digest}
    left = tuple(sorted(set(catalogue.named_only_by(read_in)) - shown))
    return Target(marks=marks, articles=tuple(articles), copies=(), requisites=tuple(sorted(shown)), left=left)


def _requisites_of_version(catalogue: Catalogue, article_id: str, digest: str) -> set[str]:
    """Return what is shown by the captures of a page in which one version was seen, and by no other capture.

    What is noted of a capture is so of those after it, too, up to the next note.
    """
    captures = catalogue.captures_showing({article_id})
    read = {capture.refers_to or capture.record_id for capture in captures}
    others = {s.record_id for s in catalogue.sightings_in(read) if (s.article_id, s.digest) != (article_id, digest)}
    only: set[str] = set()
    for url in {capture.url for capture in captures}:
        notes = catalogue.notes_at(url)
        own = {record for record, _ in notes}
        for capture in catalogue.copies_at(url):
            record = capture.refers_to or capture.record_id
            if capture.status in (200, 304) and (record in others or record not in read):
                last = max((at for _, at in notes if at <= capture.captured_at), default=None)
                own -= {noted for noted, at in notes if at == last}
        only |= own
    return catalogue.needed_only_in(only)


def _family(catalogue: Catalogue, articles: Sequence[Article]) -> set[str]:
    ids = {article.id for article in articles}
    return ids | {i for match in catalogue.matches_of(ids) for i in (match.a, match.b)}


def _others(catalogue: Catalogue, family: set[str], articles: Sequence[Article]) -> tuple[Article, ...]:
    return tuple(catalogue.articles(sorted(family - {article.id for article in articles})).values())


def address_marks(
    catalogue: Catalogue, marker: Marker, articles: Iterable[Article], others: Mapping[str, str]
) -> Marks:
    """Return the marks of the addresses of articles, and of those that led to them and to nobody else.

    Args:
        catalogue: Of all.
        marker: Makes them.
        articles: Whose addresses.
        others: The addresses of the articles that are to stay, by id. Where one of them was read nothing is marked;
            where one lies below, the address is marked without what lies below it.
    """
    keys = [[access.address_key(one) for one in access.at_and_above(url)] for url in others.values()]
    taken, above = {at for at, *_ in keys}, {key for _, *rest in keys for key in rest}
    whole: set[bytes | None] = set()
    alone: set[bytes | None] = set()
    for article in articles:
        for url in catalogue.addresses_of(article):
            is_own = url == article.url
            if access.address_key(url) in taken or catalogue.seen_at(url, or_led_to=not is_own) & others.keys():
                continue
            is_whole = is_own and access.address_key(url) not in above
            (whole if is_whole else alone).add(marker.address(url))
    return Marks(addresses=frozenset(filter(None, whole)), pages=frozenset(filter(None, alone - whole)))


def text_marks(marker: Marker, versions: Sequence[Version], others: Iterable[Article], *, standing: int) -> Marks:
    """Return the marks of texts, titles and names of authors, without what others have too.

    Args:
        marker: Makes them.
        versions: Whose texts.
        others: Articles in which nothing is to be recognised.
        standing: A run of words that so many of them have is left out.
    """
    texts = [access.words_of(version.text) for version in versions]
    titles = {tuple(access.words_of(title)) for v in versions for title in (v.title, v.read_title) if title}
    authors = [access.words_of(author) for version in versions for author in version.authors]
    grams = Counter(dict.fromkeys((gram for words in texts for gram in _grams(words)), 0))
    words = {word for text in (*texts, *titles, *authors) for word in text if len(word) >= MIN_RARE_LETTERS}
    phrases = {title for title in titles if len(title) >= MIN_TITLE_WORDS}
    for article in others:
        other = access.words_of(access.text_of(article))
        grams.update(set(_grams(other)) & grams.keys())
        words.difference_update(other)
        phrases -= {p for p in phrases if set(p) <= set(other) and f" {' '.join(p)} " in f" {' '.join(other)} "}
    marks = Marks(grams=frozenset(marker.mark("gram", gram) for gram, n in grams.items() if n < standing))
    marks |= marker.words(words)
    for phrase in phrases:
        marks |= marker.phrase(phrase)
    return marks


def _grams(words: Sequence[str]) -> list[str]:
    return [" ".join(words[i : i + GRAM_WORDS]) for i in range(len(words) - GRAM_WORDS + 1)]


def every_article(catalogue: Catalogue) -> Iterator[Article]:
    """Yield the articles of a catalogue, some at a time."""
    ids = catalogue.article_ids()
    for at in range(0, len(ids), _CHUNK):
        yield from catalogue.articles(ids[at : at + _CHUNK]).values()


# --- passages and names ---------------------------------------------------------------------------------------------


def _passages(catalogue: Catalogue, marker: Marker, refs: Sequence[str], named: set[str]) -> Target:
    """Return words that are withdrawn wherever they stand, and of the words of names those that nothing else has."""
    marks = Marks()
    for ref in refs:
        found = marker.passage(ref)
        if found == Marks():
            raise UsageError("a passage or name without words cannot be withdrawn")
        marks |= found
    known = access.Recogniser(marker.key, marks)
    holders = []
    for article in every_article(catalogue):
        text = f"{article.title or ''}\n{article.text}\n{', '.join(article.authors)}"
        if known.holds(text):
            holders.append(article)
        elif named:
            named.difference_update(access.words_of(text))
    marks |= marker.parts(word for word in named if len(word) >= MIN_PART_LETTERS)
    return Target(marks=marks, articles=(), copies=tuple(holders))
