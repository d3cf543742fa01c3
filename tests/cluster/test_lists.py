"""Lists of what is to be done with articles, while another crawler puts the same ones there again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from aggregator.catalogue import Catalogue
from aggregator.model import Article, Server, Version
from tests.stockedhome import article

NOW = datetime(2026, 11, 30, tzinfo=UTC)


def put(known: Catalogue, one: Article) -> None:
    with known.transaction():
        known.put_article(one, one.url, list[Version](), [])


@pytest.mark.parametrize("work", ["index", "match", "translate", "fingerprint"])
def test_an_article_that_is_put_again_while_it_is_worked_on_stays_on_the_list(
    work: str, database: Callable[[], str]
) -> None:
    server = Server(database())
    one, other = article("1", "a text"), article("2", "another text")
    with Catalogue(server, writing=True) as ours, Catalogue(server, writing=True) as theirs:
        ours.join("aaaaaaaa", NOW)
        theirs.join("bbbbbbbb", NOW)
        put(theirs, one)
        put(theirs, other)
        listed = {
            "index": (ours.to_index, ours.indexed),
            "match": (ours.to_match, ours.matched),
            "translate": (ours.to_translate, lambda ids: ours.translated(ids, {})),
            "fingerprint": (ours.to_fingerprint, ours.fingerprinted),
        }
        waiting, done = listed[work]
        with ours.transaction():
            some = waiting()
        put(theirs, replace(one, text="a text that was edited meanwhile"))

        with ours.transaction():
            done(some)

        assert some == sorted([one.id, other.id])
        with ours.transaction():
            assert waiting() == [one.id]
            done(waiting())
            assert waiting() == []


def test_who_takes_articles_off_waits_for_nobody_who_puts_them_there(database: Callable[[], str]) -> None:
    server = Server(database())
    some = [article(str(n), f"text {n}") for n in range(3)]
    with Catalogue(server, writing=True) as ours, Catalogue(server, writing=True) as theirs:
        for known, name in ((ours, "aaaaaaaa"), (theirs, "bbbbbbbb")):
            known.join(name, NOW)
        for one in some:
            put(theirs, one)
        with ours.transaction():
            waiting = ours.to_match()

        with theirs.transaction():
            theirs.put_article(some[1], some[1].url, list[Version](), [])  # and it goes on for a while
            with ours.transaction():
                ours.matched(waiting)

        with ours.transaction():
            assert ours.to_match() == [some[1].id]
