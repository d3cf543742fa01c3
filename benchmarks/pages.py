"""The pages that are measured: those of the demo world, or a folder of real ones.

A folder holds ``html/<id>.html.gz`` and ``gold.jsonl``, one JSON object a line with at least ``id`` and ``url``. Where
there is a ``core_ids.txt``, its pages come first.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from urllib.parse import urlsplit

SITES = 12
"""How many hosts the pages of a folder are dealt to: as many as the demo world has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of an article, as its site sends it."""

    number: int
    site: str
    """The first label of the host that will serve it."""
    target: str
    """Path and query of its own address: extractors read dates in them."""
    content_type: str
    body: bytes

    def url(self, port: int) -> str:
        """Return its address on the loopback server, where the number alone says which page is meant."""
        return f"http://{self.site}.localhost:{port}/{self.number}{self.target}"


def of_demo_world(count: int) -> list[Page]:
    """Return the posts of the demo world as they are at the second visit, at most so many."""
    from aggregator.demo.site import answer
    from aggregator.demo.world import SECOND_VISIT, load_world

    world = load_world()
    pages: list[Page] = []
    for site in world.sites.values():
        for post in world.posts_at(site.id, SECOND_VISIT):
            target = world.path(post)
            sent = answer(world, site, target, now=SECOND_VISIT, port=80)
            pages.append(
                Page(number=len(pages), site=site.id, target=target, content_type=sent.content_type, body=sent.body)
            )
    return pages[:count]


def of_folder(folder: Path, count: int) -> list[Page]:
    """Return the pages of a folder, at most so many."""
    return [
        Page(
            number=number,
            site=f"site-{number % SITES}",
            target=_target(url),
            content_type="text/html",
            body=gzip.decompress(path.read_bytes()),
        )
        for number, (path, url) in enumerate(islice(_listed(folder), count))
    ]


def _listed(folder: Path) -> Iterator[tuple[Path, str]]:
    lines = (folder / "gold.jsonl").read_text(encoding="utf-8").splitlines()
    urls = {str(said["id"]): str(said["url"]) for said in map(json.loads, lines)}
    core = folder / "core_ids.txt"
    first = core.read_text(encoding="utf-8").split() if core.exists() else []
    for ident in dict.fromkeys([*first, *urls]):
        path = folder / "html" / f"{ident}.html.gz"
        if ident in urls and path.exists():
            yield path, urls[ident]


def _target(url: str) -> str:
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
