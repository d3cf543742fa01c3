"""One article, its versions, and what changed from one to another, as scripts know it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from aggregator.dossier import Dossier, languages
from aggregator.model import Article, Version
from aggregator.shapes import iso
from aggregator.shapes.families import match_json

if TYPE_CHECKING:
    from aggregator.dedupe import Change


def article_json(article: Article, version: Version) -> dict[str, Any]:
    """Return an article's facts as scripts know them, as they are in a version, without its text."""
    return {
        "id": article.id,
        "url": article.url,
        "title": article.title,
        "source": article.source_id,
        "author": list(article.authors),
        "language": article.language,
        "published": iso(article.claimed_at),
        "published_from": article.claimed_by,
        "captured": iso(version.captured_at),
        "first_captured": iso(article.captured_at),
        "version": article.version,
        "problems": list(article.problems),
    }


def dossier_json(of: Dossier, version: Version) -> dict[str, Any]:
    """Return all that is known of an article as scripts know it, with its text in one version."""
    return {
        **article_json(of.article.as_in(version), version),
        "languages": [{"language": part.language, "span": [part.start, part.end]} for part in languages(version)],
        "text": version.text,
        "versions": [_version_json(of, each) for each in of.versions],
        "observations": [{"at": iso(o.at), "what": o.what, "why": o.why} for o in of.observed],
        "credits": [{"line": c.line, "outlet": c.outlet, "source": c.source_id} for c in of.credits],
        "matches": [match_json(m, of.matched, of.decided) for m in of.matches],
    }


def _version_json(of: Dossier, version: Version) -> dict[str, Any]:
    capture = of.capture(version)
    return {
        "number": version.number,
        "version": version.digest,
        "captured": iso(version.captured_at),
        "title": version.title,
        "generation": version.generation,
        "archived_url": capture.place if capture else None,
        "via": capture.via if capture else None,
    }


def changes_json(old: Version, new: Version, changes: Iterable[Change]) -> dict[str, Any]:
    """Return what changed from one version to another as scripts know it."""
    return {
        "from": {"number": old.number, "version": old.digest, "captured": iso(old.captured_at)},
        "to": {"number": new.number, "version": new.digest, "captured": iso(new.captured_at)},
        "changes": [{"what": change.what, "text": change.text} for change in changes],
    }
