"""Several crawlers that share a catalogue: who asks whom, who goes on where one died, and what all know in the end."""

from __future__ import annotations

import shutil
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from aggregator import catalogue, pipeline, search, verification
from aggregator.catalogue import Catalogue, Leases
from aggregator.errors import BusyError, UsageError
from aggregator.fetch import Fetcher
from aggregator.home import Home
from aggregator.model import Request, Response, Run, Server, Settings, Source
from aggregator.pipeline.claims import Shared
from aggregator.pipeline.hosts import Hosts
from aggregator.pipeline.turns import EVERY_S, Turns
from aggregator.query import parse
from aggregator.reuse import Reuse
from tests.fakeweb import NOON, STORY, FakeWeb, crawl, feed, following, page, source

PACE_S = 0.05
NAMES = [f"s{n}" for n in range(24)]
Asked = defaultdict[str, list[tuple[float, float, int]]]
"""When each host was asked and had answered, and by which crawler."""


class Slow(FakeWeb):
    """A web that takes a moment, with pauses as a crawler keeps them; several of them note who asked what and when."""

    def __init__(self, pages: dict[str, object], asked: Asked, number: int) -> None:
        super().__init__(pages)
        self._asked, self._number, self._lock = asked, number, threading.Lock()
        self._free_at: dict[str, float] = {}

    def fetch(self, request: Request, *, pace_s: float) -> Response:
        host, began = request.url.split("/")[2], time.monotonic()
        with self._lock:
            answer = super().fetch(request, pace_s=pace_s)
        time.sleep(0.01)
        ended = time.monotonic()
        self._asked[host].append((began, ended, self._number))
        self._free_at[host] = ended + pace_s
        return answer

    def free_at(self, url: str) -> float:
        return self._free_at.get(url.split("/")[2], 0.0)

    def rests_s(self, url: str) -> float:
        return max(self.free_at(url) - time.monotonic(), 0.0)


def pages() -> dict[str, object]:
    """Sites with two texts each, one of them the same everywhere."""
    found: dict[str, object] = {}
    for name in NAMES:
        own, shared = (f"http://{name}.example/{what}" for what in ("own", "shared"))
        found |= {f"http://{name}.example/feed": feed(own, shared), shared: page(STORY)}
        found[own] = page(" ".join(f"{name} wrote the {n}th sentence of its own here." for n in range(30)), title=name)
    return found


SOURCES = tuple(source(name, pace_s=PACE_S) for name in NAMES)


def crawled(
    root: Path,
    address: str,
    web: FakeWeb,
    sources: tuple[Source, ...] = SOURCES,
    together: threading.Barrier | None = None,
    stop: threading.Event | None = None,
) -> list[Run]:
    with pipeline.opened(Home(root, server=address), following(*SOURCES)) as line:
        if together:
            together.wait(60)
        return line.crawl(sources, web, stop=stop)


def known(place: Any) -> dict[str, set[Any]]:
    """What does not depend on who captured it, and when."""
    with Catalogue(place) as it:
        articles = it.articles(it.article_ids()).values()
        return {
            "articles": {(a.id, a.url, a.version, a.title, a.text) for a in articles},
            "matches": {(m.a, m.b, m.relation, m.kind) for m in it.matches_of(it.article_ids())},
            "clusters": {(c.id, c.members) for c in it.clusters()},
        }


def test_two_crawlers_share_the_sources_and_know_in_the_end_what_one_would(
    tmp_path: Path, database: Callable[[], str]
) -> None:
    crawl(tmp_path / "alone", FakeWeb(pages()), *SOURCES)
    address, asked, together = database(), Asked(list), threading.Barrier(2)

    with ThreadPoolExecutor(2) as both:
        told = [
            both.submit(crawled, tmp_path / str(n), address, Slow(pages(), asked, n), together=together)
            for n in range(2)
        ]
        runs = [each.result() for each in told]

    assert sorted(run.source_id for each in runs for run in each) == sorted(NAMES)
    assert all(runs), "each had a share"
    with pipeline.opened(Home(tmp_path / "0", server=address), following(*SOURCES)):
        pass  # whoever comes next compares what was left
    assert known(Home(tmp_path / "0", server=address).catalogue) == known(Home(tmp_path / "alone").catalogue)
    assert_polite(asked)


class Held(FakeWeb):
    """A web that answers nobody until more hosts could be asked than are asked at once."""

    def __init__(self, pages: dict[str, object]) -> None:
        super().__init__(pages)
        self._could_be = set[str]()
        self._enough = threading.Event()

    def free_at(self, url: str) -> float:
        self._could_be.add(url.split("/")[2])
        if len(self._could_be) > pipeline.MAX_AT_ONCE:
            self._enough.set()
        return 0.0

    def fetch(self, request: Request, *, pace_s: float) -> Response:
        assert self._enough.wait(60), "the last to begin would be waited for alone"
        return super().fetch(request, pace_s=pace_s)


