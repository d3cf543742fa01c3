from __future__ import annotations

from pathlib import Path

from tests.fakeweb import STORY, FakeWeb, catalogue, crawl, feed, page, source


def test_an_announced_page_becomes_an_article(tmp_path: Path) -> None:
    web = FakeWeb(
        {
            "http://a.example/feed": feed("http://a.example/1"),
            "http://a.example/1": page(STORY),
        }
    )

    runs = crawl(tmp_path, web, source("a"))

    assert runs["a"].new == 1
    [article] = catalogue(tmp_path).find_articles("http://a.example/1")
    assert article.text.endswith("came in from the estuary.")
