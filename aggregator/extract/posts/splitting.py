"""Pages of several posts: where each begins and ends. An article with headings, teasers or comments is no such page.

Headings of one kind are what posts have in common, whatever is around them: each with its wrapper, each in a row of a
table, or one after the other in the same element. What looks the same and has no heading is a post without one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from aggregator import urls
from aggregator.dates import day_of
from aggregator.extract import phrases
from aggregator.extract.limits import MAX_POSTS
from aggregator.extract.page import Page, articles_of, is_thread, said, types_of
from aggregator.extract.tree import Element
from aggregator.extract.words import alike, one_line

_MAX_HEADINGS = 2_000
_MAX_HEADING_CHARS = 250
_MIN_POSTS = 3
_MIN_WRAPPED = 2
"""As many are enough where each is in an element that is named for a post."""
_MIN_POST_CHARS = 40
_DATELINE_CHARS = 60
_MEAN_POST_CHARS = 120
"""Less, and it is a list of links."""
_DIFFERENT = 0.9
"""How many of the titles must differ; in a thread they are who wrote."""
_MANY = 40
"""Headings among which the page's own is looked for."""
_SAME_TITLE = 0.9
_OWN_SHARE = 0.6
"""How much of the page's own words the posts make up; of an article's page its teasers make up less."""
_SAME_WORDS = 20
"""Characters that an element may have beside a heading, and still be nothing but its wrapper."""

_TITLE = re.compile(
    r"(?:^|[\s_-])(?:(?:post|entry|article|item|news|story|blog)?[_-]?(?:title|headline|titre|heading))(?:$|[\s_-])",
    re.I,
)
_POST = re.compile(
    r"(?:^|\s)(?:h-?entry|post|entry|blog-?(?:post|entry)|article|news-?item|story|item|node|featured?|newswire|breve"
    r"|message)(?:$|\s|[-_]\d|-teaser|-outer|box)",
    re.IGNORECASE,
)
_POST_ID = re.compile(r"^(?:post|entry|article|node|item|story|message|p)[-_]?\d+$", re.IGNORECASE)
_ELSEWHERE = re.compile(
    r"comment|respond|disqus|kommentar|reaction|forum|sidebar|side-bar|widget(?! blog)|related|similar|footer|masthead"
    r"|navbar|navigation|menu|breadcrumb|archive-list|blogroll|recent|popular|banner|cookie|share",
    re.IGNORECASE,
)
_THREAD = re.compile(r"viewtopic|showthread|/threads?/|/topics?/|topic[=,]|/forums?/.*\d", re.IGNORECASE)
"""Addresses of forums' threads."""
_NOT_POSTS = re.compile(
    r"/(?:members?|users?|profil\w*|authors?|auteurs?|tags?|categor\w+)/|memberlist|profile", re.IGNORECASE
)
"""Addresses of people and of lists."""
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6", "dt")
_BOLD = ("b", "strong", "font", "big")
_CANDIDATES = (
    f"//{'|//'.join((*_HEADINGS, *_BOLD))}|//a[@href][b or strong or big]"
    "|//*[contains(@class, 'itle') or contains(@class, 'itre') or contains(@class, 'ead')]"
    "[self::a or self::span or self::div or self::p or self::td]"
)
_OUTSIDE = ("nav", "aside", "footer", "form", "select")
_ARTICLE = ("article", "newsarticle")
_DATE_HEADING = re.compile(
    r"^\W*(?:\d{1,2}[:h.]\d{2}\b|(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|lundi|mardi|mercredi|jeudi|vendredi|samedi"
    r"|dimanche|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag|lunes|martes|miércoles|jueves|viernes|sábado"
    r"|domingo|lunedì|martedì|mercoledì|giovedì|venerdì|sabato|domenica|maandag|dinsdag|woensdag|donderdag|vrijdag"
    r"|zaterdag|zondag)\b.{0,30}$|(?:update|mise à jour|aktualisierung)\b"
    r"|\d{1,2}(?:st|nd|rd|th|er|\.)?\s+\w+\s*(?:\d{4})?\W*$)",
    re.IGNORECASE,
)
"""What heads a part of a log, and no post."""
_SPACERS = frozenset({"br", "hr", "script", "style", "link", "meta"})


@dataclass(frozen=True, slots=True)
class Post:
    """One post of a page."""

    heading: Element | None
    """What holds its title; None: it has none."""
    parts: tuple[Element, ...]
    """The elements it is made of, in order; the heading is one of them or in one."""
    address: str | None
    """Its own, on the same site; None: it has none."""
    dated: str
    """What stands right before it and may be its date; empty: nothing."""
    is_ruled: bool = False
    """Whether a rule parts it from the next."""


