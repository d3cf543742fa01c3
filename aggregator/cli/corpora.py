"""The options --docs and --queries of search: the same search over a corpus of one's own, no home needed."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click

from aggregator.cli import output as show
from aggregator.cli.writing import ended_cleanly
from aggregator.model import Article

_Command = TypeVar("_Command", bound=Callable[..., Any])

_FILE = click.Path(path_type=Path, dir_okay=False, exists=True, allow_dash=True)
_SHOWN = 10
"""Hits of a question that people are shown."""


def options(command: _Command) -> _Command:
    """Give search what it needs to look elsewhere than in a home."""
    for option in (
        click.option("--index", "engine", type=click.Choice(["whoosh", "tantivy"]), help="With --docs: the engine."),
        click.option("--queries", type=_FILE, metavar="FILE", help='Questions in plain words: {"id", "text"} a line.'),
        click.option("--docs", type=_FILE, metavar="FILE", help='Search in texts of your own: {"id", "text"} a line.'),
    ):
        command = option(command)
    return command


def search_in(docs: Path, queries: Path, engine: str | None, *, as_json: bool) -> None:
    """Print what each question of a file finds in the texts of another."""
    from aggregator import corpora
    from aggregator.cli import given
    from aggregator.search import corpus

    texts, questions = given.Docs(docs), given.Docs(queries)
    articles = (_in_a_language(article) for article in corpora.articles(texts, texts.place))
    asked = list(corpora.texts(questions, questions.place))
    with ended_cleanly(), closing(corpus.in_corpus(articles, asked, engine=engine or "whoosh")) as answers:
        for question, hits in answers:
            if as_json:
                found = {"query": question, "hits": [{"id": i, "score": round(score, 4)} for i, score in hits]}
                sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
            else:
                said = "  ".join(f"{i} {score:.2f}" for i, score in hits[:_SHOWN])
                show.line((f"{question}: ", "bold"), said or "nothing")


def _in_a_language(article: Article) -> Article:
    """Return a text in the language that it says, or else seems to be in."""
    if article.language:
        return article
    from aggregator.extract.language import language_of

    return replace(article, language=language_of(f"{article.title or ''}\n{article.text}"))
