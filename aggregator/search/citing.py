"""From a query to what is cited: all that was found, copies too, in batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from aggregator.access import Shown
from aggregator.citations import Cited
from aggregator.model import Following, Version

BATCH = 200
"""Articles looked at together."""


def cited(
    catalogue: Shown, following: Following, ids: Sequence[str], versions: Mapping[str, str] | None = None
) -> Iterator[Cited]:
    """Yield what is cited of articles, in their order; those that may not be seen are left out.

    Args:
        catalogue: Open; for what leaves the home, without what may not.
        following: sources.yaml: what the sources are called, and to whose copies nothing may lead.
        ids: Which articles.
        versions: Of each of them the digest of the version to cite; None: the newest.
    """
    for start in range(0, len(ids), BATCH):
        yield from _batch(catalogue, following, ids[start : start + BATCH], versions)


def _batch(
    catalogue: Shown, following: Following, ids: Sequence[str], versions: Mapping[str, str] | None
) -> Iterator[Cited]:
    articles = catalogue.articles(ids)
    seen = catalogue.versions_of(articles)
    places = catalogue.memberships(articles)
    families = {family.id: family for family in catalogue.clusters({cluster for cluster, _ in places.values()})}
    for i in ids:
        article = articles.get(i)
        if article is None:
            continue
        wanted = versions[i] if versions is not None else article.version
        version = _newest(seen.get(i, ()), wanted)
        if version is None:
            continue
        source = following.source(article.source_id)
        family = families.get(places[i][0]) if i in places else None
        if wanted != article.version:
            article = replace(
                article,
                title=version.title,
                authors=version.authors,
                language=version.language,
                text=version.text,
                version=version.digest,
            )
        yield Cited(
            article=article,
            source_name=source.name if source else article.source_id,
            archived=None if source and source.no_links else _place(catalogue, version),
            captured_at=version.captured_at,
            family=family.id if family else None,
            copies=len(family.members) - 1 if family else 0,
            original=family.original if family else None,
        )


def _newest(versions: Sequence[Version], digest: str) -> Version | None:
    """Return the version of a digest: of a text that came back, the last one."""
    return next((version for version in reversed(versions) if version.digest == digest), None)


def _place(catalogue: Shown, version: Version) -> str | None:
    capture = catalogue.capture(version.record_id)
    return f"archive/{capture.file}#{capture.offset}" if capture else None