def posts_of(page: Page, titles: tuple[str, ...]) -> list[Post]:
    """Return the posts of a page in its order; none: it is a page of one article, or of links.

    Args:
        page: With its tree whole: nothing is changed.
        titles: What the page says its title is, first, and how else it words it.
    """
    if _is_thread(page) or any("LiveBlogPosting" in types_of(one) for one in page.linked) or _is_of_one(page):
        return []
    places = _Places()
    best: list[Post] = []
    best_chars = 0.0
    for headings in _kinds(page.tree, places):
        if any(_has_title(heading, titles[:1]) for heading in headings) and len(headings) < _MANY:
            continue
        found = _split(page, headings, places)
        chars = _weight(found)
        if chars > best_chars and (_is_sure(found) or not _has_own_title(page, titles, found)):
            best, best_chars = found, chars
    if not _is_most(page, best, places):
        return []
    order = {element: number for number, element in enumerate(page.tree.iter())}
    return sorted(best, key=lambda post: order[post.parts[0]])[:MAX_POSTS]


def _is_thread(page: Page) -> bool:
    return is_thread(page) or bool(_THREAD.search(urls.path_and_query(page.url)))


def _is_of_one(page: Page) -> bool:
    """Whether the page says that it is the page of one article."""
    if any(kind.lower() in _ARTICLE for kind in said(page, "og:type")):
        return True
    return len({str(one.get("headline") or one.get("name")) for one in articles_of(page)}) == 1


def _has_own_title(page: Page, titles: tuple[str, ...], posts: list[Post]) -> bool:
    """Whether the page has a heading of its own, besides those of its posts: then it is about something."""
    own = {post.heading for post in posts}
    return any(
        heading not in own and _has_title(heading, titles)
        for _, heading in zip(range(_MANY), page.tree.iter("h1", "h2"), strict=False)
    )


def _has_title(heading: Element, titles: tuple[str, ...]) -> bool:
    text = one_line(heading.text_content())
    return any(alike(text, title) >= _SAME_TITLE for title in titles)


def _is_sure(posts: list[Post]) -> bool:
    """Whether nearly every post has an address, and most a date: so an article's sections never are."""
    headed = [post for post in posts if post.heading is not None]
    addressed = sum(post.address is not None for post in headed)
    return addressed >= 0.8 * len(headed) and sum(map(_is_dated, headed)) * 2 > len(headed)


# ------------------------------------------------------------------------------------------------------------- headings


def _kinds(tree: Element, places: _Places) -> Iterator[list[Element]]:
    """Give the headings of each kind that occurs often enough, in order of the page."""
    kinds: dict[tuple[str, ...], list[Element]] = {}
    for count, (kind, element) in enumerate(_headings(tree, places)):
        if count == _MAX_HEADINGS:
            break
        kinds.setdefault(kind, []).append(element)
    yield from (found for found in kinds.values() if len(found) >= _MIN_WRAPPED)


def _headings(tree: Element, places: _Places) -> Iterator[tuple[tuple[str, ...], Element]]:
    for element in tree.xpath(_CANDIDATES):
        tag = str(element.tag)
        if tag in _BOLD or tag == "a":
            if not _stands_first(element):
                continue
        elif tag not in _HEADINGS and not _TITLE.search(element.get("class") or ""):
            continue
        if any(inner.tag in _HEADINGS for inner in element):
            continue
        text = one_line(element.text_content())
        if 2 < len(text) <= _MAX_HEADING_CHARS and not places.is_elsewhere(element):
            yield (tag, _signature(element), _signature(element.getparent())), element


def _stands_first(element: Element) -> bool:
    """Whether an element begins a line of its own."""
    before = element.getprevious()
    text = (
        before.tail if before is not None else element.getparent().text if element.getparent() is not None else ""
    ) or ""
    if text.strip():
        return False
    if before is None:
        parent = element.getparent()
        return parent is not None and (
            str(parent.tag) in ("p", "div", "td", "th", "li", "dt", "dd", "center", "body", "blockquote")
            or _stands_first(parent)
        )
    return str(before.tag) in ("br", "hr", "p", "div", "table", "ul", "ol", "img", "a") and not (
        str(before.tag) == "a" and one_line(before.text_content())
    )


def _signature(element: Element | None) -> str:
    """Return tag and name of an element, without what numbers it."""
    if element is None:
        return ""
    words = [
        word
        for word in (element.get("class") or "").lower().split()
        if not re.search(r"\d|^(?:first|last|odd|even)$", word)
    ]
    return f"{element.tag}.{words[0] if words else ''}"


class _Places:
    """Where on a page no posts are: comments, lists at the side, navigation."""

    def __init__(self) -> None:
        self._known: dict[Element, bool] = {}

    def is_elsewhere(self, element: Element) -> bool:
        """Whether an element stands in such a place."""
        passed = []
        found = False
        for around in (element, *element.iterancestors()):
            if around.tag in ("body", "html"):
                break
            if around in self._known:
                found = self._known[around]
                break
            passed.append(around)
            label = f"{around.get('class') or ''} {around.get('id') or ''}"
            if around.tag in _OUTSIDE or (len(label) > 1 and _ELSEWHERE.search(label)):
                found = True
                break
        self._known.update(dict.fromkeys(passed, found))
        return found


