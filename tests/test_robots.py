"""What a site's robots.txt allows us is what we ask for."""

from __future__ import annotations

import gc
import tracemalloc

import pytest

from aggregator.fetch import Fetcher, Robots
from aggregator.fetch.limits import MAX_CRAWL_DELAY_S, MAX_ROBOTS_BESIDE_BYTES
from aggregator.model import Request, Role, Settings
from aggregator.wire import read_answer
from tests.rawserver import RawServer

SITE = "http://a.example/"


def rules(body: bytes, *, status: int | None = 200) -> Robots:
    robots = Robots()
    robots.learn(SITE, status, body)
    return robots


def test_the_rules_of_an_address_are_at_the_root_of_its_origin() -> None:
    assert Robots.address("https://a.example:8443/x/y?z") == "https://a.example:8443/robots.txt"


def test_what_is_forbidden_is_refused_for_good_and_the_rest_allowed() -> None:
    robots = rules(b"User-agent: *\nDisallow: /private/\nAllow: /private/press\n")

    assert robots.refusal(SITE + "private/1") == ("robots.txt forbids it", False)
    assert robots.refusal(SITE + "private/press") is None
    assert robots.refusal(SITE) is None


def test_rules_for_us_count_before_the_rules_for_all() -> None:
    robots = rules(b"User-agent: *\nDisallow: /\n\nUser-agent: Aggregator\nDisallow: /b\n")

    assert robots.refusal(SITE + "a") is None
    assert robots.refusal(SITE + "b")


@pytest.mark.parametrize("status", [301, 308, 400, 401, 403, 404, 410])
def test_a_site_without_rules_allows_everything(status: int) -> None:
    assert rules(b"User-agent: *\nDisallow: /", status=status).refusal(SITE) is None


@pytest.mark.parametrize("status", [429, 500, 503, 599, None])
def test_rules_that_cannot_be_had_allow_nothing_for_now(status: int | None) -> None:
    reason, may_change = rules(b"", status=status).refusal(SITE) or ("", False)

    assert "could not be had" in reason
    assert may_change


def test_an_origin_whose_rules_were_not_learned_may_not_be_asked() -> None:
    robots = rules(b"")

    assert (robots.knows(SITE + "1"), robots.refusal(SITE + "1")) == (True, None)
    assert not robots.knows("https://a.example/1")
    assert robots.refusal("https://a.example/1")


@pytest.mark.parametrize("body", [b"", b"\x00\xff\xfe" * 999, b"<!doctype html><h1>Not found</h1>", bytes(range(256))])
def test_rules_that_are_no_rules_allow_everything(body: bytes) -> None:
    assert rules(body).refusal(SITE) is None


@pytest.mark.parametrize(
    "body",
    [b"\xef\xbb\xbfUser-agent: *\nDisallow: /", b"user-agent:*\r\ndisallow:/\r\n", b"User-agent: *\rDisallow: /\r"],
)
def test_rules_are_read_with_a_byte_order_mark_and_any_line_ends(body: bytes) -> None:
    assert rules(body).refusal(SITE)


def test_a_megabyte_of_rules_is_read_up_to_500_kibibytes() -> None:
    start = b"User-agent: *\nDisallow: /first\n"
    robots = rules(start.ljust(1 << 20, b"#") + b"\nDisallow: /last\n")

    assert robots.refusal(SITE + "first")
    assert robots.refusal(SITE + "last") is None


def test_a_rule_torn_by_the_limit_does_not_forbid_more_than_it_said() -> None:
    start = b"User-agent: *\n#".ljust((500 << 10) - len(b"\nDisallow: /"), b"#")

    assert rules(start + b"\nDisallow: /private/\n").refusal(SITE + "news") is None


@pytest.mark.parametrize(
    ("delay", "pace_s"), [("12", 12.0), ("2.5", 5.0), ("900", MAX_CRAWL_DELAY_S), ("-3", 5.0), ("nan", 5.0), ("x", 5.0)]
)
def test_the_longer_of_our_pace_and_the_crawl_delay_counts_up_to_a_minute(delay: str, pace_s: float) -> None:
    robots = rules(f"User-agent: *\nCrawl-delay: {delay}\n".encode())

    assert robots.pace_s(SITE + "1", 5.0) == pace_s


def test_a_site_without_known_rules_is_visited_at_our_own_pace() -> None:
    assert Robots().pace_s(SITE, 5.0) == rules(b"", status=404).pace_s(SITE, 5.0) == 5.0


