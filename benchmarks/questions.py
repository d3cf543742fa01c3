"""What ``searching.py`` searches, and what it asks."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from whoosh import query as wq

from aggregator import analysis
from aggregator.model import Article, Version
from aggregator.query import All, Node, Not, Phrase, Reach, Within, Word
from aggregator.query import Any as Some

COLLECTION = Path(__file__).parents[1] / "tests" / "collection" / "docs.jsonl"
SAMPLE = 4_000
"""Texts from which words are drawn."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, for ours and for Whoosh as it comes."""

    kind: str
    node: Node
    stock: Any
    """Whoosh's query."""
    more: dict[str, Any]
    """What Whoosh's search is given besides."""


# --- texts ----------------------------------------------------------------------------------------------------------


def given(path: Path, count: int | None) -> Iterator[Article]:
    """Yield the articles of a file."""
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(islice(file, count)):
            doc = json.loads(line)
            at = datetime.fromisoformat(doc["date"]).replace(tzinfo=UTC)
            yield article(number, doc["title"], doc["body"], doc["source"], doc["lang"], at)


def mixed(count: int) -> Iterator[Article]:
    """Yield articles mixed from the sentences of our collection, never across languages."""
    chance = random.Random(7)
    pool: dict[str, list[str]] = {}
    for line in COLLECTION.read_text("utf-8").splitlines():
        doc = json.loads(line)
        pool.setdefault(doc["language"], []).extend([doc["title"] + ".", *doc["text"].split(". ")])
    for number in range(count):
        language = chance.choice(sorted(pool))
        title, *text = chance.choices(pool[language], k=chance.randint(10, 40))
        at = datetime.fromordinal(date(2010, 1, 1).toordinal() + chance.randrange(6_000)).replace(tzinfo=UTC)
        name = f"name{int(count ** chance.random())}"  # new words keep coming, as in a real archive
        yield article(number, title, f"{'. '.join(text)} {name}", f"s{chance.randrange(40):02d}", language, at)


def article(number: int, title: str, text: str, source: str, language: str, at: datetime) -> Article:
    return Article(
        id=f"n{number:011d}",
        source_id=source,
        url=f"https://{source}.example/{number}",
        title=title,
        authors=(),
        claimed_at=at,
        captured_at=at,
        language=language,
        text=text,
        version=str(number),
        number=1,
    )


def version(one: Article) -> Version:
    """Return the only version of an article."""
    return Version(
        article_id=one.id,
        number=1,
        digest=one.version,
        captured_at=one.captured_at,
        record_id=f"<urn:{one.id}>",
        generation="",
        title=one.title,
        text=one.text,
        read_title=one.title,
        authors=one.authors,
        claimed_at=one.claimed_at,
        language=one.language,
        problems=(),
    )


# --- questions ------------------------------------------------------------------------------------------------------


def questions(articles: Sequence[Article], each: int) -> list[Asked]:
    """Draw questions of every kind from the texts: words by how many texts have them."""
    chance = random.Random(3)
    sample = chance.sample(articles, min(SAMPLE, len(articles)))
    texts = [(analysis.folded(one.text), one.language) for one in sample]
    having = Counter(pair for words, language in texts for pair in {(w, language) for w in words})
    share = {pair: n / len(sample) for pair, n in having.items() if len(pair[0]) > 3 and pair[0].isalpha()}

    def between(low: float, high: float) -> list[tuple[str, str | None]]:
        return sorted(p for p, part in share.items() if low <= part < high) or sorted(share)

    common, mid, rare = between(0.08, 0.35), between(0.005, 0.05), between(0, 2.5 / len(sample))
    found = []
    for _ in range(each):
        c, m, r = chance.choice(common), chance.choice(mid), chance.choice(rare)
        words, language = chance.choice([t for t in texts if len(t[0]) > 3])
        three = [(w, language) for w in chance.sample(words, 3)]
        start = chance.randrange(len(words) - 1)
        two = words[start : start + 2]
        at = chance.randrange(1, len(m[0]))
        wrong = m[0][:at] + chance.choice("abcdeilmnorst") + m[0][at + 1 :]
        begin = datetime(chance.randrange(2010, 2025), 1, 1, tzinfo=UTC)
        end = begin.replace(year=begin.year + 1)
        a_year = wq.NumericRange("date", int(begin.timestamp()), int(end.timestamp()))
        plain: dict[str, tuple[tuple[str, str | None], dict[str, Any]]]
        plain = {"common": (c, {}), "mid": (m, {}), "rare": (r, {}), "facet": (c, {"groupedby": ["source", "month"]})}
        plain |= {"sortdate": (c, {"sortedby": "date", "reverse": True}), "deep": (c, {"limit": 1010})}
        found += [Asked(kind, Word(w[0]), term(w), more) for kind, (w, more) in plain.items()]
        ours, theirs = tuple(Word(w) for w, _ in three), [term(w) for w in three]
        gram = [analysis.term(w, language) for w in two]
        found += [
            Asked("or3", Some(ours), wq.Or(theirs), {}),
            Asked("and3", All(ours), wq.And(theirs), {}),
            Asked("not", All((Word(c[0]), Not(Word(m[0])))), wq.AndNot(term(c), term(m)), {}),
            Asked("phrase", Phrase(tuple(two)), wq.Phrase("body", gram), {}),
            Asked("prefix", Word(m[0][:4], Reach.PREFIX), wq.Prefix("body", m[0][:4]), {}),
            Asked("fuzzy", Word(wrong, Reach.NEAR), wq.FuzzyTerm("body", wrong, maxdist=1, prefixlength=1), {}),
            Asked("daterange", All((Word(c[0]), Within("published", begin, end))), term(c), {"filter": a_year}),
        ]
    return sorted(found, key=lambda asked: asked.kind)


def term(pair: tuple[str, str | None]) -> Any:
    return wq.Term("body", analysis.term(*pair))
