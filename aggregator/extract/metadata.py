"""Title, authors and dates of the article on a page: what several of its places agree on."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from aggregator.extract.dates import FIRST_DAY, day_of, midnight
from aggregator.extract.limits import MAX_TITLE_CHARS
from aggregator.extract.page import Linked, Page, articles_of, said, types_of
from aggregator.extract.tree import Element
from aggregator.extract.words import alike, folded, one_line

_MAX_HEADINGS = 40
_MAX_LINKS = 100
_ROOT = re.compile(r"(?:https?:)?//(?:www\.)?(?P<host>[^/]+)/?|/|index\.\w+")
"""The address of a front page, as links to it are written."""
_MAX_AUTHORS = 10

# ---------------------------------------------------------------------------------------------------------------- title

_SEPARATORS = re.compile(r"\s+[|–—•·»«:~/\\>*ㅣ-]+\s+|\s*[|•»«ㅣ]\s*|:\s+")
_LEADING = re.compile(r"^(?:[\[(<>|»›•·*~-]+\s+)?(?:\d{1,2}[./]\d{1,2}[./]\d{4}\s*(?:[–—|:-]\s*)+)?")
"""Signs and the date of the day before a title."""
_TITLE_WORDS = 3
_VOTES = {"h1": 2.5, "h2": 2.0, "h3": 2.0, "headline": 2.0, "meta": 0.7, "window": 0.5}
"""How much each place counts: what readers see, and the headline of the linked data, against what is written for
networks and for search engines."""
_LIKENESS = {"h1": 0.6, "h2": 0.8, "h3": 0.8}
"""How much a heading must share with a name to be one of this article. Tuned with the votes on half of 645 real pages:
title exact .66 with trafilatura alone, .83 so, .80 and .86 on two other sets."""


def titles_of(page: Page) -> tuple[str, ...]:
    """Return the title of the article, then how else the page words it; empty: nobody says one.

    The title is the wording that most of its places give; its heading is the one that the page's names for others
    resemble most.
    """
    wordings = _wordings(page)
    return tuple(dict.fromkeys(_LEADING.sub("", one) or one for one in (*_whole(wordings[:1], wordings), *wordings)))


def _whole(cut: list[str], wordings: list[str]) -> list[str]:
    """Return the wording that has whole what was cut short for some place; empty: nothing was, or nobody has it."""
    starts = [one.rstrip("….").rstrip() for one in cut if one.endswith(("…", "..."))]
    return [one for start in starts for one in wordings if one.startswith(start) and len(one) > len(cut[0])][:1]


def _wordings(page: Page) -> list[str]:
    """Return how the page words the title, the likeliest first; more than once where several places agree."""
    sites = {folded(name) for name in _site_names(page)} - {""}
    names = [(_without_site(name, sites), weight) for name, weight in _names(page)]
    names = [(name, weight) for name, weight in names if name and folded(name) not in sites]
    headings = [(text, tag) for text, tag in _headings(page.tree) if folded(text) not in sites]
    likeness, heading = 0.0, None
    wordings = list(dict.fromkeys(name for name, _ in names))
    for one in headings:
        score = max((1.0 if _is_part(one[0], name) else alike(one[0], name) for name in wordings), default=0.0)
        if heading is None or score > likeness:
            likeness, heading = score, one
    if heading is None or not names:
        return wordings + ([heading[0]] if heading else [])
    if likeness < _LIKENESS[heading[1]]:
        return [_elected(names), *wordings]
    text = heading[0]
    names = [(text if _is_part(text, name) else name, weight) for name, weight in names]
    said = {folded(name): name for name in wordings if folded(name) != folded(text)}
    others = {folded(one): tag for one, tag in reversed(headings)}
    names += [(name, _VOTES[others[key]]) for key, name in said.items() if key in others]  # shown as a heading, too
    return [_elected([(text, _VOTES[heading[1]]), *names]), text, *wordings]


def _elected(names: list[tuple[str, float]]) -> str:
    """Return the wording with most votes; between equals the longer one says more."""
    votes: dict[str, float] = {}
    for name, weight in names:
        votes[folded(name)] = votes.get(folded(name), 0.0) + weight
    elected = max(votes, key=lambda key: (votes[key], len(key)))
    return next(name for name, _ in names if folded(name) == elected)


def _is_part(heading: str, name: str) -> bool:
    """Whether a name is a heading with something put behind it; what stands before one is often meant."""
    part = folded(heading)
    return len(part.split()) >= _TITLE_WORDS and folded(name).startswith(f"{part} ")


def _names(page: Page) -> Iterator[tuple[str, float]]:
    for one in articles_of(page):
        if isinstance(headline := one.get("headline") or one.get("name"), str):
            yield _title(html.unescape(headline)), _VOTES["headline"]
            break
    for text in (*said(page, "og:title"), *said(page, "dc.title", "dcterms.title")):
        yield _title(html.unescape(text)), _VOTES["meta"]
    for element in page.tree.iterfind(".//head/title"):
        yield _title(element.text_content()), _VOTES["window"]
        break


def _title(text: str) -> str:
    return one_line(text[: 4 * MAX_TITLE_CHARS])[:MAX_TITLE_CHARS]


def _site_names(page: Page) -> Iterator[str]:
    yield from said(page, "og:site_name", "application-name", "twitter:site", "al:android:app_name")
    for one in page.linked:
        if {"Organization", "NewsMediaOrganization", "WebSite"} & set(types_of(one)) and isinstance(
            one.get("name"), str
        ):
            yield one["name"]
    host = re.sub(r"^https?://(?:www\.)?|[/:].*$", "", page.url)
    for _, link in zip(range(_MAX_LINKS), page.tree.iter("a"), strict=False):
        front = _ROOT.fullmatch(link.get("href") or "")
        if front and front["host"] in (None, host):
            yield one_line(link.text_content())[:MAX_TITLE_CHARS]
    yield host
    if host.count("."):
        yield host.split(".")[-2]


def _without_site(title: str, sites: set[str]) -> str:
    """Cut the site's name, and what stands beyond it, off a title."""
    parts = [m.span() for m in _SEPARATORS.finditer(title)]
    for start, end in reversed(parts):
        behind = folded(title[end:])
        if _is_site(behind, sites):
            return _without_site(title[:start], sites)
    for start, end in parts:
        if _is_site(folded(title[:start]), sites):
            return _without_site(title[end:], sites)
    return title.strip()


