"""The files of the index: Whoosh as it is published reads them, and finds every word where it stands."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator import analysis, index
from aggregator.index.schema import document
from aggregator.index.whoosh.fields import schema
from aggregator.index.whoosh.filing import Filer
from aggregator.model import Article

Postings = dict[tuple[str, str], dict[str, list[int]]]
"""For a field and a word, in which articles it stands, and where."""
FIELDS = ("title", "text", "title_words", "text_words", "url_words", "facts")


def article(name: str, text: str, title: str = "", language: str | None = None) -> Article:
    return Article(
        id=name,
        source_id="b",
        url=f"https://b.example/{name}",
        title=title,
        authors=(),
        claimed_at=None,
        captured_at=datetime(2026, 1, 1, tzinfo=UTC),
        language=language,
        text=text,
        version="v",
        number=1,
    )


def expected(articles: Iterable[Article]) -> Postings:
    found: Postings = {}
    for each in articles:
        fields = document(each)
        for name in FIELDS:
            for place, word in enumerate(fields[name]):
                found.setdefault((name, word), {}).setdefault(each.id, []).append(place)
    return found


def read(reader: Any) -> Postings:
    """Read everything with Whoosh's own readers; of a field without places, as many zeros as a word stands there."""
    ids = {doc: fields["id"] for doc, fields in reader.iter_docs()}
    found: Postings = {}
    for field, term in reader.all_terms():
        if field not in FIELDS:
            continue
        matcher = reader.postings(field, term)
        those = found[field, term.decode()] = {}
        while matcher.is_active():
            assert matcher.weight() == matcher.value_as("frequency")
            has_places = matcher.supports("positions")
            those[ids[matcher.id()]] = (
                list(matcher.value_as("positions")) if has_places else [0] * matcher.value_as("frequency")
            )
            matcher.next()
        assert reader.doc_frequency(field, term) >= len(those)
    return {key: those for key, those in found.items() if those}


def without_places(found: Postings) -> Postings:
    return {
        (field, word): {
            name: places if field.endswith("_words") else [0] * len(places) for name, places in those.items()
        }
        for (field, word), those in found.items()
    }


def filed(folder: Path, batches: Sequence[Sequence[Article]], limit_mib: int, *, at_last_one: bool) -> Postings:
    """File articles a commit a batch, and read what is then in the index."""
    from whoosh.index import create_in, open_dir

    folder.mkdir(parents=True, exist_ok=True)
    whole = create_in(folder, schema())
    for n, batch in enumerate(batches):
        writer = Filer(whole, limit_mib)
        for each in batch:
            writer.delete_by_term("id", each.id)
            writer.file(document(each))
        writer.commit(optimize=at_last_one and n == len(batches) - 1, merge=False)
    reader = open_dir(folder).reader()
    try:
        return read(reader)
    finally:
        reader.close()


def test_whoosh_reads_a_word_of_many_articles_and_one_that_stands_far_down(tmp_path: Path) -> None:
    far = " ".join(["aid", *["filler"] * 70_000, "aid"])
    articles = [article(f"{n:012}", f"camp number {n} camp", "Camp") for n in range(300)] + [article("f" * 12, far)]

    assert filed(tmp_path, [articles], 128, at_last_one=False) == without_places(expected(articles))


@pytest.mark.parametrize("limit_mib", [0, 16])
def test_what_waits_on_the_disk_and_what_is_merged_is_all_there(tmp_path: Path, limit_mib: int) -> None:
    old = [article(f"{n:012}", f"Evicted families left camp {n % 7}", "Evictions", "en") for n in range(150)]
    new = [article(f"{n:012}", f"Families came back to camp {n % 5}", "Return", "en") for n in range(100, 180)]
    left = [*old[:100], *new]

    assert filed(tmp_path, [old, new], limit_mib, at_last_one=True) == without_places(expected(left))


@given(st.lists(st.lists(st.text(max_size=40), max_size=4), max_size=4))
@settings(max_examples=30)
def test_whatever_the_texts_are_every_word_is_found(
    tmp_path_factory: pytest.TempPathFactory, texts: list[list[str]]
) -> None:
    batches = [
        [article(f"{n:06}{m:06}", text, text[::-1], "fr") for m, text in enumerate(batch)]
        for n, batch in enumerate(texts)
    ]
    folder = tmp_path_factory.mktemp("index")
    every = [each for batch in batches for each in batch]

    assert filed(folder, batches, 0, at_last_one=True) == without_places(expected(every))


def test_whoosh_opens_the_folder_without_anything_of_ours(tmp_path: Path) -> None:
    writer = index.Writer(tmp_path / "fulltext")
    writer.put([article("a" * 12, "The kitchen was evicted", language="en"), article("b" * 12, "Nothing of it")])
    writer.close()
    program = """
import sys
sys.modules["aggregator"] = None  # from here on it cannot be imported
from whoosh.index import open_dir
from whoosh.query import Phrase, Term
with open_dir(sys.argv[1]).searcher() as searcher:
    for query in (Term("text", sys.argv[2]), Phrase("text_words", ["the", "kitchen", "was"])):
        print([hit["id"] for hit in searcher.search(query)])
"""

    answer = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, tmp_path / "fulltext", analysis.term("evicted", "en")],
        check=True,
        capture_output=True,
        text=True,
    )

    assert answer.stdout == f"['{'a' * 12}']\n" * 2