def test_some_hosts_stand_ready_while_as_many_are_asked_as_can_be(tmp_path: Path, database: Callable[[], str]) -> None:
    many = tuple(source(f"m{n}") for n in range(pipeline.MAX_AT_ONCE + 4))
    web = Held({f"http://{each.id}.example/feed": feed(f"http://{each.id}.example/own") for each in many})
    web.pages |= {f"http://{each.id}.example/own": page(f"{each.id} wrote this by itself.") for each in many}

    runs = crawled(tmp_path / "home", database(), web, many)

    assert [run.source_id for run in runs if not run.failed] == [each.id for each in many]


def test_two_crawlers_that_wait_for_each_others_hosts_both_end(tmp_path: Path, database: Callable[[], str]) -> None:
    address, a, b = database(), source("a"), source("b")
    there, back = "http://b.example/x", "http://a.example/y"
    pages = {"http://a.example/feed": feed(there), "http://b.example/feed": feed(back), there: page(STORY)}
    pages[back] = page("Something else altogether was written here.")
    both_are_there = threading.Barrier(2)

    class Met(FakeWeb):
        def fetch(self, request: Request, *, pace_s: float) -> Response:
            if request.url.endswith("/feed"):
                both_are_there.wait(60)
            return super().fetch(request, pace_s=pace_s)

    stop = threading.Event()
    with ThreadPoolExecutor(2) as both:
        told = [
            both.submit(crawled, tmp_path / each.id, address, Met(dict(pages)), (each,), stop=stop) for each in (a, b)
        ]
        try:
            runs = [each.result(60) for each in told]
        finally:
            stop.set()

    assert [[(run.source_id, run.fetched > 2, run.failed) for run in each] for each in runs] == [
        [("a", True, [])],
        [("b", True, [])],
    ]


@pytest.mark.parametrize("held", [100, 1500])
def test_a_crawler_finds_the_free_hosts_behind_those_that_others_hold(held: int, database: Callable[[], str]) -> None:
    server, names = Server(database()), [f"h{n}" for n in range(held)]
    everybody = [source(name) for name in (*names, "free")]
    with Catalogue(server, writing=True) as known, closing(Leases(server, "other", for_s=120)) as other:
        other.take([f"{name}.example" for name in names])
        with closing(Shared(Leases(server, "me", for_s=120))) as mine:
            turns = Turns(everybody, mine, Hosts(FakeWeb({}), mine), known, NOON, whole=False)
            until_s = time.monotonic() + 30
            while not (begun := turns.next(0)) and time.monotonic() < until_s:
                time.sleep(EVERY_S)

    assert [each.id for each in begun] == ["free"]


def test_a_source_whose_host_was_lent_is_not_visited_by_another(database: Callable[[], str]) -> None:
    server, web = Server(database()), FakeWeb({})
    with (
        Catalogue(server, writing=True) as known,
        closing(Shared(Leases(server, "one", for_s=120))) as one,
        closing(Shared(Leases(server, "other", for_s=120))) as other,
    ):
        turns = [Turns([source("a")], each, Hosts(web, each), known, NOON, whole=False) for each in (one, other)]
        assert [each.id for each in turns[0].next(0)] == ["a"]
        one.give_back({"a.example": 0.0})

        assert turns[1].next(0) == []

        turns[0].over(["a"])
        later = Turns([source("a")], other, Hosts(web, other), known, NOON, whole=False)
        assert [each.id for each in later.next(0)] == ["a"]


def test_each_node_finds_what_the_others_put_in(tmp_path: Path, database: Callable[[], str]) -> None:
    address, homes = database(), [Home(tmp_path / str(n)) for n in range(2)]
    homes = [Home(home.root, server=address) for home in homes]
    half = len(SOURCES) // 2
    for home, some in ((homes[0], SOURCES[:half]), (homes[1], SOURCES[half:]), (homes[0], SOURCES[:1])):
        crawled(home.root, address, FakeWeb(pages()), some)

    for home in homes:
        with pipeline.opened(home, following(*SOURCES)):
            pass

    found = [search.search(home, parse("sentence"), limit=100).total for home in homes]
    assert found == [len(NAMES)] * 2
    with Catalogue(homes[0].catalogue) as it:
        assert it.counts()["to_index"] == 0
        (family,) = it.clusters()
    assert len(family.members) == len(NAMES), "copies that different nodes captured are one family"