def _is_site(name: str, sites: set[str]) -> bool:
    squeezed = name.replace(" ", "")
    plain = [site.replace(" ", "") for site in sites]
    return any(squeezed in (site, f"the{site}", f"{site}com") for site in plain)


def _headings(tree: Element) -> Iterator[tuple[str, str]]:
    for count, element in enumerate(tree.iter("h1", "h2", "h3")):
        if count == _MAX_HEADINGS:
            return
        text = one_line(" ".join(element.itertext()) if len(element) > 1 else element.text_content())
        if text and len(text) <= MAX_TITLE_CHARS:
            yield text, str(element.tag)
            if len(element) and not (element.text or "").strip():  # a kicker may stand in an element of its own
                kicker = one_line(element[0].text_content())
                yield text.removeprefix(kicker).lstrip(" :–—-|"), str(element.tag)


# -------------------------------------------------------------------------------------------------------------- authors

_BYLINE = re.compile(
    r"(?:^|[\s_-])(?:byline|authors?|author-?name|post-?author|entry-?author|autor(?:in|en)?|auteurs?|autore|redacteur"
    r"|verfasser|vcard|fn|writer)(?:$|[\s_-])",
    re.IGNORECASE,
)
_NOT_BYLINE = re.compile(r"comment|related|bio|avatar|image|photo|widget|sidebar|footer|nav|share|follow|teaser", re.I)
_BY = re.compile(
    r"^(?:(?:written|posted|published|story|text|words|report)\s+)?(?:by|von|par|por|da|di|door|av|af|przez|"
    r"geschrieben von|ein beitrag von|veröffentlicht von|écrit par|publié par|escrito por|publicado por)\s*:?\s+|"
    r"^(?:author|autor(?:in)?|auteur|autore|text|texte|foto)s?\s*:\s*",
    re.IGNORECASE,
)
_CUT = re.compile(
    r"\s+(?:\d|[|•·–—/]|(?:am|on|at|le|el|il|op|um|in|for|published|updated|last|posted|"
    r"aktualisiert|veröffentlicht)\s+\S).*$|\s*[|•·].*$",
    re.IGNORECASE | re.DOTALL,
)
_ROLE = re.compile(
    r",?\s+\b(?:staff writer|staff reporter|reporter|correspondent|editor|contributor|journaliste?"
    r"|redakteur(?:in)?|(?:bbc|cnn|reuters) news)\b.*$",
    re.IGNORECASE,
)
_AND = re.compile(r"\s*(?:,|;|&|\band\b|\bund\b|\bet\b|\by\b|\ben\b)\s+", re.IGNORECASE)
_NOBODY = re.compile(r"^(?:admin(?:istrator)?|unknown|anonymous|none|null|author|autor|by|von|par|staff|editor)$", re.I)


def authors_of(page: Page) -> tuple[str, ...]:
    """Return who wrote the article, as the page names them; empty: it names nobody."""
    for found in (_linked_authors(page), _meta_authors(page), _named_authors(page.tree)):
        names = list(dict.fromkeys(name for name in map(_person, found) if name))
        if names:
            return tuple(names[:_MAX_AUTHORS])
    return ()


