"""SPIP: articles have a number, ``id_article``, whatever their address looks like.

Of its styles of addresses (page, html, propres, propres2, arbo, libres; https://www.spip.net/en_article4229.html) those
with a number are one article; a title alone does not tell which. A short number or a year behind a title may be part of
it: such an address stands for itself.

The front pages of Mutu sites, of the movement's French networks, list the newest articles with the day of their last
edit: "Publié le 3 mars 2026 | Maj le 4 mars 2026".
"""

from __future__ import annotations

import re

from aggregator.engines.engine import Engine, called

_ITEM = re.compile(
    r"""
      [?&/]article(?P<id>\d+)(?:\.html)?(?=$|[&?/#])
    | [?&](?:page=article&(?:.*&)?)id_article=(?P<by_page>\d+)
    | ^/[^?]*[^/?],(?P<behind>\d+)(?:\.html)?(?=$|\?)
    | ^/(?![-+_])[^?]*[^/?]-(?!19\d\d|20\d\d)(?P<at_end>\d{4,})(?:\.html)?(?=$|\?)
    """,
    re.VERBOSE | re.IGNORECASE,
)


def _key(path: str) -> str | None:
    match = _ITEM.search(path)
    return f"/spip.php?article{next(filter(None, match.groups()))}" if match else None


SPIP = Engine(
    name="spip",
    spoken="SPIP",
    generator=called("SPIP"),
    signs=(
        (re.compile(r"\bspip\.php\?"), "its addresses are of spip.php"),
        (re.compile(r"\bclass=[\"'][^\"'<>]{0,99}\bspip(?:_\w{1,20})?\b"), "its elements have classes of SPIP"),
        (re.compile(r"/local/cache-(?:css|js|vignettes)/"), "its files are under /local/cache-"),
    ),
    feeds=("/spip.php?page=backend", "/spip.php?page=backend-simple", "/backend.php3"),
    lists=("/spip.php?page=plan", "/"),
    edits=("/",),
    edited=re.compile(r"\b(?:m[àa]j|mise? à jour)(?: le\b|\s*:)?", re.IGNORECASE),
    sitemaps=("/spip.php?page=sitemap.xml",),
    items=_ITEM,
    more=re.compile(r"[?&]debut_(?:articles|\w+)=\d+|[?&/](?:rubrique\d+|page=annee&annee=\d{4})", re.IGNORECASE),
    key=_key,
)