def test_what_one_that_died_held_is_asked_by_another_when_its_time_is_over(
    tmp_path: Path, database: Callable[[], str]
) -> None:
    address = database()
    place = Home(tmp_path, server=address).catalogue
    dead, other = (Leases(place, name, for_s=0.4) for name in ("dead", "other"))
    with dead, other:
        assert dead.take(["a", "b"], pace_s=0.2).keys() == {"a", "b"}
        assert other.take(["a", "c"], pace_s=0.2).keys() == {"c"}

        until = time.monotonic() + 5
        while not (taken := other.take(["a"])):
            assert time.monotonic() < until
        lease = taken["a"]

        assert lease.fence == 2
        assert 0.1 < lease.free_in_s <= 0.2, "after the last possible request, and the pause after it"
        assert dead.renew({"a": 1, "b": 1}) == {"a"}, "b is still its own: nobody took it"
        dead.give_back({"a": 1}, {})
        assert other.renew({"a": 2}) == set(), "who comes late takes nothing away"


def test_a_host_that_was_given_back_rests_for_whoever_takes_it_next(
    tmp_path: Path, database: Callable[[], str]
) -> None:
    place = Home(tmp_path, server=database()).catalogue
    with Leases(place, "one", for_s=60) as one, Leases(place, "other", for_s=60) as other:
        fences = {name: lease.fence for name, lease in one.take(["a", "b"]).items()}
        one.give_back(fences, {"a": 7.0})

        taken = other.take(["a", "b"])

    assert 6.0 < taken["a"].free_in_s <= 7.0
    assert taken["b"].free_in_s == 0.0


def test_of_many_who_take_the_same_at_once_each_gets_what_no_other_does(
    tmp_path: Path, database: Callable[[], str]
) -> None:
    place = Home(tmp_path, server=database()).catalogue
    wanted, together = [f"h{n}" for n in range(40)], threading.Barrier(8)
    Leases(place, "first", for_s=60).close()

    def take(number: int) -> set[str]:
        with Leases(place, str(number), for_s=60) as mine:
            had: set[str] = set()
            together.wait()
            for start in range(0, 40, 5):
                had |= mine.take(wanted[(start + number * 5) % 40 :][:5]).keys()
            return had

    with ThreadPoolExecutor(8) as crowd:
        had = list(crowd.map(take, range(8)))

    assert sorted(name for each in had for name in each) == sorted(wanted)


def test_on_sqlite_leases_are_the_same(tmp_path: Path) -> None:
    place = Home(tmp_path).catalogue
    tmp_path.joinpath("index").mkdir()
    with Leases(place, "one", for_s=60) as one, Leases(place, "other", for_s=60) as other:
        assert one.take(["a", "b"]).keys() == {"a", "b"}
        assert other.take(["b", "c"]).keys() == {"c"}
        one.give_back({"b": 1}, {"b": 3.0})
        assert 2.0 < other.take(["b"])["b"].free_in_s <= 3.0


def test_a_catalogue_is_made_again_by_one_alone(tmp_path: Path, database: Callable[[], str]) -> None:
    address = database()
    home = Home(tmp_path / "one", server=address)
    crawled(home.root, address, FakeWeb(pages()), SOURCES[:3])
    before = known(home.catalogue)

    other = pipeline.opened(Home(tmp_path / "other", server=address), following(*SOURCES))
    with other, pytest.raises(BusyError, match="by one alone"):
        pipeline.rebuild(home, following(*SOURCES))
    assert known(home.catalogue) == before

    pipeline.rebuild(home, following(*SOURCES))

    assert known(home.catalogue) == before
    assert not catalogue.exists(catalogue_aside(home))


def test_what_other_homes_captured_is_not_lost_by_a_rebuild_of_one(tmp_path: Path, database: Callable[[], str]) -> None:
    address = database()
    one, other = (Home(tmp_path / name, server=address) for name in ("one", "other"))
    crawled(one.root, address, FakeWeb(pages()), SOURCES[:2])
    crawled(other.root, address, FakeWeb(pages()), SOURCES[2:4])
    before = known(one.catalogue)

    with pytest.raises(UsageError, match=r"also made of 2 files that are not in .* they are in other homes"):
        pipeline.rebuild(one, following(*SOURCES))

    assert known(one.catalogue) == before


def test_what_other_homes_captured_is_not_missing_here_and_what_this_one_did_is(
    tmp_path: Path, database: Callable[[], str]
) -> None:
    address = database()
    one, other = (Home(tmp_path / name, server=address) for name in ("one", "other"))
    crawled(one.root, address, FakeWeb(pages()), SOURCES[:2])
    crawled(other.root, address, FakeWeb(pages()), SOURCES[2:4])
    with pipeline.opened(one, following(*SOURCES)) as line:
        assert line.missing == []
    assert verification.verify_home(one, report=lambda _: None).findings == []

    lost = next(one.archive.glob("[0-9]*/*/*/captures-*.warc.gz"))
    lost.unlink()

    with pipeline.opened(one, following(*SOURCES)) as line:
        assert line.missing == [lost.relative_to(one.archive).as_posix()]
    missing = [each.file for each in verification.verify_home(one, report=lambda _: None).findings]
    assert missing == [lost.relative_to(one.archive).as_posix()]


