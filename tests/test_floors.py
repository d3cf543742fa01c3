"""What is read of every article page of the demo world, against what was written: floors, and the corpus they hold for.

A floor that is broken is a defect of the extractor. When the world itself is changed, its digest no longer fits: read
the figures anew (`python -m tests.test_floors`) and pin them with the new digest, in one commit that says why.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import pytest

from aggregator import extract
from aggregator.demo.model import FIRST_VISIT, SECOND_VISIT, Post
from aggregator.demo.site import answer
from aggregator.demo.world import load_world

PORT = 8000
DIGEST = "67ad69ac9ef53e97a1007d5d00974b0ae5bed2e4d366015865ecd560c4ee0fd4"
FLOORS = {"pages": 169, "text": 169, "title": 169, "day": 169, "author": 169, "language": 169}
"""Of these pages, how many give all of it: the same paragraphs, the same words, the same day, name and language."""


def pages() -> Iterator[tuple[Post, str, bytes]]:
    """Every post as it stood at the first visit, and if it was edited at the second, with its address and page.

    Sites that only gather sign every post with their own account.
    """
    world = load_world()
    for written in world.posts.values():
        seen: Post | None = None
        for now in (FIRST_VISIT, SECOND_VISIT):
            post = written.at(now)
            if post.published > now or post == seen:
                continue
            seen = post
            found = answer(world, world.sites[post.site_id], world.path(post), now=now, port=PORT)
            assert found.status == 200, post.key
            account = world.sites[post.site_id].account
            yield replace(post, author=account or post.author), world.address(post, PORT), found.body


def faults(post: Post, url: str, body: bytes) -> dict[str, tuple[object, object]]:
    """What is read of a page otherwise than it was written: each as it was written and as it is read."""
    reading = extract.read_page(body, url=url, content_type="text/html", captured_at=SECOND_VISIT)
    pairs: dict[str, tuple[object, object]] = {
        "text": (list(post.paragraphs), reading.text.split("\n")),
        "title": (post.title, reading.title),
        "day": (post.published.date(), reading.claimed_at and reading.claimed_at.date()),
        "author": (post.author, ", ".join(reading.authors) or None),
        "language": (post.language, reading.language),
    }
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


@cache
def measured() -> tuple[str, dict[str, int], list[str]]:
    """The digest of all pages, how many of them are read right in each respect, and what is read wrong."""
    digest, right, wrong = hashlib.sha256(), Counter({"pages": 0}), []
    for post, url, body in pages():
        digest.update(body)
        found = faults(post, url, body)
        right.update({"pages": 1} | {name: name not in found for name in FLOORS if name != "pages"})
        wrong += [f"{post.key}: {name}: {wrote!r} was read as {read!r}" for name, (wrote, read) in found.items()]
    return digest.hexdigest(), dict(right), wrong


def test_the_floors_are_those_of_these_pages() -> None:
    assert measured()[0] == DIGEST, "the world was changed: read the figures anew and pin them with its digest"


@pytest.mark.parametrize("name", FLOORS)
def test_no_figure_is_below_its_floor(name: str) -> None:
    _, right, wrong = measured()
    assert right[name] >= FLOORS[name], "\n".join(line for line in wrong if f": {name}: " in line)


if __name__ == "__main__":
    print(*measured()[2], *measured()[:2], sep="\n")