@pytest.mark.parametrize(
    ("answer", "allowed"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 25\r\n\r\nUser-agent: *\nDisallow: /\n", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", True),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", True),
        (b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n", False),
    ],
)
def test_rules_are_learned_from_what_the_server_answers(answer: bytes, allowed: bool) -> None:
    fetcher, robots = Fetcher(Settings(allow_private=("127.0.0.0/8",))), Robots()
    with RawServer({"/robots.txt": answer}) as server:
        url = server.url("/1")
        asked = Request(url=Robots.address(url), role=Role.ROBOTS, source_id="a")
        got = read_answer(fetcher.fetch(asked, pace_s=0.0).received)
    robots.learn(url, got.status, got.body)

    assert (robots.refusal(url) is None) is allowed


def test_a_line_that_nobody_knows_does_not_end_a_group() -> None:
    robots = rules(b"User-agent: otherbot\nNoindex: /x\nUser-agent: *\nNoarchive: /y\nDisallow: /a\n")

    assert robots.refusal(SITE + "a")


@pytest.mark.parametrize("name", [b"aggregator/2.0", b"Aggregator beta", b"AGGREGATOR (news)"])
def test_a_group_is_ours_by_the_product_token_alone(name: bytes) -> None:
    assert rules(b"User-agent: " + name + b"\nDisallow: /a\n").refusal(SITE + "a")


@pytest.mark.parametrize("name", [b"agg", b"aggregators", b"news-aggregator", b"a"])
def test_a_group_for_a_name_that_only_resembles_ours_is_not_ours(name: bytes) -> None:
    assert rules(b"User-agent: " + name + b"\nDisallow: /a\n").refusal(SITE + "a") is None


@pytest.mark.parametrize(("rule", "address"), [("/%7Emia/", "~mia/1"), ("/~mia/", "%7Emia/1"), ("/é/", "%C3%A9/1")])
def test_what_is_forbidden_is_forbidden_escaped_or_not(rule: str, address: str) -> None:
    assert rules(f"User-agent: *\nDisallow: {rule}".encode()).refusal(SITE + address)


def test_what_is_allowed_only_with_an_escape_undone_is_refused_for_some_do_not_undo_it() -> None:
    robots = rules(b"User-agent: *\nDisallow: /\nAllow: /%7Emia/\nAllow: /%C3%A9/\n")

    assert robots.refusal(SITE + "~mia/1")
    assert robots.refusal(SITE + "%7Emia/1") is None
    assert robots.refusal(SITE + "%C3%A9/1") is None


def test_an_address_that_is_not_written_as_it_would_be_sent_is_refused() -> None:
    assert rules(b"").refusal(SITE + "é")


def test_of_very_many_origins_the_rules_of_those_asked_about_last_are_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aggregator.fetch.robots.MAX_HELD", 2)
    known = rules(b"")
    known.learn("http://b.example/", 200, b"")
    assert known.knows(SITE)

    known.learn("http://c.example/", 200, b"")

    assert [known.knows(f"http://{host}.example/") for host in "abc"] == [True, False, True]


HOSTILE = {
    "escapes": b"".join(b"Disallow: /%%%02X%04d\n" % (n % 128, n) for n in range(25_000)),
    "signs": b"".join(b"allow:*%x*$%%\n" % n for n in range(36_000)),
    "files": b"".join(b"allow:/%x%%/index.html\n" % n for n in range(20_000)),
}


@pytest.mark.parametrize("lines", HOSTILE.values(), ids=HOSTILE)
def test_the_rules_of_many_hosts_together_take_a_bounded_memory(lines: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aggregator.fetch.robots.MAX_HELD_BYTES", 8 << 20)
    body = b"User-agent: *\n" + lines[: 64 << 10]
    robots = Robots()
    tracemalloc.start()
    try:
        for n in range(12):
            robots.learn(f"http://{n}.example/", 200, body)
            robots.refusal(f"http://{n}.example/1")
        gc.collect()  # when Python does that by itself depends on what ran before in this process
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert held < 16 << 20
    assert robots.knows("http://11.example/1")
    assert not robots.knows("http://0.example/1")


def test_rules_of_one_origin_that_are_more_than_all_may_take_are_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aggregator.fetch.robots.MAX_HELD_BYTES", 1_000)
    robots = rules(b"User-agent: *\nDisallow: /a\n" + b"Disallow: /b\n" * 99)
    robots.learn(SITE, 200, b"User-agent: *\nDisallow: /c\n" + b"Disallow: /b\n" * 99)

    assert robots.knows(SITE)
    assert [robots.refusal(SITE + path) is None for path in "abc"] == [True, False, False]


def test_long_rules_are_read_for_pages_and_not_for_what_these_show() -> None:
    robots = rules(b"User-agent: *\nDisallow: /a\n".ljust(MAX_ROBOTS_BESIDE_BYTES + 1, b"#"))

    assert robots.refusal(SITE + "b", is_beside=True) == (
        "robots.txt is longer than is read for what a page shows",
        False,
    )
    assert robots.refusal(SITE + "b") is None
    assert robots.refusal(SITE + "a") == ("robots.txt forbids it", False)
