"""What was replaced or withdrawn is never found again, whatever an index went through, and a kill never makes it lie.

Each engine goes the same long way: a thousand articles are written, replaced, withdrawn, the writer is closed and
opened, the index tidied, erased from; a dict goes with it, and after every commit both answer the same questions.
"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from whoosh.index import open_dir

from aggregator import index
from aggregator.errors import StoreError
from aggregator.index.whoosh import merging
from aggregator.model import Article
from aggregator.query import All, Any, Node, Not, Phrase, Reach, Word
from tests.indexing import ENGINES, indexed, opened

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SEED = 20261123
UPDATES = 1_000
IDS = 40
WORDS = "anchor bakery curfew depot eviction ferry gravel harbour island jetty kettle lantern".split()
KILLS = (1, 8, 15, 16, 23, 31, 32, 40)
"""After so many lines of what a child says the kill comes: between two articles, or while they are committed."""
BATCH = 7

Model = dict[str, str]
"""What is in the index: the text of each article, by its id."""


def article(article_id: str, text: str) -> Article:
    return Article(
        id=article_id,
        source_id="a",
        url=f"http://a.example/{article_id}",
        title=None,
        authors=(),
        claimed_at=None,
        captured_at=NOON,
        language=None,
        text=text,
        version="v",
        number=1,
    )


def as_articles(texts: Model) -> Iterator[Article]:
    return (article(article_id, text) for article_id, text in texts.items())


class Walk:
    """An index and what must be in it. Every text has a word that no other ever had: ``v`` and its number."""

    def __init__(self, folder: Path, engine: str, seed: int) -> None:
        self.folder = folder
        self.engine = engine
        self.chance = random.Random(seed)
        self.known: Model = {}
        self.before: dict[str, list[str]] = {}
        """The earlier texts of each article."""
        self.gone: list[str] = []
        """The own words of all texts that were replaced or withdrawn."""
        self.texts = 0
        self.writer = opened(folder, engine)
        self.writer.sign()

    def text(self) -> str:
        """A new text."""
        self.texts += 1
        return " ".join([f"v{self.texts}", *self.chance.choices(WORDS, k=self.chance.randint(2, 9))])

    def batch(self) -> Model:
        """Articles as they are to be next: most new or edited, some with an earlier version that has come back."""
        some: Model = {}
        for number in self.chance.sample(range(IDS), self.chance.randint(4, 16)):
            article_id = f"id{number}"
            earlier = self.before.get(article_id)
            some[article_id] = earlier.pop() if earlier and self.chance.random() < 0.15 else self.text()
        return some

    def put(self, some: Model) -> None:
        self.writer.put(as_articles(some))
        self.became(some)

    def became(self, some: Model) -> None:
        """Note that these were committed."""
        for article_id, text in some.items():
            if article_id in self.known:
                self.gone.append(own_word(self.known[article_id]))
                self.before.setdefault(article_id, []).append(self.known[article_id])
            self.known[article_id] = text
            self.gone = [word for word in self.gone if word != own_word(text)]

    def begin_again(self) -> None:
        """Close the writer, and open another on the same index."""
        self.writer.close()
        self.writer = opened(self.folder, self.engine)
        assert not self.writer.is_new

    def erase(self, article_id: str) -> None:
        """Withdraw an article for good, as an erase does: the index is made again without it."""
        self.gone += [own_word(text) for text in (self.known.pop(article_id), *self.before.pop(article_id, []))]
        self.writer.close()
        indexed(self.folder, self.engine, as_articles(self.known))
        self.writer = opened(self.folder, self.engine)

    def check(self) -> None:
        """Compare the answers of the index with those of the dict."""
        for node in self.questions():
            assert found(self.folder, node) == answer(self.known, node), node

    def questions(self) -> list[Node | None]:
        one, two, three = self.chance.sample(WORDS, 3)
        words = Word(one), Word(two), Word(three, Reach.EXACT)
        gone = self.chance.sample(self.gone, min(6, len(self.gone))) + self.gone[-4:]
        now = self.chance.choice(sorted(self.known.values()))
        some: list[Node | None] = [
            *map(Word, (own_word(now), one)),
            Any(tuple(map(Word, gone))) if gone else None,
            All((words[0], Not(words[1]))),
            Any(words),
            Phrase((one, two)),
            Word(three[:3], Reach.PREFIX),
        ]
        return [None, *self.chance.sample(some, 4), some[2]]


def own_word(text: str) -> str:
    return text.split()[0]


def found(folder: Path, node: Node | None) -> set[str]:
    return {article_id for article_id, _ in index.search(folder, index.Asked(node)).hits}


def answer(known: Model, node: Node | None) -> set[str]:
    return {article_id for article_id, text in known.items() if has(text.split(), node)}


def has(words: Sequence[str], node: Node | None) -> bool:
    match node:
        case All(nodes):
            return all(has(words, each) for each in nodes)
        case Any(nodes):
            return any(has(words, each) for each in nodes)
        case Not(inner):
            return not has(words, inner)
        case Phrase(wanted):
            return any(pair == wanted for pair in pairwise(words))
        case Word(word, Reach.PREFIX):
            return any(each.startswith(word) for each in words)
        case Word(word):
            return word in words
        case _:
            return True


# The long way


@pytest.mark.parametrize("engine", ENGINES)
def test_after_a_thousand_updates_nothing_that_was_replaced_or_withdrawn_was_ever_found(
    tmp_path: Path, engine: str
) -> None:
    walk = Walk(tmp_path / "index", engine, SEED)
    erased = killed = updates = 0
    while updates < UPDATES:
        some = walk.batch()
        updates += len(some)
        walk.put(some)
        if walk.chance.random() < 0.15:
            walk.writer.tidy()
        if walk.chance.random() < 0.15:
            walk.begin_again()
        if walk.chance.random() < 0.05:
            walk.erase(walk.chance.choice(sorted(walk.known)))
            erased += 1
        if not killed and updates > UPDATES / 2:
            killed = die_while_putting(walk)
        walk.check()
    walk.begin_again()

    assert erased > 2 and killed and len(walk.gone) > UPDATES / 2
    for start in range(0, len(walk.gone), 50):
        assert found(walk.folder, Any(tuple(map(Word, walk.gone[start : start + 50])))) == set()
    for article_id, text in walk.known.items():
        assert found(walk.folder, Word(own_word(text))) == {article_id}


def die_while_putting(walk: Walk) -> int:
    """Have a child killed in the middle of a batch; the walk goes on from what that left. Return how often."""
    walk.writer.close()
    committed = killed_after(BATCH + 3, walk.folder, walk.engine)
    for some in written(settled(walk.folder, walk.known, committed)):
        walk.became(some)
    walk.writer = opened(walk.folder, walk.engine)
    assert not walk.writer.is_new
    return 1


# A kill


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("lines", KILLS)
def test_a_kill_leaves_the_last_commit_whole_and_the_next_writer_goes_on(
    tmp_path: Path, engine: str, lines: int
) -> None:
    folder = tmp_path / "index"
    first = {f"old{n}": f"u{n} anchor bakery" for n in range(20)}
    indexed(folder, engine, as_articles(first))
    left = settled(folder, first, killed_after(lines, folder, engine))
    writer = opened(folder, engine)
    assert not writer.is_new
    writer.put([article("old1", "after kettle")])
    writer.tidy()
    writer.close()

    known = with_batches(first, left) | {"old1": "after kettle"}
    for node in (None, Word("anchor"), Word("after"), Word("curfew"), Word("u1"), *map(Word, ("w0", "w3", "w8"))):
        assert found(folder, node) == answer(known, node)


@pytest.mark.parametrize("engine", ENGINES)
def test_an_index_that_was_killed_before_it_was_signed_says_that_it_must_be_made_again(
    tmp_path: Path, engine: str
) -> None:
    folder = tmp_path / "index"
    killed_after(3, folder, engine)

    with pytest.raises(StoreError, match="rebuild --only index"):
        found(folder, None)
    assert opened(folder, engine).is_new


def killed_after(lines: int, folder: Path, engine: str) -> int:
    """Have a child put batch after batch, and kill it when it has said so much; return how many commits it said.

    It says each article that it gives, and each commit.
    """
    command = [sys.executable, "-m", "tests.test_index_history", str(folder), engine]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writing:
        assert writing.stdout
        said = [writing.stdout.readline() for _ in range(lines)]
        writing.kill()
        said += writing.stdout.readlines()  # it did not wait for us
    assert writing.returncode == -signal.SIGKILL
    return said.count("committed\n")


def written(count: int) -> list[Model]:
    """The first batches that a child puts: each edits articles of the one before."""
    return [{f"new{n + i}": f"w{n * BATCH + i} curfew depot" for i in range(BATCH)} for n in range(count)]


def with_batches(first: Model, count: int) -> Model:
    return first | {article_id: text for some in written(count) for article_id, text in some.items()}


def settled(folder: Path, first: Model, committed: int) -> int:
    """How many batches of a killed child are in the index: those that it said, and maybe one more, whole."""
    own = [Word(own_word(text)) for some in written(committed + 2) for text in some.values()]
    nodes = [None, Word("curfew"), *own]
    answers = [found(folder, node) for node in nodes]
    for count in (committed, committed + 1):
        if answers == [answer(with_batches(first, count), node) for node in nodes]:
            return count
    raise AssertionError(f"the index holds neither {committed} batches nor one more: {answers}")


def write_for_ever(folder: Path, engine: str) -> None:
    def told(some: Model) -> Iterator[Article]:
        for each in as_articles(some):
            print("given", flush=True)
            yield each

    writer = opened(folder, engine)
    for some in written(10_000):
        writer.put(told(some))
        print("committed", flush=True)


# Parts of Whoosh's index


def parts(folder: Path) -> list[tuple[int, int]]:
    """How many articles each part of it has, and how many were replaced."""
    segments = open_dir(folder)._segments()
    return sorted((segment.doc_count(), segment.deleted_count()) for segment in segments)


def test_articles_that_come_one_by_one_are_soon_together(tmp_path: Path) -> None:
    writer = opened(tmp_path, "whoosh")
    for n in range(35):
        writer.put([article(f"id{n}", f"anchor v{n}")])
        assert len(parts(tmp_path)) <= 12
    writer.sign()
    writer.close()

    assert sum(living for living, _ in parts(tmp_path)) == 35
    assert len(found(tmp_path, Word("anchor"))) == 35
    assert found(tmp_path, Word("v3")) == {"id3"}


def test_who_adds_many_articles_waits_for_no_others_which_are_put_together_later(tmp_path: Path) -> None:
    writer = opened(tmp_path, "whoosh")
    for n in range(12):
        writer.put(article(f"id{n}x{m}", f"anchor v{n}") for m in range(11))
    assert parts(tmp_path) == [(11, 0)] * 12

    writer.tidy()
    writer.sign()
    writer.close()

    assert parts(tmp_path) == [(132, 0)]
    assert len(found(tmp_path, Word("anchor"))) == 132
    assert found(tmp_path, Word("v3")) == {f"id3x{m}" for m in range(11)}


def test_of_too_many_parts_none_is_put_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merging, "MOST_SEGMENTS", 15)
    writer = opened(tmp_path, "whoosh")
    for n in range(16):
        writer.put(article(f"id{n}x{m}", "anchor") for m in range(11))
    writer.close()

    assert parts(tmp_path) == [(176, 0)]


def test_replaced_articles_go_when_they_are_many_of_a_part(tmp_path: Path) -> None:
    writer = opened(tmp_path, "whoosh")
    writer.put(article(f"id{n}", "before anchor") for n in range(100))
    writer.put(article(f"id{n}", "after anchor") for n in range(20))
    writer.tidy()
    assert parts(tmp_path) == [(20, 0), (80, 20)]

    writer.put([article("id20", "after anchor")])
    writer.tidy()
    writer.sign()
    writer.close()

    assert parts(tmp_path) == [(20, 0), (80, 0)]
    assert len(found(tmp_path, Word("before"))) == 79


# One searcher a commit


@pytest.mark.parametrize("engine", ENGINES)
def test_a_search_begun_after_a_commit_does_not_find_what_the_commit_replaced(tmp_path: Path, engine: str) -> None:
    """Every search opens the index as it is: no searcher outlives a commit, so none need be refreshed.

    Whoosh's own ``refresh`` gives a searcher the parts of the index that it had before; in the forks 2.7.5 and whoosh3
    those bring along that nothing in them was replaced. 2.7.4 is right by accident: it looks its parts up under a key
    that never fits, and opens them all again.
    """
    folder = tmp_path / "index"
    writer = opened(folder, engine)
    writer.put(article(f"id{n}", f"before anchor v{n}") for n in range(200))
    writer.sign()
    assert found(folder, Word("v7")) == {"id7"}

    writer.put([article("id7", "after anchor")])

    assert found(folder, Word("v7")) == set()
    assert found(folder, Word("after")) == {"id7"}
    assert len(found(folder, Word("anchor"))) == 200


def test_nobody_refreshes_a_searcher() -> None:
    modules = list(Path(index.__file__).parent.rglob("*.py"))

    assert len(modules) > 3
    assert [path.name for path in modules if ".refresh(" in path.read_text("utf-8")] == []


if __name__ == "__main__":
    write_for_ever(Path(sys.argv[1]), sys.argv[2])
