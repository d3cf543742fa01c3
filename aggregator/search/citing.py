"""From a query to what is cited: all that was found, copies too, in batches; and from a manifest to what is left of it.

query -> matching (ids, newest first) -> batches -> as they may be seen -> version, family, source, place -> Cited
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from aggregator import access
from aggregator.access import Shown
from aggregator.catalogue import Catalogue
from aggregator.citations import Cited
from aggregator.citations.manifest import Listed
from aggregator.home import Home
from aggregator.model import Following, Version

BATCH = 200
"""Articles looked at together."""


def cited(
    catalogue: Shown,
    following: Following,
    ids: Sequence[str],
    versions: Mapping[str, str] | None = None,
    *,
    numbers: Mapping[str, int] | None = None,
    as_of: datetime | None = None,
) -> Iterator[Cited]:
    """Yield what is cited of articles, in their order; those that may not be seen are left out.

    Args:
        catalogue: Open; for what leaves the home, without what may not.
        following: sources.yaml: what the sources are called.
        ids: Which articles.
        versions: Of each of them the digest of the version to cite; None: the newest.
        numbers: Of each of them, instead, the number of the version to cite: a text that came back has two.
        as_of: Cite instead the version that could be read just before then.
    """
    for start in range(0, len(ids), BATCH):
        yield from _batch(catalogue, following, ids[start : start + BATCH], versions, numbers, as_of)


def _batch(
    catalogue: Shown,
    following: Following,
    ids: Sequence[str],
    versions: Mapping[str, str] | None,
    numbers: Mapping[str, int] | None,
    as_of: datetime | None,
) -> Iterator[Cited]:
    articles = catalogue.articles(ids)
    seen = catalogue.versions_of(articles)
    captures = catalogue.captures_read(articles)
    memberships = catalogue.memberships(articles)
    families = {family.id: family for family in catalogue.clusters({family for family, _ in memberships.values()})}
    for i in ids:
        article = articles.get(i)
        if article is None:
            continue
        there = [version for version in seen.get(i, ()) if as_of is None or version.captured_at < as_of]
        if as_of is not None:
            version = there[-1] if there else None
        elif numbers is not None:
            version = next((each for each in there if each.number == numbers[i]), None)
        else:
            version = _newest(there, versions[i] if versions is not None else article.version)
        if version is None:
            continue
        source = following.source(article.source_id)
        family = families.get(memberships[i][0]) if i in memberships else None
        capture = captures.get((i, version.number))
        if (version.digest, version.number) != (article.version, article.number):
            article = article.as_in(version)
        members = set(family.members) if family else set()
        if family and as_of is not None:
            members = {facts.id for facts in catalogue.facts(members) if facts.captured_at < as_of}
        yield Cited(
            article=article,
            source_name=source.name if source else article.source_id,
            archived=capture.place if capture and catalogue.may_lead_to(capture, article) else None,
            captured_at=version.captured_at,
            family=family.id if family and len(members) > 1 else None,
            copies=max(0, len(members) - 1),
            original=family.original if family and family.original in members else None,
        )


def _newest(versions: Sequence[Version], digest: str) -> Version | None:
    """Return the version of a digest: of a text that came back, the last one."""
    return next((version for version in reversed(versions) if version.digest == digest), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What is left of the articles of a manifest."""

    versions: dict[str, str]
    """The version that it names of each article that can be shown in that version, in its order."""
    changed: tuple[str, ...]
    """Those of them that have another version since."""
    gone: tuple[str, ...]
    """Articles that the home does not have, or no longer in that version; none of a home in which was erased."""
    withdrawn: int
    """How many may not be seen. Which these are is not said.

    What an erase took with it is known by its text only, which no manifest has: where one was decided, all that is gone
    is counted here.
    """


def left(home: Home, catalogue: Shown, listed: Sequence[Listed], *, now: datetime) -> Left:
    """Return what is left of the articles of a manifest.

    Args:
        home: Where to look.
        catalogue: Its catalogue, open; for what leaves the home, without what may not.
        listed: The articles of the manifest.
        now: Decisions that have ended by then do not count.

    Raises:
        StoreError: The catalogue or the events are damaged.
    """
    known = access.recogniser(home, now)
    erases = any(takedown.action == "erase" for takedown in access.takedowns(home))
    versions: dict[str, str] = {}
    changed: list[str] = []
    gone: list[str] = []
    withdrawn = 0
    with Catalogue(home.catalogue) as whole:
        for start in range(0, len(listed), BATCH):
            some = listed[start : start + BATCH]
            ids = [each.id for each in some]
            kept = {facts.id for facts in whole.facts(ids)}
            articles = catalogue.articles(ids)
            seen = catalogue.versions_of(articles)
            for each in some:
                article = articles.get(each.id)
                if article and _newest(seen.get(each.id, ()), each.version):
                    versions[each.id] = each.version
                    changed += [each.id] if article.version != each.version else []
                elif erases or (each.id in kept and not article) or (known and _is_withdrawn(each, known)):
                    withdrawn += 1
                else:
                    gone.append(each.id)
    return Left(versions=versions, changed=tuple(changed), gone=tuple(gone), withdrawn=withdrawn)


def _is_withdrawn(listed: Listed, known: access.Recogniser) -> bool:
    return (
        known.knows_article(listed.id)
        or known.knows_version(listed.id, listed.version)
        or known.knows_address(listed.url)
    )
