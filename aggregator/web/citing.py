"""An article's citation: as files for reference managers, and as what they read in the head of its page."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from aggregator import access, citations, schemaorg
from aggregator.citations import Cited, prose
from aggregator.dossier import Dossier
from aggregator.errors import SourcesError, UnknownIdError
from aggregator.home import Home
from aggregator.model import Following, Settings, Version
from aggregator.search import citing
from aggregator.web.followed import following_of


@dataclass(frozen=True, slots=True)
class Form:
    """A form in which a citation can be had."""

    name: str
    """For people."""
    form: str
    """As in ``citations``."""
    media_type: str


FORMS = {
    "txt": Form("Plain text", "text", "text/plain"),
    "ris": Form("RIS", "ris", "application/x-research-info-systems"),
    "bib": Form("BibTeX", "bibtex", "application/x-bibtex"),
    "json": Form("CSL-JSON", "csl", "application/vnd.citationstyles.csl+json"),
}
"""By the ends of the files' names."""


@dataclass(frozen=True, slots=True)
class Citation:
    """What the page of an article says of how it is cited."""

    cited: Cited
    sentence: str
    files: tuple[tuple[str, str], ...]
    """The name of each form, and where the file is."""
    linked_data: dict[str, Any]
    """The article in the words of schema.org, without its text."""


def citation_of(home: Home, found: Dossier, version: Version) -> Citation | None:
    """Return how a version of an article is cited; None: it may not leave the home, and a citation would.

    Args:
        home: Which.
        found: The article.
        version: One of its versions that may be shown.
    """
    following = _following(home)
    cited = _cited(home, following, found, version)
    if cited is None:
        return None
    source, capture = following.source(found.article.source_id), found.capture(version) if cited.archived else None
    said = schemaorg.news_article(
        cited.article, replace(version, title=cited.title, authors=cited.authors, text=""), capture, source
    )
    files = tuple(
        (form.name, f"/articles/{found.article.id}/cite.{end}?version={version.number}") for end, form in FORMS.items()
    )
    return Citation(
        cited, prose.sentence(cited), files, {name: value for name, value in said.items() if name != "articleBody"}
    )


def file_of(home: Home, found: Dossier, version: Version, end: str) -> tuple[str, str, bytes]:
    """Return a citation as a file: its name, its media type, and what is in it.

    Args:
        home: Which.
        found: The article.
        version: One of its versions that may be shown.
        end: One of ``FORMS``.

    Raises:
        UnknownIdError: It may not leave the home.
    """
    cited = _cited(home, _following(home), found, version)
    if cited is None:
        raise UnknownIdError("This article may not leave the home, nor may a citation of it.")
    form = FORMS[end]
    body = b"".join(citations.written(form.form, [cited], about="", now=datetime.now(UTC)))
    return f"{cited.article.id}-{cited.version}.{end}", f"{form.media_type}; charset=utf-8", body


def _cited(home: Home, following: Following, found: Dossier, version: Version) -> Cited | None:
    with access.opened(home, leaving=True) as catalogue:
        numbers = {found.article.id: version.number}
        return next(citing.cited(catalogue, following, list(numbers), numbers=numbers), None)


def _following(home: Home) -> Following:
    """Return what sources.yaml says; of one that is refused, nothing: ``access`` refuses it too, if it restricts."""
    try:
        return following_of(home)
    except SourcesError:
        return Following(settings=Settings(), sources=())