def _address(heading: Element, url: str) -> str | None:
    """Return the address that a heading links, with its place on the page; None: none on this site of its own."""
    links = [heading] if heading.tag == "a" else list(heading.iter("a"))
    if not links and (around := next((a for a in heading.iterancestors("a")), None)) is not None:
        links = [around]
    for link in links:
        href = (link.get("href") or "").strip()
        address = urls.canonical(href, url or None) if href else None
        if address is None or (url and urls.site(address) != urls.site(url)):
            continue
        place = href.partition("#")[2]
        is_here = bool(url) and urls.identity(address) == urls.identity(urls.canonical(url) or url)
        if is_here and not place:
            continue
        if not is_here and (urls.path_and_query(address) == "/" or _NOT_POSTS.search(address)):
            continue
        return f"{address}#{place}" if is_here else address
    return None


# ------------------------------------------------------------------------------------------------------------ splitting


def _split(page: Page, headings: list[Element], places: _Places) -> list[Post]:
    """Return the posts that headings of one kind make, those without a heading among them."""
    addresses = [_address(heading, page.url) for heading in headings]
    inside: Counter[Element] = Counter(around for heading in headings for around in (heading, *heading.iterancestors()))
    wrappers = [_wrapper(heading, inside) for heading in headings]
    own = dict(zip(wrappers, zip(headings, addresses, strict=True), strict=True))
    bare = sum(_is_bare(wrapper, heading) for wrapper, (heading, _) in own.items())
    is_flat = bare * 2 > len(own)
    found: list[Post] = []
    for parent in dict.fromkeys(wrapper.getparent() for wrapper in wrappers):
        if parent is not None:
            found += _flat(parent, own) if is_flat else _wrapped(parent, own, inside, places)
    return found


def _wrapper(heading: Element, inside: Counter[Element]) -> Element:
    """Return the largest element around a heading that holds no other of its kind."""
    wrapper = heading
    while (around := wrapper.getparent()) is not None and inside[around] == 1:
        wrapper = around
    return wrapper


def _is_bare(wrapper: Element, heading: Element) -> bool:
    return len(one_line(wrapper.text_content())) <= len(one_line(heading.text_content())) + _SAME_WORDS


def _wrapped(
    parent: Element, own: dict[Element, tuple[Element, str | None]], inside: Counter[Element], places: _Places
) -> list[Post]:
    """Return the posts of an element that has one child a post."""
    alike = {_signature(child) for child in parent if child in own}
    posts, before = [], ""
    for child in parent:
        if child in own:
            heading, address = own[child]
            posts.append(Post(heading, (child,), address, before))
        elif (
            isinstance(child.tag, str)
            and _signature(child) in alike
            and not inside[child]
            and len(one_line(child.text_content())) >= _MIN_POST_CHARS
            and not places.is_elsewhere(child)
            and posts
        ):
            posts.append(Post(None, (child,), None, before))
        elif not _is_spacer(child):
            before = one_line(child.text_content())[:_MAX_HEADING_CHARS]
            continue
        if not _is_spacer(child):
            before = ""
    return posts


def _flat(parent: Element, own: dict[Element, tuple[Element, str | None]]) -> list[Post]:
    """Return the posts of an element in which each follows its heading; rules or datelines may part those without."""
    children = [child for child in parent if isinstance(child.tag, str)]
    starts = [n for n, child in enumerate(children) if child in own]
    ends = [*starts[1:], len(children)]
    dates_above = _dates_stand_above(children, starts)
    ruled = sum(children[end - 1].tag == "hr" for start, end in zip(starts, ends, strict=True)) * 2 > len(starts)
    dateline = _dateline_below(children, starts)
    posts: list[Post] = []
    for start, end in zip(starts, ends, strict=True):
        heading, address = own[children[start]]
        parts = children[start : end - 1 if dates_above and start + 1 < end < len(children) else end]
        before = one_line(children[start - 1].text_content()) if dates_above and start else ""
        for piece in _between_rules(parts) if ruled else _at_datelines(parts, dateline):
            has_heading = piece[0] is children[start]
            text = one_line(" ".join(part.text_content() for part in piece))
            if has_heading or len(text) >= _MIN_POST_CHARS:
                whose = (heading, address) if has_heading else (None, None)
                posts.append(Post(whose[0], tuple(piece), whose[1], before, is_ruled=ruled))
    return posts


