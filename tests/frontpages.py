"""Front pages of seven posts in the markups of twenty years; all texts are our own."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

PAGE = "https://tide.example/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A post as it was written."""

    title: str | None
    path: str
    day: str
    """ISO 8601."""
    shown_day: str
    paragraphs: tuple[str, ...]
    credit: str | None = None
    outlet: str | None = None

    @property
    def lines(self) -> list[str]:
        """What its text should be, a paragraph a line."""
        return [*([self.credit] if self.credit else []), *self.paragraphs]


POSTS = (
    Written(
        title="The laundry on Rope Street stays open at night",
        path="/2026/11/20/laundry",
        day="2026-11-20",
        shown_day="20 November 2026",
        paragraphs=(
            "The people who run the laundry on Rope Street have decided to keep it open until the first bus, because"
            " the night shelter has no machines of its own.",
            "Soap and coins are welcome; leave them with whoever sits at the table by the door.",
        ),
    ),
    Written(
        title="Nineteen people held on the quay for five hours",
        path="/2026/11/17/quay",
        day="2026-11-17",
        shown_day="17 November 2026",
        paragraphs=(
            "The harbour police kept nineteen people on the quay for five hours on Tuesday, among them two children.",
            "Volunteers who brought water and blankets were sent away behind the fence until the evening.",
            "On Wednesday morning all nineteen were released, and nobody was charged.",
        ),
        credit="(source: harbour watch)",
        outlet="harbour watch",
    ),
    Written(
        title="Film night: The Ferryman's Daughter",
        path="/2026/11/14/film",
        day="2026-11-14",
        shown_day="14 November 2026",
        paragraphs=("Saturday, doors at seven, soup from half past six. Free, bring a cushion and someone you like.",),
    ),
    Written(
        title="A charter to the south, and why it did not leave",
        path="/2026/11/09/charter",
        day="2026-11-09",
        shown_day="9 November 2026",
        paragraphs=(
            "The plane that was to take eleven people away on Monday stayed where it was: the company withdrew its crew"
            " after two hundred letters.",
            "Nobody can say how long that will last. The next date is known to us and we will publish it in time.",
        ),
        credit="(press release from lanterne )",
        outlet="lanterne",
    ),
    Written(
        title="Minutes of the open meeting",
        path="/2026/11/06/minutes",
        day="2026-11-06",
        shown_day="6 November 2026",
        paragraphs=(
            "Thirty-one people came. We spoke about the roof, the lawyer's bill and the new stove.",
            "The roof will be mended before Christmas; the stove waits for a chimney sweep who does not mind stairs.",
            "Next meeting in two weeks, same room, with a translation into Arabic and Tigrinya.",
        ),
    ),
    Written(
        title="What the mayor said, and what the mayor signed",
        path="/2026/11/03/mayor",
        day="2026-11-03",
        shown_day="3 November 2026",
        paragraphs=(
            "On Friday the mayor told the radio that no fence was planned anywhere near the old cannery.",
            "The order for that fence, with a signature from the Wednesday before, hangs in the town hall for anyone to"
            " read, second floor, on the left.",
        ),
    ),
    Written(
        title="Lost: one blue rucksack",
        path="/2026/11/01/rucksack",
        day="2026-11-01",
        shown_day="1 November 2026",
        paragraphs=(
            "It was left on the last tram on Thursday and holds papers that are worth nothing to anyone but its owner.",
        ),
    ),
)


def paragraphs(post: Written) -> str:
    """Return its text in paragraphs."""
    return "".join(f"<p>{escape(line)}</p>" for line in post.lines)


def wordpress(posts: tuple[Written, ...] = POSTS) -> str:
    """Return the front page of a blog of 2010: each post in a div."""
    return _page(
        '<div id="content">'
        + "".join(
            f'<div id="post-{number}" class="post-{number} post type-post hentry category-news">'
            + (
                f'<h2 class="entry-title"><a href="{p.path}" rel="bookmark">{escape(p.title)}</a></h2>'
                if p.title
                else ""
            )
            + f'<div class="entry-meta">Posted on <span class="entry-date">{p.shown_day}</span> by '
            f'<span class="author">tide</span></div><div class="entry-content">{paragraphs(p)}</div>'
            f'<div class="entry-utility">Posted in <a href="/category/news">News</a> | '
            f'<a href="{p.path}#comments">Leave a comment</a></div></div>'
            for number, p in enumerate(posts, 40)
        )
        + '<div class="navigation"><a href="/page/2">Older posts</a></div></div>'
    )


def articles(posts: tuple[Written, ...] = POSTS) -> str:
    """Return a front page of today: each post an article, its date a time."""
    return _page(
        "<main>"
        + "".join(
            "<article><header>"
            + (f'<h2><a href="{PAGE[:-1]}{p.path}">{escape(p.title)}</a></h2>' if p.title else "")
            + f'<time datetime="{p.day}T09:00:00+01:00">{p.shown_day}</time></header>{paragraphs(p)}'
            '<footer>Filed under <a href="/tag/a">harbour</a></footer></article>'
            for p in posts
        )
        + "</main>"
    )


