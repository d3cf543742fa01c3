"""Which address shows what: one function an engine, from a path and a query to the content, or None for 404."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from aggregator.demo.model import Post
from aggregator.demo.view import ATOM, RSS, XML, Content, View, as_json, body_html, excerpt, redirect

Query = Mapping[str, str]
"""The query's names with their last values; a name without a value has the empty one."""

_NEWSWIRE_PAGE: Final = 8
_FEATURES: Final = 4
_BLOG_PAGE: Final = 7
_FEED_ITEMS: Final = 10
_HYPERACTIVE_FEED_ITEMS: Final = 20
_BLOGGER_FEED_ITEMS: Final = 25


def hyperactive(view: View, path: str, query: Query) -> Content | None:
    """An Indymedia of the second generation: features, a newswire, a feed of the promoted posts only."""
    promoted = [post for post in view.posts if post.promoted]
    if path == "/":
        newest = view.posts[:_NEWSWIRE_PAGE]
        return view.page("hyperactive/front.html", features=promoted[:_FEATURES], newswire=newest)
    if path == "/feeds/latest_articles":
        return view.page("hyperactive/feed.xml", content_type=RSS, posts=promoted[:_HYPERACTIVE_FEED_ITEMS])
    if number := _number_after(path, "/articles/archives/"):
        posts, older = _slice(view.posts, number, _NEWSWIRE_PAGE)
        return view.page("hyperactive/newswire.html", posts=posts, number=number, older=older) if posts else None
    topic = _between(path, "/tag/")
    if posts := view.about(topic):
        return view.page("hyperactive/topic.html", posts=posts, topic=topic)
    post = view.find(path)
    return view.article("hyperactive/article.html", post) if post else None


def mir(view: View, path: str, query: Query) -> Content | None:
    """An Indymedia of the first generation: static pages with a number, RSS 1.0, comments unfolded by `?c=on`."""
    if path in ("/", "/nl/", "/nl/index.html"):
        return view.page("mir/front.html", posts=view.posts[:_FEED_ITEMS])
    if path == "/nl/newswire.html":
        return view.page("mir/newswire.html", posts=view.posts, heading="Nieuwslijn")
    if path == "/nl/newswire.rss":
        return view.page("mir/feed.xml", content_type=XML, posts=view.posts)
    topic = _between(path, "/nl/topics/", ".html")
    if posts := view.about(topic):
        return view.page("mir/newswire.html", posts=posts, heading=topic)
    post = view.find(path)
    return view.article("mir/article.html", post, unfolded=query.get("c") == "on") if post else None


def spip(view: View, path: str, query: Query) -> Content | None:
    """SPIP: everything is `spip.php` with a query."""
    if path not in ("/", "/spip.php"):
        return None
    if not query:
        return view.page("spip/front.html", posts=view.posts[:6])
    if query.get("page") == "backend":
        return view.page("spip/feed.xml", content_type=RSS, posts=view.posts[:_FEED_ITEMS])
    if query.get("page") == "imprimer":
        post = view.find(f"/spip.php?article{query.get('id_article')}")
        return view.article("spip/print.html", post) if post else None
    if "rubrique3" in query:
        start = _number(query.get("debut_articles", "0"))
        posts = view.posts[start : start + _FEED_ITEMS]
        after = start + _FEED_ITEMS if start + _FEED_ITEMS < len(view.posts) else None
        return view.page("spip/rubrique.html", posts=posts, after=after) if posts else None
    post = view.find(f"/spip.php?{next(iter(query))}")
    return view.article("spip/article.html", post) if post else None


def wordpress(view: View, path: str, query: Query) -> Content | None:
    """WordPress: dated addresses, a feed in pages, REST, a sitemap behind an index."""
    if post := next((post for post in view.posts if post.id == query.get("p")), None):
        return redirect(view.url(post))
    page = _wordpress_machines(view, path, query)
    if page:
        return page
    if path == "/" or path.startswith("/page/"):
        number = _number_after(path, "/page/") or 1
        posts, older = _slice(view.posts, number, _FEED_ITEMS)
        return view.page("wordpress/front.html", posts=posts, number=number, older=older, topic=None)
    topic = _between(path, "/tag/", "/")
    if posts := view.about(topic):
        return view.page("wordpress/front.html", posts=posts, number=1, older=False, topic=topic)
    if view.find(path + "/"):
        return redirect(f"{view.base}{path}/")
    post = view.find(path)
    return view.article("wordpress/article.html", post) if post else None


def _wordpress_machines(view: View, path: str, query: Query) -> Content | None:
    """What WordPress has for machines: feed, REST, sitemaps."""
    if path in ("/feed/", "/feed"):
        posts, _ = _slice(view.posts, _number(query.get("paged", "1")), _FEED_ITEMS)
        return view.page("wordpress/feed.xml", content_type=RSS, posts=posts) if posts else None
    if path == "/comments/feed/":
        return view.page("wordpress/feed.xml", content_type=RSS, posts=[])
    if path == "/wp-json/":
        about = {"name": view.site.name, "url": view.base, "namespaces": ["wp/v2"]}
        return as_json(about, changed_at=view.changed_at, headers={})
    if path == "/wp-json/wp/v2/posts":
        return _wordpress_rest(view, query)
    if path == "/sitemap.xml":
        return view.page("wordpress/sitemap-index.xml", content_type=XML)
    if path == "/wp-sitemap-posts-post-1.xml":
        return view.page("sitemap.xml", content_type=XML)
    return None


