"""A home whose articles are compared at once: every row is as where they were compared one after the other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple
from pathlib import Path
from typing import Any

import pytest

from aggregator import pipeline
from aggregator.bulk import executors
from aggregator.catalogue import Catalogue
from aggregator.dedupe import Candidate
from aggregator.home import Home
from aggregator.model import Progress, Source
from aggregator.pipeline import rematching
from aggregator.pipeline.reposting import ASIDE
from aggregator.reuse import FEW, Reuse
from aggregator.reuse.segments import ARRAYS, merged
from tests import badtasks
from tests.fakeweb import NOON, STORY, following, source
from tests.fewarticles import candidate
from tests.test_reposting import Dump, Kept, archive, many


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the number of articles is, with small pieces, and two workers."""
    for name, value in {"FROM_ARTICLES": 1, "_FEWEST": 7, "ROWS": 150, "_PAIRS": 9}.items():
        monkeypatch.setattr(rematching, name, value)
    monkeypatch.setattr(executors, "_processors", lambda: 2)


Everything = tuple[Dump, list[Any], dict[str, list[int]]]


def everything(home: Home) -> Everything:
    """All that is known of a home, with what articles share and who holds which grams."""
    with Catalogue(home.catalogue) as known:
        ids = known.article_ids()
        shared = sorted(known.alignments_within(ids), key=lambda one: (one.a, one.b))
        rows = list(known.dump())
    one, *others = Reuse(home.reuse)._segments
    for other in others:
        one = merged(one, other)
    return rows, list(map(astuple, shared)), {array: getattr(one, array).tolist() for array in ARRAYS}


def one_by_one(root: Path, sources: Iterable[Source], articles: Iterable[Candidate]) -> Kept:
    kept = Kept(root, sources)
    kept.come(articles)
    return kept


def anew(kept: Kept, sources: Iterable[Source]) -> list[str]:
    """Compare all again; what was told of the work."""
    told: list[str] = []

    def tell(progress: Progress) -> None:
        told.append(progress.doing)

    pipeline.rebuild(kept.home, following(*sources), only="reposts", report=tell)
    return told


@pytest.fixture(scope="module")
def copies() -> tuple[list[Source], list[Candidate]]:
    """More copies of a text than are compared with each other: unchanged, with a word changed, with an edit since."""
    sources, changed = many(FEW + 9)
    same = [source(f"same{n}") for n in range(FEW + 5)]
    unchanged = [candidate(one, STORY, at=NOON) for one in same]
    edited = candidate(source("late"), STORY, STORY.replace("eleven", "a dozen"), title="Late", at=NOON)
    return [*sources, *same, source("late")], [*changed, *unchanged, edited]


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("rows", [150, 20_000])
def test_an_archive_that_is_compared_at_once_is_known_as_if_one_came_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int, rows: int
) -> None:
    sources, articles = archive()
    monkeypatch.setattr(rematching, "FROM_ARTICLES", 1_000)
    slow = one_by_one(tmp_path / "slow", sources, articles)
    monkeypatch.setattr(rematching, "FROM_ARTICLES", 1)
    monkeypatch.setattr(rematching, "ROWS", rows)
    monkeypatch.setattr(executors, "_processors", lambda: workers)

    fast = one_by_one(tmp_path / "fast", sources, articles)

    assert everything(fast.home) == everything(slow.home)
    assert len(everything(fast.home)[1]) > 60
    assert not (fast.home.index / ASIDE).exists()


@pytest.mark.usefixtures("at_once")
def test_of_many_copies_that_are_compared_at_once_the_same_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, copies: tuple[list[Source], list[Candidate]]
) -> None:
    sources, articles = copies
    fast = one_by_one(tmp_path / "fast", sources, articles)
    monkeypatch.setattr(rematching, "FROM_ARTICLES", 1_000)
    slow = one_by_one(tmp_path / "slow", sources, articles)

    assert everything(fast.home) == everything(slow.home)


@pytest.mark.usefixtures("at_once")
def test_to_compare_all_again_at_once_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, copies: tuple[list[Source], list[Candidate]]
) -> None:
    sources, articles = copies
    kept = Kept(tmp_path, sources)
    known = kept.come(articles[::2], articles[1::2])
    monkeypatch.setattr(rematching, "FROM_ARTICLES", 1_000)
    anew(kept, sources)  # so that what has become common since is shared no more
    before = everything(kept.home)
    monkeypatch.setattr(rematching, "FROM_ARTICLES", 1)

    told = anew(kept, sources)

    assert "looking for reposts" in told
    assert everything(kept.home) == before
    assert before[0] == known


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("task", ["cut", "meet", "choose", "align"])
def test_a_worker_that_is_killed_after_it_wrote_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, task: str
) -> None:
    sources, articles = archive()
    kept = one_by_one(tmp_path / "home", sources, articles)
    before = everything(kept.home)
    monkeypatch.setattr(rematching, task, getattr(badtasks, f"{task}_or_die_once"))

    told = anew(kept, sources)

    assert (kept.home.root / "killed.ran").exists()
    assert not any("no worker could" in each for each in told)
    assert everything(kept.home) == before


@pytest.mark.usefixtures("at_once")
def test_what_kills_every_worker_is_done_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sources, articles = archive()
    kept = one_by_one(tmp_path / "home", sources, articles[:20])
    before = everything(kept.home)
    monkeypatch.setattr(rematching, "cut", badtasks.cut_where_it_was_ordered)

    told = anew(kept, sources)

    assert any(each.startswith("doing here what no worker could") for each in told)
    assert everything(kept.home) == before