def catalogue_aside(home: Home) -> Any:
    return Home(home.root, index_name="index/rebuilding", server=home.server).catalogue


def assert_polite(asked: Asked) -> None:
    """No host was asked by two at once, or before its pause was over, whoever asked."""
    for times in asked.values():
        for (_, ended, _), (began, _, _) in pairwise(sorted(times)):
            assert began - ended > PACE_S * 0.9


def test_only_one_at_a_time_compares_articles(tmp_path: Path, database: Callable[[], str]) -> None:
    address = database()
    one, other = (Home(tmp_path / name, server=address) for name in ("one", "other"))
    crawled(one.root, address, FakeWeb(pages()), SOURCES[:2])
    with pipeline.opened(other, following(*SOURCES)) as line:
        line.update_index()

        with pytest.raises(BusyError, match="It compares articles"):
            pipeline.rebuild(one, following(*SOURCES), only="reposts")

    pipeline.rebuild(one, following(*SOURCES), only="reposts")


def test_a_new_full_text_index_leaves_the_catalogue_alone_that_another_home_makes(
    tmp_path: Path, database: Callable[[], str]
) -> None:
    address = database()
    one, other = (Home(tmp_path / name, server=address) for name in ("one", "other"))
    crawled(one.root, address, FakeWeb(pages()), SOURCES[:2])
    before = known(one.catalogue)
    Catalogue(catalogue_aside(other), writing=True).close()  # another's rebuild has begun

    pipeline.rebuild(one, following(*SOURCES), only="index")

    assert known(one.catalogue) == before
    assert catalogue.exists(catalogue_aside(other))


def test_many_read_at_once(tmp_path: Path, database: Callable[[], str]) -> None:
    home = Home(tmp_path, server=database())
    Catalogue(home.catalogue, writing=True).close()
    readers = [Catalogue(home.catalogue) for _ in range(40)]

    assert [each.counts()["articles"] for each in readers] == [0] * 40
    for each in readers:
        each.close()


def test_a_lease_that_ended_unnoticed_is_not_counted_as_held(tmp_path: Path, database: Callable[[], str]) -> None:
    place = Home(tmp_path, server=database()).catalogue
    one = Shared(Leases(place, "one", for_s=0.3))
    with Leases(place, "other", for_s=60) as other:
        assert one.take(["/work"])
        one._over.set()  # as when the server is away, or the process stood still
        until = time.monotonic() + 5
        while not other.take(["/work"]):
            assert time.monotonic() < until

        assert not one.take(["/work"])
    one.close()


def test_the_pause_that_a_host_asked_for_goes_with_its_lease(tmp_path: Path, database: Callable[[], str]) -> None:
    place, web = Home(tmp_path, server=database()).catalogue, Fetcher(Settings())
    web._gate("a.example").shut_until = time.monotonic() + 3_600  # it answered 429, Retry-After: 3600
    one = Shared(Leases(place, "one", for_s=60))
    hosts = Hosts(web, one)
    one.take(["a.example"])
    hosts.release(())

    with Leases(place, "other", for_s=60) as other:
        assert other.take(["a.example"])["a.example"].free_in_s > 3_000
    one.close()


def test_what_others_put_in_while_fingerprints_are_made_is_in_them_later(
    tmp_path: Path, database: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    address = database()
    one, other = (Home(tmp_path / name, server=address) for name in ("one", "other"))
    text = " ".join(f"both tell the {n}th thing of the harbour there." for n in range(30))
    web = {f"http://s{n}.example/feed": feed(f"http://s{n}.example/own") for n in (5, 6)}
    web |= {f"http://s{n}.example/own": page(text, title=str(n)) for n in (5, 6)}
    crawled(one.root, address, FakeWeb(pages()), SOURCES[:2])
    shutil.rmtree(one.reuse)  # as on a new disk
    become, others = Reuse.become, [SOURCES[5:6]]

    def meanwhile(self: Reuse, *made: Any, **how: Any) -> Any:
        if others:
            crawled(other.root, address, FakeWeb(dict(web)), others.pop())
        return become(self, *made, **how)

    monkeypatch.setattr(Reuse, "become", meanwhile)
    with pipeline.opened(one, following(*SOURCES)):
        pass
    assert not others

    crawled(one.root, address, FakeWeb(dict(web)), SOURCES[6:7])

    with Catalogue(one.catalogue) as it:
        twins = [a.id for a in it.articles(it.article_ids()).values() if a.text.endswith(text)]
        assert len(twins) == 2
        assert it.matches_of(twins)