def authors_in(element: Element) -> tuple[str, ...]:
    """Return who an element says it is by; empty: it names nobody."""
    return tuple(dict.fromkeys(name for name in map(_person, _named_authors(element)) if name))


def _linked_authors(page: Page) -> Iterator[str]:
    by_id = {one["@id"]: one for one in page.linked if isinstance(one.get("@id"), str) and one.get("name")}
    for one in articles_of(page):
        given = one.get("author") or one.get("creator")
        for author in given if isinstance(given, list) else [given]:
            yield from _names_of(author, by_id)
        if given:
            return


def _names_of(author: Any, by_id: dict[str, Linked]) -> Iterator[str]:
    if isinstance(author, dict):
        if not author.get("name") and isinstance(author.get("@id"), str):
            author = by_id.get(author["@id"], {})
        if "Organization" in types_of(author):
            return
        author = author.get("name")
    for name in author if isinstance(author, list) else [author]:
        if isinstance(name, str):
            yield from _AND.split(name)


def _meta_authors(page: Page) -> Iterator[str]:
    names = "author", "article:author", "dc.creator", "dcterms.creator", "byl", "parsely-author", "sailthru.author"
    for text in said(page, *names, "citation_author", "twitter:data1" if "written" in _label(page) else ""):
        if not text.startswith(("http:", "https:")):
            yield from _AND.split(_BY.sub("", text))


def _label(page: Page) -> str:
    return next(said(page, "twitter:label1"), "").lower()


def _named_authors(tree: Element) -> Iterator[str]:
    for path in (
        ".//a[@rel='author']",
        ".//*[@itemprop='author']//*[@itemprop='name']",
        ".//*[@itemprop='author']",
    ):
        found = [one_line(element.text_content()) for element in tree.iterfind(path)]
        if any(map(_person, found)):
            for text in found[:3]:
                yield from _AND.split(_BY.sub("", text))
            return
    for element in tree.iter("a", "span", "p", "div", "address", "cite", "li", "strong", "em"):
        label = f"{element.get('class') or ''} {element.get('id') or ''}"
        if label != " " and _BYLINE.search(label) and not _NOT_BYLINE.search(label):
            text = one_line(element.text_content())
            if 2 < len(text) < 120 and _person(_BY.sub("", text)):
                yield from _AND.split(_CUT.sub("", _BY.sub("", text)))
                return
    for element in tree.iter("a"):
        if re.search(r"/(?:authors?|autor(?:en)?|auteurs?|profil(?:e|es)?)/[^/]", element.get("href") or ""):
            yield one_line(element.text_content())
            return


def _person(text: str) -> str | None:
    """Return a name without what stands around it; None: it is no name."""
    name = _BY.sub("", one_line(html.unescape(text)))
    name = _ROLE.sub("", _CUT.sub("", name)).strip(" ,;:-–|()[]\"'“”")
    if not 2 < len(name) <= 60 or len(name.split()) > 6 or _NOBODY.match(name) or not any(map(str.isalpha, name)):
        return None
    return None if re.search(r"https?:|@\w+\.|\.(?:com|org|net)\b", name) else name


# ---------------------------------------------------------------------------------------------------------------- dates

_META_DATES = (
    "article:published_time",
    "og:published_time",
    "datepublished",
    "article.published",
    "publication_date",
    "publishdate",
    "publish_date",
    "pubdate",
    "sailthru.date",
    "parsely-pub-date",
    "dc.date.issued",
    "dcterms.created",
    "dcterms.date",
    "dc.date",
    "date",
    "cxenseparse:recs:publishtime",
    "citation_publication_date",
    "originalpublicationdate",
)
_PUBLISHED = re.compile(
    r"publi|entry-date|post-?date|dateline|datetime|timestamp|created|erschienen|veröffentlicht", re.I
)
_CHANGED = re.compile(r"updat|modif|aktualis|geändert|mis à jour|revised|actualiz|aggiornat|bijgewerkt", re.IGNORECASE)
_ELSEWHERE = re.compile(r"comment|related|sidebar|teaser|widget(?! blog)|latest|footer|recommend", re.IGNORECASE)
_DATED = re.compile(r"date|time|datum|publi|posted|dateline|byline|meta|info|stand|when|created", re.IGNORECASE)
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)|\d\.\d\d?\.\d\d\b")
_DATELINE_CHARS = 120
_DATELINE_PARTS = 8
_BARE_DATE_CHARS = 40
_MAX_DATELINES = 5
_NEAR = 80
"""Elements from a heading on, within which its date stands."""
_IN_URL = re.compile(r"(?<!\d)((?:19|20)\d\d)[/_-]?(0[1-9]|1[0-2])[/_-]?(0[1-9]|[12]\d|3[01])(?!\d)")


