"""What was typed after search: which of six answers it asks for, and the options that each of these takes.

An option that would do nothing is refused, before anything is looked for or kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from aggregator.cli import citing, hits, viewing

if TYPE_CHECKING:
    from aggregator.concordance import Order
    from aggregator.curves import By


class Mode(Enum):
    """What a search answers with, and the option that asks for it."""

    HITS = "hits"
    CONTEXT = "--kwic"
    CURVE = "--curve"
    CITATIONS = "--format"
    MANIFEST = "--manifest"
    CORPUS = "--docs"


_QUERY = frozenset({"query", "since", "until", "source_ids", "languages", "name", "by", "form"})
_TAKES = {
    Mode.HITS: _QUERY | {"sort", "limit", "offset", "as_of", "facets"},
    Mode.CONTEXT: _QUERY | {"kwic", "kwic_sort", "as_of"},
    Mode.CURVE: _QUERY | {"curve", "as_of"},
    Mode.CITATIONS: _QUERY | {"sort", "limit", "offset", "as_of"},
    Mode.MANIFEST: frozenset({"manifest", "form", "limit", "offset"}),
    Mode.CORPUS: frozenset({"docs", "queries", "engine"}),
}
_FORMS = {
    Mode.HITS: hits.FORMS,
    Mode.CONTEXT: viewing.FORMS,
    Mode.CURVE: viewing.FORMS,
    Mode.CITATIONS: citing.FORMS,
    Mode.MANIFEST: (*hits.FORMS, *citing.FORMS),
    Mode.CORPUS: ("table", "json"),
}
_NEEDS = {"kwic_sort": "kwic", "by": "name", "docs": "queries", "queries": "docs", "engine": "docs"}
"""Options that are about another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """What was typed after search; None: that option was not."""

    given: frozenset[str]
    """Which of these, ``as_json`` for --json among them, were typed and not left as they are."""
    query: tuple[str, ...]
    since: tuple[datetime, datetime] | None
    until: tuple[datetime, datetime] | None
    source_ids: tuple[str, ...]
    languages: tuple[str, ...]
    sort: str | None
    limit: int | None
    offset: int
    as_of: tuple[datetime, datetime] | None
    facets: bool
    form: str
    """--format; json where --json stands alone."""
    manifest: Path | None
    name: str | None
    """--save."""
    by: str | None
    kwic: bool
    kwic_sort: Order
    curve: By | None
    docs: Path | None
    queries: Path | None
    engine: str | None
    """--index."""

    @property
    def mode(self) -> Mode:
        """What is asked for. Where several are, the others are among what that does not take."""
        if self.given & _TAKES[Mode.CORPUS]:
            return Mode.CORPUS
        if self.manifest:
            return Mode.MANIFEST
        if self.kwic:
            return Mode.CONTEXT
        if self.curve:
            return Mode.CURVE
        return Mode.CITATIONS if self.form in citing.FORMS else Mode.HITS


def read(ctx: click.Context, options: Mapping[str, Any]) -> Typed:
    """Return what was typed, once it makes sense.

    Raises:
        click.UsageError: One of the options means nothing beside the others, or there is nothing to search for.
        UsageError: No search can be saved under that name.
    """
    given = frozenset(
        name
        for name, value in options.items()
        if value not in (None, ()) and ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE
    )
    said = dict(options)
    if said.pop("as_json") and "form" not in given:
        said["form"] = "json"
    typed = Typed(given=given, **said)
    called = {param.name or "": param.opts[0] for param in ctx.command.params} | {"query": "a query"}
    if complaint := next(_complaints(typed, called), None):
        raise click.UsageError(complaint, ctx)
    if typed.name is not None:
        from aggregator.search import saved

        saved.check_name(typed.name)
    return typed


def _complaints(typed: Typed, called: Mapping[str, str]) -> Iterator[str]:
    """Yield what makes no sense; ``called`` has what each option is called."""
    given, mode, form = typed.given, typed.mode, typed.form
    answer = f"--format {form}" if mode is Mode.CITATIONS else mode.value
    if {"as_json", "form"} <= given and form != "json":
        yield f"--json and --format {form} are two forms. Name one."
    for one, other in _NEEDS.items():
        if one in given and other not in given:
            yield f"{called[one]} means nothing without {called[other]}."
    for name in called:
        if name in given - _TAKES[mode] - {"as_json"}:
            yield f"{called[name]} means nothing with {answer}; leave one of them out."
    if form not in _FORMS[mode]:
        yield f"--format {form} means nothing with {answer}; its forms are {', '.join(_FORMS[mode])}."
    if typed.as_of and typed.name is not None:
        yield "--as-of means nothing with --save: what is saved tells new hits. Leave one of them out."
    if mode is Mode.HITS and typed.facets and form == "jsonl":
        yield "--facets means nothing with --format jsonl, which has hits alone; json has both."
    if mode is Mode.CITATIONS and typed.sort not in (None, "published"):
        yield f"{form} is written newest first, by the claimed date. Leave --sort out."
    if mode is Mode.HITS and typed.limit is not None:
        from aggregator.search import MAX_PAGE

        if typed.limit > MAX_PAGE:
            every = ", ".join(citing.FORMS)
            yield f"--limit is at most {MAX_PAGE} hits for {form}; --offset gives the others, {every} all."
    if "query" in _TAKES[mode] and not given & {"query", "since", "until", "source_ids", "languages"}:
        yield "What to search for? Give words, or a filter such as --source or --from."