def table(posts: tuple[Written, ...] = POSTS) -> str:
    """Return a front page of 2003: three rows of a table a post, bold headings, line breaks."""
    rows = "".join(
        (
            f'<tr><td><font size="4"><b><a href="{p.path}">{escape(p.title or "")}</a></b></font></td></tr>'
            if p.title
            else ""
        )
        + f'<tr><td><font size="2" color="gray">{p.shown_day}, by tide</font></td></tr>'
        f"<tr><td>{'<br><br>'.join(map(escape, p.lines))}</td></tr>"
        for p in posts
    )
    side = "".join(f'<a href="/{name}">{name}</a><br>' for name in ("about", "links", "contact", "archive"))
    return _page(
        f'<table width="100%"><tr><td width="150">{side}</td><td><table width="100%" cellpadding="4">{rows}</table>'
        "</td></tr></table>"
    )


def spip(posts: tuple[Written, ...] = POSTS) -> str:
    """Return a front page as SPIP writes it: a list, dates in French, addresses with numbers."""
    months = {"10": "octobre", "11": "novembre"}
    return _page(
        '<div class="liste-articles"><ul class="liste-items">'
        + "".join(
            f'<li class="item"><h3 class="titre"><a href="spip.php?article{number}">{escape(p.title or "")}</a></h3>'
            f'<p class="info-publi">{int(p.day[8:])} {months[p.day[5:7]]} {p.day[:4]}, par '
            f'<span class="vcard author">Ada Quill</span></p><div class="introduction">{paragraphs(p)}</div></li>'
            for number, p in enumerate(posts, 26270)
        )
        + "</ul></div>"
    )


def blogger(posts: tuple[Written, ...] = POSTS) -> str:
    """Return a front page as Blogger writes it: the day stands above its posts."""
    return _page(
        '<div class="main section" id="main"><div class="widget Blog" id="Blog1"><div class="blog-posts hfeed">'
        + "".join(
            f'<div class="date-outer"><h2 class="date-header"><span>{p.shown_day}</span></h2><div class="date-posts">'
            f'<div class="post-outer"><div class="post hentry"><a name="{number}"></a>'
            f'<h3 class="post-title entry-title"><a href="{PAGE[:-1]}{p.path}.html">{escape(p.title or "")}</a></h3>'
            f'<div class="post-body entry-content">{"<br /><br />".join(map(escape, p.lines))}</div>'
            '<div class="post-footer">Posted by <span class="fn">tide'
            f'</span> at <a class="timestamp-link" href="{p.path}.html">09:00</a> <a href="{p.path}.html#comment-form">'
            "No comments:</a> Labels: <a href='/search/label/a'>harbour</a></div></div></div></div></div>"
            for number, p in enumerate(posts, 8810)
        )
        + "</div></div></div>"
    )


def mir(posts: tuple[Written, ...] = POSTS) -> str:
    """Return a front page as Mir wrote it for Indymedia: features in a column, the newswire beside them."""
    wire = "".join(
        f'<p class="wire"><a href="/en/2026/11/{n}.html">A line of the wire, number {n}</a></p>' for n in range(9)
    )
    return _page(
        f'<div id="newswire" class="sidebar"><h3>Newswire</h3>{wire}</div><div class="features">'
        + "".join(
            f'<div class="feature"><h1 class="featuretitle"><a href="/en{p.path}.html">{escape(p.title or "")}</a></h1>'
            f'<p class="featuredate">{p.day[8:]}.{p.day[5:7]}.{p.day[:4]} 09:00</p><img src="/icon.gif" alt="">'
            f'{paragraphs(p)}<p class="featurelinks"><a href="/en{p.path}.html">Full article</a> | '
            f'<a href="/en{p.path}.html?c=on#comments">2 comments</a></p></div>'
            for p in posts
        )
        + "</div>"
    )


def bare(posts: tuple[Written, ...] = POSTS) -> str:
    """Return a page without wrappers: heading, date, paragraphs, heading ..."""
    return _page(
        '<div id="main"><h1>Tide</h1>'
        + "".join(
            (f'<h3><a href="{p.path}">{escape(p.title)}</a></h3>' if p.title else "")
            + f"<p><i>{p.shown_day}</i></p>{paragraphs(p)}<hr>"
            for p in posts
        )
        + "</div>"
    )


def unlinked(posts: tuple[Written, ...] = POSTS) -> str:
    """Return a page whose posts have no addresses of their own, only places on it."""
    return _page(
        "<div>"
        + "".join(
            f'<div class="post" id="note-{number}">'
            + (f"<h2>{escape(p.title)}</h2>" if p.title else "")
            + f"<p class='date'>{p.shown_day}</p>{paragraphs(p)}</div>"
            for number, p in enumerate(posts)
        )
        + "</div>"
    )


MARKUPS = (wordpress, articles, table, spip, blogger, mir, bare, unlinked)


def _page(content: str) -> str:
    menu = "".join(f'<li><a href="/{name}">{name}</a></li>' for name in ("about", "contact", "donate", "archive"))
    return (
        "<!DOCTYPE html><html><head><title>Tide – news from the harbour</title></head><body><div id='header'>"
        f"<a href='/'>Tide</a><ul class='menu'>{menu}</ul></div>{content}"
        "<div id='footer'>Tide is made by its readers. No rights reserved.</div></body></html>"
    )