def _wordpress_rest(view: View, query: Query) -> Content:
    size = min(_number(query.get("per_page", "10")) or 1, 100)
    posts, _ = _slice(view.posts, _number(query.get("page", "1")), size)
    headers = {"X-WP-Total": str(len(view.posts)), "X-WP-TotalPages": str(-(-len(view.posts) // size))}
    entries = [
        {
            "id": int(post.id),
            "date": post.published.replace(tzinfo=None).isoformat(),
            "date_gmt": _naive_utc(post.published),
            "modified_gmt": _naive_utc(post.updated),
            "slug": post.slug,
            "status": "publish",
            "type": "post",
            "link": view.url(post),
            "title": {"rendered": post.title},
            "content": {"rendered": str(body_html(post)), "protected": False},
            "excerpt": {"rendered": f"<p>{excerpt(post)}</p>", "protected": False},
        }
        for post in posts
    ]
    return as_json(entries, changed_at=view.changed_at, headers=headers)


def drupal(view: View, path: str, query: Query) -> Content | None:
    """Drupal: nodes by number, teasers on the front page, an archive counted from page 0."""
    if path == "/":
        return view.page("drupal/front.html", posts=view.posts[:_FEED_ITEMS])
    if path == "/rss.xml":
        return view.page("drupal/feed.xml", content_type=RSS, posts=view.posts[:_FEED_ITEMS])
    if path == "/sitemap.xml":
        return view.page("sitemap.xml", content_type=XML)
    if path == "/archive":
        number = _number(query.get("page", "0"))
        posts, older = _slice(view.posts, number + 1, _FEED_ITEMS)
        return view.page("drupal/archive.html", posts=posts, number=number, older=older) if posts else None
    topic = _between(path, "/thema/")
    if posts := view.about(topic):
        return view.page("drupal/topic.html", posts=posts, topic=topic)
    post = view.find(path)
    return view.article("drupal/node.html", post) if post else None


def blogger(view: View, path: str, query: Query) -> Content | None:
    """Blogger: Atom in pages of 25, months as folders, older posts behind `/search`, which robots.txt forbids."""
    if path == "/":
        return _blogger_list(view, view.posts, heading=None)
    if path == "/search":
        before = query.get("updated-max", "")
        return _blogger_list(view, [post for post in view.posts if post.published.isoformat() < before], heading=None)
    label = _between(path, "/search/label/")
    if posts := view.about(label):
        return _blogger_list(view, posts, heading=label)
    if posts := [post for post in view.posts if path == f"/{post.published:%Y/%m}/"]:
        return _blogger_list(view, posts, heading=f"{posts[0].published:%m/%Y}")
    if path == "/feeds/posts/default":
        start = max(_number(query.get("start-index", "1")), 1)
        size = min(_number(query.get("max-results", str(_BLOGGER_FEED_ITEMS))), _BLOGGER_FEED_ITEMS)
        entries = view.posts[start - 1 : start - 1 + size]
        after = start + size if start - 1 + size < len(view.posts) else None
        return view.page("blogger/feed.xml", content_type=ATOM, posts=entries, start=start, size=size, after=after)
    if path == "/sitemap.xml":
        return view.page("sitemap.xml", content_type=XML)
    post = view.find(path)
    return view.article("blogger/post.html", post) if post else None


def _blogger_list(view: View, posts: Sequence[Post], *, heading: str | None) -> Content:
    shown = posts if heading else posts[:_BLOG_PAGE]
    older = shown[-1].published if len(shown) < len(posts) else None
    return view.page("blogger/list.html", posts=shown, heading=heading, older=older)


def blog(view: View, path: str, query: Query) -> Content | None:
    """A small blog that shows whole posts, several on a page, and has all of them in its Atom feed."""
    if path == "/" or path.startswith("/page/"):
        number = _number_after(path, "/page/") or 1
        posts, older = _slice(view.posts, number, _BLOG_PAGE)
        return view.page("blog/front.html", posts=posts, number=number, older=older) if posts else None
    if path == "/archive/":
        return view.page("blog/archive.html")
    if path == "/atom.xml":
        return view.page("blog/feed.xml", content_type=ATOM)
    post = view.find(path)
    return view.article("blog/post.html", post) if post else None


def static(view: View, path: str, query: Query) -> Content | None:
    """Pages made by hand: a home page, a list of all news, the news."""
    if path in ("/", "/index.htm"):
        return view.page("static/home.html", posts=view.posts[:5])
    if path in ("/news/", "/news/index.htm"):
        return view.page("static/news.html", posts=view.posts)
    post = view.find(path)
    return view.article("static/post.html", post) if post else None


ENGINES: Final[Mapping[str, Callable[[View, str, Query], Content | None]]] = {
    "hyperactive": hyperactive,
    "mir": mir,
    "spip": spip,
    "wordpress": wordpress,
    "wp-aggregator": wordpress,
    "drupal": drupal,
    "blogger": blogger,
    "blog": blog,
    "static": static,
}


def _slice(posts: Sequence[Post], number: int, size: int) -> tuple[Sequence[Post], bool]:
    """Return the posts of a page counted from 1, and whether there are older ones."""
    start = max(number - 1, 0) * size
    return posts[start : start + size], start + size < len(posts)


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0


def _number_after(path: str, prefix: str) -> int:
    """Return the number that follows the prefix, 0 where there is none."""
    return _number(path[len(prefix) :].rstrip("/")) if path.startswith(prefix) else 0


def _between(path: str, prefix: str, suffix: str = "") -> str:
    """Return what stands between prefix and suffix, the empty string where the path is not of that form."""
    if path.startswith(prefix) and path.endswith(suffix):
        return path.removeprefix(prefix).removesuffix(suffix)
    return ""


def _naive_utc(instant: datetime) -> str:
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat()
