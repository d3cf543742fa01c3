"""Reposts among a home's articles: who waits is compared, and whatever that bears on is settled anew.

add        the fingerprints of the articles that are new or have another text
align      with those that share grams
connect    all that share anything with them, or hold phrases that have become commoner
settle     matches and families, as if all had come at once
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice

from aggregator import dedupe, disk
from aggregator.catalogue import Catalogue
from aggregator.decisions import Decisions, Event
from aggregator.dedupe import Decided
from aggregator.home import Home
from aggregator.matching import DECIDING, Articles, Finder, decisions_of
from aggregator.model import Following, Progress, Report
from aggregator.pipeline import rematching
from aggregator.pipeline.rematching import Rematching
from aggregator.reuse import Reuse

ASIDE = "fingerprinting"
"""The folder in ``index/`` in which fingerprints are made again."""
_PUT = 2_000
"""Alignments that are stored at a time."""


def find_reposts(
    home: Home,
    catalogue: Catalogue,
    following: Following,
    report: Report,
    *,
    anew: bool = False,
    scrub: bool = False,
) -> tuple[Articles, Decided]:
    """Compare the articles that wait for it with all others, and settle anew what that bears on.

    A kill at any point loses nothing: who waited waits still.

    Args:
        home: Which.
        catalogue: Its catalogue, open for writing.
        following: sources.yaml, as loaded.
        report: Told how far the work is.
        anew: Make the fingerprints again, and compare all.
        scrub: Overwrite the old ones before they go.

    Returns:
        What is known of the articles, and what people decided of them.

    Raises:
        NoSpaceError: The disk is full or read-only.
        StoreError: The catalogue is damaged, or the disk fails.
    """
    with disk.guarded(home.index):  # what a kill left behind; it may hold what was to be erased
        disk.remove_folder(home.index / ASIDE, overwrite=True)
    reuse = Reuse(home.reuse, writing=True)
    lacking = catalogue.to_fingerprint()  # before the fingerprints are made: what comes after that is not in them
    if not (anew or reuse.is_new):
        return _compare(home, catalogue, following, report, reuse, None, lacking, anew=False)
    with _fingerprints_anew(reuse, home, catalogue, following, report, scrub=scrub) as among:
        return _compare(home, catalogue, following, report, reuse, among, lacking, anew=True)


def _compare(
    home: Home,
    catalogue: Catalogue,
    following: Following,
    report: Report,
    reuse: Reuse,
    among: Rematching | None,
    lacking: Sequence[str],
    *,
    anew: bool,
) -> tuple[Articles, Decided]:
    """Compare the articles that wait, and settle.

    Args:
        home: See ``find_reposts``; so the next three.
        catalogue: Its catalogue.
        following: sources.yaml.
        report: Told how far the work is.
        reuse: The fingerprints.
        among: What compares all at once; None: one after the other.
        lacking: Of which others have put something into the catalogue that is not in the fingerprints, or was not.
        anew: Whether the fingerprints of all were just made.
    """
    events = Decisions(home.archive).events(*DECIDING)
    decided_here = f"decided-{home.node}" if home.server is not None else "decided"
    naming = dedupe.naming_digest(following.sources)
    waiting = catalogue.to_match()
    if among:  # another crawler may have brought more meanwhile: they wait on
        waiting = sorted(set(waiting).intersection(among.ids))
    undone = _there(catalogue, _undone(events, catalogue.note(decided_here)))
    due = set(waiting) | undone
    renamed = catalogue.note("matched-naming") not in (None, naming)
    known = Articles(catalogue, following, reuse)
    decided = decisions_of(events)
    if not (due or renamed):
        return known, decided
    finder = Finder(reuse, known)
    if not anew:
        waiting = sorted({*waiting, *finder.add({*waiting, *lacking})})
    report(Progress(doing="looking for reposts", done=0, total=len(waiting)))
    with catalogue.transaction():
        due |= set(waiting)
        due |= _concerned(catalogue, due)
        catalogue.forget_alignments(waiting)
        found = among.alignments() if among else finder.alignments(waiting)
        while some := list(islice(found, _PUT)):
            catalogue.put_alignments(some)
        due |= finder.touched(waiting) if len(waiting) < len(reuse) else set()
        due |= set(catalogue.article_ids()) if renamed else set()
        ids = _connected(catalogue, due, decided)
        settled = dedupe.settle(catalogue.alignments_within(ids), known, decided.within(ids), finder.standing)
        catalogue.put_found(ids, settled.matches, settled.clusters, settled.sames)
        catalogue.matched(waiting)
        catalogue.fingerprinted(lacking)
        catalogue.translate_anew(undone)
        catalogue.set_note("matched-naming", naming)
        catalogue.set_note(decided_here, str(events[-1].number if events else 0))
    report(Progress(doing="looking for reposts", done=len(waiting), total=len(waiting)))
    return known, decided


@contextmanager
def _fingerprints_anew(
    reuse: Reuse, home: Home, catalogue: Catalogue, following: Following, report: Report, *, scrub: bool
) -> Iterator[Rematching | None]:
    """Make the fingerprints of all articles again, aside, and have all compared again.

    So who reads meanwhile finds the old ones, or all of the new ones; and what was found by the old ones, until it is
    settled anew.

    Yields:
        What compares them, all at once; None: they are to be compared one after the other.
    """
    aside = replace(home, index_name=f"{home.index_name}/{ASIDE}")
    with disk.guarded(aside.index):
        aside.index.mkdir()
    with catalogue.transaction():
        catalogue.match_all()
    made = Reuse(aside.reuse, writing=True)
    made.sign()
    ids = catalogue.article_ids()
    report(Progress(doing="making fingerprints", done=0, total=len(ids)))
    if len(ids) < rematching.FROM_ARTICLES:
        Finder(made, Articles(catalogue, following, made)).add(ids)
        report(Progress(doing="making fingerprints", done=len(ids), total=len(ids)))
        reuse.become(made, scrub=scrub)
        yield None
    else:
        executor, folder = following.settings.executor, aside.index / "shuffled"
        with rematching.all_of(home, executor, folder, ids, report) as among:
            among.fingerprint(made)
            reuse.become(made, scrub=scrub)
            yield among
    with disk.guarded(home.index):
        disk.remove_folder(aside.index)


def _undone(events: Iterable[Event], done: str | None) -> set[str]:
    """Return the articles of which something was decided since reposts were last looked for."""
    ids: set[str] = set()
    for event in events:
        if event.number > int(done or 0):
            ids |= {event.said[side] for side in ("a", "b") if side in event.said} | set(event.said.get("articles", ()))
    return ids


def _concerned(catalogue: Catalogue, ids: Set[str]) -> set[str]:
    """Return whom it concerns when articles are looked at anew: those they were found to share something with."""
    clusters = catalogue.clusters(set(catalogue.cluster_ids(ids).values()))
    return catalogue.connected(ids) | {member for cluster in clusters for member in cluster.members}


def _connected(catalogue: Catalogue, ids: Set[str], decided: Decided) -> set[str]:
    """Return articles with all that share something with them, or were joined with them, directly or through others."""
    found: set[str] = set()
    new = set(ids)
    while new:
        found |= catalogue.connected(new)
        new = {i for group in decided.joined if group & found for i in group} - found
    return _there(catalogue, found)


def _there(catalogue: Catalogue, ids: Set[str]) -> set[str]:
    """Return those articles that there are; people may have decided of others."""
    return {facts.id for facts in catalogue.facts(ids)}


__all__ = ["ASIDE", "find_reposts"]