def _dates_stand_above(children: list[Element], starts: list[int]) -> bool:
    above = [one_line(children[n - 1].text_content()) for n in starts if n]
    return bool(above) and sum(len(text) <= 60 and day_of(text) is not None for text in above) * 2 > len(above)


def _dateline_below(children: list[Element], starts: list[int]) -> str | None:
    """Return what most lines right below headings say besides their dates; None: most are no datelines."""
    shapes = Counter(_besides_date(children[n + 1]) for n in starts if n + 1 < len(children))
    shape, count = shapes.most_common(1)[0] if shapes else (None, 0)
    return shape if count * 2 > len(starts) else None


def _besides_date(element: Element) -> str | None:
    """Return what a short line says besides the date in it; None: there is no date, or it is none."""
    text = one_line(element.text_content())
    if len(text) > _DATELINE_CHARS or not phrases.DATE.search(text):
        return None
    return phrases.HOUR.sub("", phrases.DATE.sub("", text, count=1))


def _at_datelines(parts: list[Element], dateline: str | None) -> Iterator[list[Element]]:
    """Yield a post with its heading, then those that begin with a dateline alone."""
    piece = parts[:2]
    for part in parts[2:]:
        if dateline is not None and _besides_date(part) == dateline:
            yield piece
            piece = []
        piece.append(part)
    yield piece


def _between_rules(parts: list[Element]) -> Iterator[list[Element]]:
    piece: list[Element] = []
    for part in parts:
        if part.tag == "hr":
            if piece:
                yield piece
            piece = []
        else:
            piece.append(part)
    if piece:
        yield piece


def _is_spacer(element: Element) -> bool:
    return not isinstance(element.tag, str) or element.tag in _SPACERS or not one_line(element.text_content())


# ------------------------------------------------------------------------------------------------------------- weighing


def _weight(posts: list[Post]) -> float:
    """Return how much text posts make up, those with addresses of their own twice; 0.0: they are none."""
    headed = [post for post in posts if post.heading is not None]
    titles = [one_line(post.heading.text_content()) for post in posts if post.heading is not None]
    named = sum(map(_is_named, posts))
    linked = len({post.address for post in headed} - {None})
    least = _MIN_WRAPPED if named == len(posts) and linked * 2 >= len(headed) else _MIN_POSTS
    if len(headed) < least or len(headed) * 2 < len(posts) or len(set(titles)) < _DIFFERENT * len(titles):
        return 0.0
    if sum(bool(_DATE_HEADING.match(title)) for title in titles) * 2 > len(titles):
        return 0.0
    lengths = [len(_own_words(post)) for post in posts]
    if sum(n >= _MIN_POST_CHARS for n in lengths) * 2 <= len(posts) or sum(lengths) < _MEAN_POST_CHARS * len(posts):
        return 0.0
    if max(linked, named, sum(map(_is_dated, headed))) * 2 < len(headed):
        return 0.0
    return sum(lengths) * (2.0 if linked * 2 >= len(headed) else 1.0)


def _own_words(post: Post) -> str:
    """Return a post's words without those of its heading and of links that are lines."""
    text = one_line(" ".join(part.text_content() for part in post.parts))
    title = one_line(post.heading.text_content()) if post.heading is not None else ""
    return text.replace(title, "", 1)


def _is_named(post: Post) -> bool:
    if post.is_ruled:
        return True
    first = post.parts[0]
    if len(post.parts) > 1:
        return False
    for element in (first, *first[:1]):
        if (
            element.tag in ("article", "tr", "table")
            or _POST.search(element.get("class") or "")
            or _POST_ID.match(element.get("id") or "")
        ):
            return True
    return False


def _is_dated(post: Post) -> bool:
    if post.dated and day_of(post.dated):
        return True
    for part in post.parts:
        if next(part.iter("time"), None) is not None:
            return True
    begin = one_line(" ".join(part.text_content() for part in post.parts[:3]))[: _MAX_HEADING_CHARS + 100]
    return day_of(begin) is not None


def _is_most(page: Page, posts: list[Post], places: _Places) -> bool:
    """Whether posts are what the page is about: of the words that are no links, most are theirs."""
    if not posts:
        return False
    parts = [part for post in posts for part in post.parts]
    inside = sum(map(_unlinked_chars, parts))
    total = sum(
        _unlinked_chars(block) for block in page.tree.iter("p", "blockquote", "pre") if not places.is_elsewhere(block)
    )
    theirs = sum(
        _unlinked_chars(block)
        for part in parts
        for block in part.iter("p", "blockquote", "pre")
        if not places.is_elsewhere(block)
    )
    whole = inside + max(0, total - theirs)
    return inside >= _OWN_SHARE * whole


def _unlinked_chars(element: Element) -> int:
    linked = sum(len(one_line(link.text_content())) for link in element.iter("a"))
    return max(0, len(one_line(element.text_content())) - linked)


__all__ = ["Post", "posts_of"]
