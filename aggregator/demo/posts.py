"""The posts of the demo world, made from what their files say: copies are filled in from their originals."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from aggregator.demo.model import Edit, Post, Site, replace_words

Fields = Mapping[str, Any]
"""A mapping as YAML gave it, not checked yet."""

_POST_FIELDS = frozenset(["id", "slug", "title", "author", "published", "language", "topics", "promoted", "edits"])
_TEXT_FIELDS = frozenset(["text", "copy_of", "copy"])
_COPY_FIELDS = frozenset(["before", "paragraphs", "replace", "after"])
_EDIT_FIELDS = frozenset(["at", "append", "replace", "title"])


@dataclass(frozen=True, slots=True)
class _Draft:
    """A post as its file has it, before copies are made."""

    file: str
    site_id: str
    fields: Fields

    def fault(self, complaint: str) -> ValueError:
        return ValueError(f"{self.file}: post {self.site_id}/{self.fields.get('id')}: {complaint}")


class Posts:
    """The posts of all files, with each copy made from its original, however long the chain."""

    def __init__(self, sites: Mapping[str, Site]) -> None:
        """Start with no posts, for these sites."""
        self._sites = sites
        self._drafts: dict[str, _Draft] = {}
        self._posts: dict[str, Post] = {}

    def add_file(self, name: str, data: Fields) -> None:
        """Take in the posts of one file of `articles/`."""
        site_id: str = data.get("site", "")
        if site_id not in self._sites:
            raise ValueError(f"{name}: unknown site {site_id!r}")
        for fields in data.get("posts") or ():
            draft = _Draft(name, site_id, fields)
            key = f"{site_id}/{fields.get('id')}"
            if not (isinstance(fields.get("id"), str) and fields["id"].isdigit()):
                raise draft.fault("the id must be digits in quotes")
            if unknown := fields.keys() - _POST_FIELDS - _TEXT_FIELDS:
                raise draft.fault(f"unknown fields {sorted(unknown)}")
            if key in self._drafts:
                raise draft.fault(f"the id is taken by a post of {self._drafts[key].file}")
            self._drafts[key] = draft

    def all(self) -> dict[str, Post]:
        """Return every post, by key."""
        for key in self._drafts:
            self._posts[key] = self._post(key, ())
        return self._posts

    def _post(self, key: str, asked_by: tuple[str, ...]) -> Post:
        """Return the finished post; `asked_by` are the copies that wait for it."""
        if key in self._posts:
            return self._posts[key]
        draft = self._drafts[key]
        if key in asked_by:
            raise draft.fault("is a copy of itself, by way of " + ", ".join(asked_by))
        original_key = draft.fields.get("copy_of")
        if original_key is not None and original_key not in self._drafts:
            raise draft.fault(f"copy_of {original_key}, which does not exist")
        original = self._post(original_key, (*asked_by, key)) if original_key else None
        try:
            self._posts[key] = _post(draft, original)
        except (KeyError, TypeError, AttributeError) as error:
            raise draft.fault(f"missing or malformed: {error}") from error
        return self._posts[key]


def _post(draft: _Draft, original: Post | None) -> Post:
    """Make a Post of its draft, and of its original where it is a copy."""
    fields = draft.fields
    if ("text" in fields) == (original is not None):
        raise draft.fault("needs either text or copy_of")
    published = _instant(draft, fields["published"])
    model = original.at(published) if original else None
    title = fields["title"] if model is None else fields.get("title", model.title)
    post = Post(
        id=fields["id"],
        site_id=draft.site_id,
        slug=fields.get("slug") or _slug(title) or fields["id"],
        title=title,
        author=fields.get("author"),
        published=published,
        language=fields["language"] if model is None else fields.get("language", model.language),
        topics=tuple(str(topic) for topic in fields.get("topics") or ()),
        promoted=bool(fields.get("promoted", False)),
        paragraphs=_copied(draft, model.paragraphs) if model else split_paragraphs(fields["text"]),
        edits=tuple(_edit(draft, edit) for edit in fields.get("edits") or ()),
    )
    if not post.paragraphs:
        raise draft.fault("has no text")
    _refuse_idle_edits(draft, post)
    return post


def _copied(draft: _Draft, paragraphs: tuple[str, ...]) -> tuple[str, ...]:
    """Return the original's paragraphs with what `copy` does to them."""
    copy = draft.fields.get("copy") or {}
    if unknown := copy.keys() - _COPY_FIELDS:
        raise draft.fault(f"unknown fields in copy: {sorted(unknown)}")
    first, last = copy.get("paragraphs", (1, len(paragraphs)))
    if not 1 <= first <= last <= len(paragraphs):
        raise draft.fault(f"paragraphs {first} to {last} of an original that has {len(paragraphs)}")
    kept = _replaced(draft, paragraphs[first - 1 : last], _pairs(copy.get("replace", ())))
    return split_paragraphs(copy.get("before", "")) + kept + split_paragraphs(copy.get("after", ""))


def _edit(draft: _Draft, fields: Fields) -> Edit:
    if unknown := fields.keys() - _EDIT_FIELDS:
        raise draft.fault(f"unknown fields in an edit: {sorted(unknown)}")
    return Edit(
        at=_instant(draft, fields["at"]),
        append=split_paragraphs(fields.get("append", "")),
        replace=_pairs(fields.get("replace", ())),
        title=fields.get("title"),
    )


def _refuse_idle_edits(draft: _Draft, post: Post) -> None:
    """Complain of edits out of order, before the post, or whose old words are not in the text."""
    earlier = post.published
    for number, edit in enumerate(post.edits):
        if edit.at <= earlier:
            raise draft.fault(f"the edit of {edit.at} is not later than what it edits")
        _replaced(draft, replace(post, edits=post.edits[:number]).at(edit.at).paragraphs, edit.replace)
        earlier = edit.at


def _replaced(draft: _Draft, paragraphs: tuple[str, ...], replacements: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    """Return the paragraphs with words replaced; complain of old words that are not there."""
    for old, new in replacements:
        if not any(old in paragraph for paragraph in paragraphs):
            raise draft.fault(f"the words to replace are not in the text: {old!r}")
        paragraphs = replace_words(paragraphs, ((old, new),))
    return paragraphs


def _pairs(replacements: Sequence[Sequence[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((old, new) for old, new in replacements)


def split_paragraphs(text: str) -> tuple[str, ...]:
    """Split a text at its empty lines; a paragraph's own line ends become spaces."""
    return tuple(" ".join(part.split()) for part in re.split(r"\n\s*\n", text) if part.strip())


def _slug(title: str) -> str:
    """Return the title's words as ASCII with dashes, 60 characters at most; empty for an Arabic title."""
    ascii_title = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode("ascii")
    return "-".join(re.findall(r"[a-z0-9]+", ascii_title.lower()))[:60].strip("-")


def _instant(draft: _Draft, value: object) -> datetime:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise draft.fault(f"a date with time and zone is expected, not {value!r}")
    return value
