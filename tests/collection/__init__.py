"""A retrieval collection of our own: texts, questions, and which text answers which question. See README.md."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
FILES = ("docs.jsonl", "queries.jsonl", "qrels.jsonl")


def _lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (HERE / name).read_text("utf-8").splitlines()]


@cache
def docs() -> tuple[dict[str, Any], ...]:
    """The texts: id, language, published (a day), title, text."""
    return tuple(_lines("docs.jsonl"))


@cache
def queries() -> Mapping[str, str]:
    """What is asked, by the id of the question, which begins with its language."""
    return {line["id"]: line["text"] for line in _lines("queries.jsonl")}


@cache
def judgements() -> Mapping[str, Mapping[str, int]]:
    """How well texts answer each question: 2 answers it, 1 is on its subject; all others do neither."""
    found: dict[str, dict[str, int]] = {}
    for line in _lines("qrels.jsonl"):
        found.setdefault(line["query"], {})[line["doc"]] = line["grade"]
    return found


def digest() -> str:
    """SHA-256 of texts, questions and judgements, as they stand in the files."""
    return hashlib.sha256(b"".join((HERE / name).read_bytes() for name in FILES)).hexdigest()