def published_of(page: Page, captured_at: datetime) -> tuple[datetime | None, str | None]:
    """Return the day of publication as the page claims it, midnight UTC, and where it does; None: it claims none.

    The day is taken as written, in the zone of the site: "23:30-05:00" is that day there.

    Args:
        page: Which.
        captured_at: A later day is none of its publication.
    """
    latest = captured_at.date().toordinal() + 1  # where the sun rises first it may be tomorrow
    for text, where in _claims(page):
        day = day_of(text)
        if day and day >= FIRST_DAY and day.toordinal() <= latest:
            return midnight(day), where
    found = _htmldate(page, captured_at)
    return found, "pattern" if found else None


def modified_of(page: Page) -> datetime | None:
    """Return the day of its last change as the page claims it, midnight UTC; None: it claims none."""
    claims = [str(one["dateModified"]) for one in articles_of(page) if one.get("dateModified")]
    for text in (*claims, *said(page, "article:modified_time", "og:updated_time", "datemodified", "dcterms.modified")):
        if day := day_of(text):
            return midnight(day)
    return None


def _claims(page: Page) -> Iterator[tuple[str, str]]:
    """Give what may be the day, the likeliest first, and where that stands."""
    for one in articles_of(page):
        yield from ((str(one[key]), "linked-data") for key in ("datePublished", "dateCreated") if one.get(key))
    yield from ((text, "meta") for text in said(page, *_META_DATES))
    yield from ((text, "element") for text in _times(page.tree))
    yield from ((text, "line") for text in _dated_lines(page.tree))
    yield day_in_address(page.url), "address"


def day_in_address(url: str) -> str:
    """Return the day that an address names, ISO 8601; empty: it names none."""
    found = _IN_URL.search(url)
    return "-".join(found.groups()) if found else ""


def _times(tree: Element) -> Iterator[str]:
    times = [element for element in tree.iter("time") if not _about(element, _ELSEWHERE)]
    for element in times:
        if _about(element, _PUBLISHED) and not _about(element, _CHANGED):
            yield element.get("datetime") or element.text_content()
    for element in tree.iterfind(".//*[@itemprop='datePublished']"):
        yield element.get("datetime") or element.get("content") or element.text_content()
    if len(times) == 1 and not _about(times[0], _CHANGED):
        yield times[0].get("datetime") or ""


def _dated_lines(tree: Element) -> Iterator[str]:
    """Give what reads like the date of the article, the likeliest first: named so, or right under its heading."""
    found: list[tuple[int, int, str]] = []
    under = -1
    for place, element in enumerate(tree.iter()):
        if element.tag == "h1":
            under = place
        for text in (element.text, element.tail):
            if not text or len(text) > _DATELINE_CHARS or not _YEAR.search(text):
                continue
            around = element if text is element.text else element.getparent()
            whole = one_line(around.text_content()) if len(around) <= _DATELINE_PARTS else one_line(text)
            if len(whole) > _DATELINE_CHARS:
                whole = one_line(text)
            if day_of(whole) is None or _is_about_others(around) or _CHANGED.search(whole):
                continue
            is_near = 0 <= place - under <= _NEAR if under >= 0 else False
            rank = 0 if is_near and _is_dated(around) else 1 if is_near else 2 if _is_dated(around) else 3
            if rank < 3 or len(whole) <= _BARE_DATE_CHARS:
                found.append((rank, place, whole))
    yield from (text for _, _, text in sorted(found)[:_MAX_DATELINES])


def _is_dated(element: Element) -> bool:
    return _about(element, _DATED) and not _about(element, _CHANGED)


def _is_about_others(element: Element) -> bool:
    """Whether it stands among comments, teasers or at the foot of the page, or is a link's."""
    for around in (element, *element.iterancestors()):
        label = f"{around.get('class') or ''} {around.get('id') or ''}"
        if around.tag in ("footer", "aside", "nav") or (len(label) > 1 and _ELSEWHERE.search(label)):
            return True
        if around.tag == "a" and len(one_line(around.text_content())) > _BARE_DATE_CHARS:
            return True
    return False


def _about(element: Element, words: re.Pattern[str]) -> bool:
    """Whether an element, or one of the three around it, is named or worded so."""
    if words.search(f"{element.get('itemprop') or ''} {element.get('class') or ''} {element.get('pubdate') or ''}"):
        return True
    for _, around in zip(range(3), element.iterancestors(), strict=False):
        if words.search(f"{around.get('class') or ''} {around.get('id') or ''}"):
            return True
    return False


def _htmldate(page: Page, captured_at: datetime) -> datetime | None:
    from htmldate import find_date

    # without a last date it would take today's, and a rebuild next year would find other dates
    found = find_date(
        page.tree, url=page.url or None, original_date=True, extensive_search=False, max_date=f"{captured_at:%Y-%m-%d}"
    )
    return midnight(date.fromisoformat(found)) if found else None
