"""Sites after the shapes that engines have: what each answers, and the addresses of all its articles.

Small on purpose: two dozen posts, lists of five or ten. Words, names and markup are ours.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape

from aggregator.model import Source
from tests.fakeweb import page

POSTS = 24
WORDS = "ferry lantern orchard gravel kettle sparrow ladder cellar harvest pebble thimble meadow".split()


@dataclass(kw_only=True)
class Site:
    """One site: how it is followed, what it answers, and where its articles are."""

    source: Source
    pages: dict[str, object] = field(default_factory=dict)
    articles: set[str] = field(default_factory=set)
    """The address of each article, once."""
    others: set[str] = field(default_factory=set)
    """Further addresses of articles that are there already."""


def site(engine: str, host: str, **more: object) -> Site:
    address = f"http://{host}/"
    given = {"id": engine, "name": engine, "url": address, "pace_s": 0.0, "recheck": False, "engine": engine}
    return Site(source=Source(**given | more))  # type: ignore[arg-type]


def story(number: int) -> str:
    """A text that shares no passage with that of another number."""
    words = [WORDS[(number * 5 + n * (number % 7 + 1)) % len(WORDS)] for n in range(60)]
    lines = (" ".join(f"{word}{number}x{n}" for n, word in enumerate(words[k : k + 20])) for k in (0, 20, 40))
    return "\n\n".join(f"On day {number} they wrote of the {line}." for line in lines)


def article(number: int, *, generator: str = "", extra: str = "", classes: str = "") -> str:
    made = page(story(number), title=f"Post number {number}")
    return made.replace("<meta charset", f"{generator}<meta charset").replace(
        "<article>", f"{extra}<article class='{classes}'>"
    )


def links(addresses: list[str], *, more: list[str] | None = None, generator: str = "", rest: str = "") -> str:
    """A page that links articles and further lists, amid what every page has."""
    items = "".join(f"<li><a href='{escape(a)}'>Post at {escape(a)}</a></li>" for a in addresses)
    lists = "".join(f"<a href='{escape(a)}'>more</a> " for a in more or [])
    return (
        f"<!doctype html><html><head>{generator}<title>A list</title></head><body><nav><a href='/about'>About</a> "
        f"<a href='/login?next=/'>Log in</a></nav><ul>{items}</ul><p>{lists}</p>{rest}"
        "<a href='http://elsewhere.example/articles/999'>A friend</a></body></html>"
    )


def generator(name: str) -> str:
    return f"<meta name='generator' content='{name}'>"


def rss(addresses: list[str], *, made_by: str = "") -> str:
    items = "".join(f"<item><title>T</title><link>{escape(a)}</link></item>" for a in addresses)
    said = f"<generator>{made_by}</generator>" if made_by else ""
    return f"<?xml version='1.0'?><rss version='2.0'><channel><title>F</title>{said}{items}</channel></rss>"


def chunks(addresses: list[str], size: int) -> list[list[str]]:
    return [addresses[k : k + size] for k in range(0, len(addresses), size)]


def _with_articles(made: Site, path: Callable[[int], str], **more: str) -> list[str]:
    """Put every article at its address; return these, the newest first."""
    found = [made.source.url.rstrip("/") + path(n) for n in range(POSTS, 0, -1)]
    made.articles |= set(found)
    made.pages |= {a: article(POSTS - k, **more) for k, a in enumerate(found)}
    return found


# --- the engines ----------------------------------------------------------------------------------------------------


def wordpress(host: str = "wordpress.example", *, rest: str | None = None, engine: str = "wordpress") -> Site:
    """REST in pages of a hundred (here: more posts than that), a feed of ten."""
    made = site(engine, host)
    base = made.source.url.rstrip("/")
    found = [f"{base}/20{10 + n // 30}/{n % 12 + 1:02}/{n % 27 + 1:02}/post-{n}/" for n in range(230)]
    made.articles |= set(found)
    made.pages |= {a: article(n, generator=generator("WordPress 6.4")) for n, a in enumerate(found)}
    made.pages[base + "/"] = links(found[-10:], generator=generator("WordPress 6.4"))
    made.pages[base + "/feed/"] = rss(found[-10:][::-1], made_by="https://wordpress.org/?v=6.4")
    begin = (rest or base + "/wp-json/wp/v2/posts") + "?per_page=100&orderby=date&order=asc"
    for number, some in enumerate(chunks(found, 100), start=1):
        entries = [
            {
                "link": a,
                "date_gmt": f"20{10 + n // 30}-{n % 12 + 1:02}-{n % 27 + 1:02}T10:00:00",
                "title": {"rendered": "A &amp; B"},
            }
            for n, a in enumerate(some, start=100 * (number - 1))
        ]
        address = f"{begin}&_fields=link,date_gmt,modified_gmt,title&page={number}"
        made.pages[address] = (200, {"Content-Type": "application/json"}, json.dumps(entries))
    return made


def wordpress_without_rest() -> Site:
    """REST closed: the months on the front page, in pages."""
    made = site("wordpress", "closed.example")
    found = _with_articles(made, lambda n: f"/2014/{n % 2 + 1:02}/{n:02}/post-{n}/")
    base = made.source.url.rstrip("/")
    made.pages[base + "/"] = links(found[:5], more=[f"{base}/2014/0{m}/" for m in (1, 2)])
    for month in (1, 2):
        some = [a for a in found if f"/2014/0{month}/" in a]
        made.pages[f"{base}/2014/0{month}/"] = links(some[:10], more=[f"{base}/2014/0{month}/page/2/"])
        made.pages[f"{base}/2014/0{month}/page/2/"] = links(some[10:])
    made.pages[base + "/wp-json/wp/v2/posts"] = 401
    made.others |= {found[0] + "amp/", found[1].rstrip("/"), found[2] + "?replytocom=7"}
    made.pages[base + "/2014/01/"] = links(
        [a for a in found if "/2014/01/" in a][:10] + sorted(made.others), more=[f"{base}/2014/01/page/2/"]
    )
    return made


def spip() -> Site:
    """Sections in pages of five; an article under several addresses."""
    made = site("spip", "spip.example")
    found = _with_articles(made, lambda n: f"/spip.php?article{n}", generator=generator("SPIP 3.2"))
    base = made.source.url.rstrip("/")
    made.pages[base + "/"] = links(found[:3], more=[f"{base}/spip.php?rubrique1", f"{base}/rubrique2.html"])
    made.pages[base + "/spip.php?page=backend"] = rss(found[:10], made_by="SPIP - www.spip.net")
    for section, mine in (("spip.php?rubrique1", found[::2]), ("rubrique2.html", found[1::2])):
        pages = chunks(mine, 5)
        sign = "&" if "?" in section else "?"
        for k, some in enumerate(pages):
            address = f"{base}/{section}" + (f"{sign}debut_articles={5 * k}" if k else "")
            older = [f"{base}/{section}{sign}debut_articles={5 * j}#pagination" for j in range(1, len(pages))]
            made.pages[address] = links(some, more=older)
    made.others |= {
        f"{base}/article3.html",
        f"{base}/spip.php?article4&lang=en",
        f"{base}/?article5",
        f"{base}/Un-titre,6",
    }
    made.pages[base + "/"] = links(
        found[:3] + sorted(made.others), more=[f"{base}/spip.php?rubrique1", f"{base}/rubrique2.html"]
    )
    return made


def mir() -> Site:
    """Static pages; a post lies under regions too, and with its comments; a mirror has the same."""
    made = site("mir", "mir.example", mirrors=("mob.mir.example",))
    found = _with_articles(made, lambda n: f"/en/2009/07/{430000 + n}.html", generator=generator("Mir 1.1"))
    base = made.source.url.rstrip("/")
    made.others |= {
        f"{base}/en/regions/coast/2009/07/430003.html",
        found[4] + "?c=on",
        "http://mob.mir.example/en/2009/07/430007.html",
    }
    made.pages[base + "/"] = links(found[:4], more=[f"{base}/en/newswire.html", f"{base}/en/regions/coast/"])
    made.pages[base + "/en/newswire.html"] = links(found[:10], more=[f"{base}/en/newswire_archive1.html"])
    made.pages[base + "/en/newswire_archive1.html"] = links(found[10:] + sorted(made.others))
    made.pages[base + "/en/newswire.rss"] = rss(found[:10])
    return made


def hyperactive() -> Site:
    """The feed has promoted posts only; the newswire is in its list and in months, a hidden post among them."""
    made = site("hyperactive", "hyperactive.example", feeds=("http://hyperactive.example/feeds/latest_articles",))
    found = _with_articles(made, lambda n: f"/articles/{n}")
    base = made.source.url.rstrip("/")
    made.pages[found[5]] = article(
        POSTS - 5,
        classes="hidden_post",
        extra="<p class='notice'>This posting has been hidden because it breaches the guidelines.</p>",
    )
    made.pages[base + "/"] = links(found[::8])
    made.pages[base + "/feeds/latest_articles"] = rss(found[::8])
    pages = chunks(found[:15], 5)
    for k, some in enumerate(pages, start=1):
        made.pages[f"{base}/articles/archives/{k}"] = links(
            some,
            more=[f"{base}/articles/archives/{k + 1}", f"{base}/archive/2009"]
            if k < len(pages)
            else [f"{base}/archive/2009"],
        )
    made.pages[f"{base}/archive/2009"] = links([], more=[f"{base}/archive/2009/{m}" for m in range(1, 13)])
    for month in range(1, 13):
        made.pages[f"{base}/archive/2009/{month}"] = links(found[2 * month - 2 : 2 * month])
    return made


def sf_active() -> Site:
    made = site("sf-active", "sfactive.example")
    found = _with_articles(made, lambda n: f"/newsitems/2023/08/{n:02}/{18858000 + n}.php")
    base = made.source.url.rstrip("/")
    pages = chunks(found, 10)
    for k, some in enumerate(pages):
        address = f"{base}/news/" + (f"?page_number={k + 1}" if k else "")
        made.pages[address] = links(some, more=[f"{base}/news/?page_number={k + 2}"] if k + 1 < len(pages) else [])
    made.others |= {found[0] + "?show_comments=1"}
    made.pages[f"{base}/news/"] = links([*pages[0], *made.others], more=[f"{base}/news/?page_number=2"])
    made.pages[base + "/"] = links(found[:3])
    return made


def oscailt() -> Site:
    made = site("oscailt", "oscailt.example")
    found = _with_articles(made, lambda n: f"/article/{100000 + n}")
    base = made.source.url.rstrip("/")
    for k, some in enumerate(chunks(found, 5)):
        address = f"{base}/newswire" + (f"?results_offset={5 * k}" if k else "")
        made.pages[address] = links(some, more=[f"{base}/newswire?results_offset={5 * (k + 1)}"] if k < 4 else [])
    made.others |= {found[0] + "?comment_limit=0", found[1] + "?print_page=true"}
    made.pages[f"{base}/newswire"] = links(
        [*found[:5], *sorted(made.others)], more=[f"{base}/newswire?results_offset=5"]
    )
    made.pages[base + "/rss/news"] = rss(found[:10])
    made.pages[base + "/"] = links(found[:3])
    return made


def drupal() -> Site:
    made = site("drupal", "drupal.example")
    found = _with_articles(made, lambda n: f"/node/{n}", generator=generator("Drupal 7 (http://drupal.org)"))
    base = made.source.url.rstrip("/")
    pages = chunks(found, 10)
    for k, some in enumerate(pages):
        made.pages[f"{base}/node" + (f"?page={k}" if k else "")] = links(
            some, more=[f"{base}/node?page={j}" for j in range(len(pages))]
        )
    made.pages[base + "/"] = links(found[:3], generator=generator("Drupal 7 (http://drupal.org)"))
    made.pages[base + "/node?page=0"] = made.pages[base + "/node"]
    made.pages[base + "/rss.xml"] = rss(found[:10])
    return made


def memorial() -> Site:
    """A static copy of a Drupal site: each node under several languages, and on a mirror with the folder doubled."""
    made = site("drupal", "memorial.example", id="memorial", mirrors=("archive.memorial.example",))
    found = _with_articles(made, lambda n: f"/de/node/{n}/index.html")
    base = made.source.url.rstrip("/")
    made.others |= {
        f"{base}/en/node/3/index.html",
        f"{base}/node/4/index.html",
        "http://archive.memorial.example/node/node/5/index.html",
    }
    made.pages[base + "/"] = links([], more=[f"{base}/de/archive/index.html"])
    made.pages[f"{base}/de/archive/index.html"] = links(found[:12], more=[f"{base}/de/archive/2/index.html"])
    made.pages[f"{base}/de/archive/2/index.html"] = links(found[12:] + sorted(made.others))
    return made


def blogger() -> Site:
    """The feed lists all, in pages; the months are folders."""
    made = site("blogger", "borders.blogspot.com")
    found = _with_articles(made, lambda n: f"/2009/{n % 12 + 1:02}/post-{n}.html", generator=generator("blogger"))
    base = made.source.url.rstrip("/")
    start = f"{base}/feeds/posts/default?max-results=150&start-index="
    made.others |= {found[0] + "?m=1", found[1].replace(".com/", ".de/")}
    for k, some in enumerate(chunks(found, 10)):
        here = f"{base}/feeds/posts/default"
        older = f"<link rel='next' href='{here}?start-index={10 * k + 11}&amp;max-results=150'/>"
        entries = "".join(f"<entry><title>T</title><link rel='alternate' href='{a}'/></entry>" for a in some)
        address = f"{here}?start-index={10 * k + 1}&max-results=150" if k else f"{start}1"
        made.pages[address] = (
            "<?xml version='1.0'?><feed xmlns='http://www.w3.org/2005/Atom'><title>F</title><generator>Blogger</generator>"
            f"{older if 10 * k + 10 < POSTS else ''}{entries}</feed>"
        )
    made.pages[base + "/"] = links(found[:7] + sorted(made.others))
    return made


def medium() -> Site:
    """The feed has ten; the archive has years, months and days."""
    made = site("medium", "medium.com", url="https://medium.com/the-volunteers")
    found = [f"https://medium.com/the-volunteers/daily-digest-{n}-{n:012x}" for n in range(POSTS, 0, -1)]
    made.articles |= set(found)
    made.pages |= {a: article(POSTS - k) for k, a in enumerate(found)}
    base = "https://medium.com/the-volunteers"
    made.pages["https://medium.com/feed/the-volunteers"] = rss(found[:10])
    made.pages[base] = links(found[:4])
    made.pages[f"{base}/archive"] = links(found[:5], more=[f"{base}/archive/2016", f"{base}/archive/2017"])
    made.pages[f"{base}/archive/2016"] = links([], more=[f"{base}/archive/2016/11"])
    made.pages[f"{base}/archive/2016/11"] = links(found[:12])
    made.pages[f"{base}/archive/2017"] = links(found[12:])
    made.others |= {
        found[0] + "?source=rss----0a1b2c3d4e5f---4",
        found[3].replace("daily-digest", "renamed-digest") + "?source=collection_archive",
    }
    made.pages[f"{base}/archive/2017"] = links([*found[12:], *made.others])
    return made


def wayback() -> Site:
    """A dead site, in the Wayback Machine: two captures of one article differ, its index goes on in a second page."""
    made = site("wayback", "dead.example")
    original = [f"http://dead.example/articles/{n}" for n in range(1, POSTS + 1)]
    rows = [[f"200912{n % 28 + 1:02}101500", a, "text/html"] for n, a in enumerate(original)]
    rows.append(["20110101000000", original[3], "text/html"])
    rows += [
        ["20100101000000", "http://dead.example/logo.png", "image/png"],
        ["2010", "http://dead.example/x", "text/html"],
    ]
    head = ["timestamp", "original", "mimetype"]
    first = "https://web.archive.org/cdx/search/cdx?url=dead.example/*&output=json&fl=timestamp,original,mimetype&filter=statuscode:200&collapse=digest&limit=5000&showResumeKey=true"
    made.pages[first] = (
        200,
        {"Content-Type": "application/json"},
        json.dumps([head, *rows[:12], [], ["example,dead)/articles/12 2009"]]),
    )
    second = first + "&resumeKey=example,dead)/articles/12+2009"
    made.pages[second.replace(")", "%29")] = (200, {"Content-Type": "application/json"}, json.dumps([head, *rows[12:]]))
    for number, (stamp, address, _) in enumerate(rows[: POSTS + 1], start=1):
        text = article(number if number <= POSTS else 77)
        made.pages[f"https://web.archive.org/web/{stamp}id_/{address}"] = (
            200,
            {"Content-Type": "text/html", "Memento-Datetime": "x"},
            text,
        )
    made.articles |= set(original)
    return made


SITES = {
    made.__name__: made
    for made in (
        wordpress, wordpress_without_rest, spip, mir, hyperactive, sf_active, oscailt, drupal, memorial, blogger,
        medium, wayback,
    )
}  # fmt: skip
