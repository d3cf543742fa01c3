"""The words of the demo world: sites, posts, edits, and the families of posts that are one text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

FIRST_VISIT: Final = datetime(2026, 11, 18, 12, tzinfo=UTC)
"""When the demo crawls the world for the first time; nothing is edited before."""
SECOND_VISIT: Final = datetime(2026, 11, 20, 12, tzinfo=UTC)
"""When it comes again; by now some posts are edited and a few are new."""

KINDS: Final = frozenset(
    {"verbatim", "retitled", "truncated", "excerpt", "roundup", "edited", "translation", "joint", "mirror", "migrated"}
)
"""How a post may reuse another."""

POST_PATHS: Final = {
    "hyperactive": "/articles/{post.id}",
    "mir": "/nl/{post.published:%Y}/{post.published:%m}/{post.id}.html",
    "spip": "/spip.php?article{post.id}",
    "wordpress": "/{post.published:%Y}/{post.published:%m}/{post.published:%d}/{post.slug}/",
    "wp-aggregator": "/{post.published:%Y}/{post.published:%m}/{post.published:%d}/{post.slug}/",
    "drupal": "/node/{post.id}",
    "blogger": "/{post.published:%Y}/{post.published:%m}/{post.slug}.html",
    "blog": "/{post.published:%Y}/{post.published:%m}/{post.slug}/",
    "static": "/news/{post.id:0>4}.htm",
}
"""Where each engine puts a post: a format string that is given `post`."""


def site_address(site_id: str, port: int) -> str:
    """Return the address of a site's front page, `http://<site-id>.localhost:<port>/`."""
    return f"http://{site_id}.localhost:{port}/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What an author did to a post after it was published."""

    at: datetime
    append: tuple[str, ...] = ()
    """Paragraphs put at the end."""
    replace: tuple[tuple[str, str], ...] = ()
    """Old words and the new words in their place, in each paragraph that holds them."""
    title: str | None = None
    """The new title; None leaves it as it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One text on one site, as its author published it or, from `at()`, as it stood at an instant."""

    id: str
    """Digits, unique in the site."""
    site_id: str
    slug: str
    """The title's words for the address: ASCII, lower case, dashes. An edit of the title leaves it."""
    title: str
    author: str | None
    published: datetime
    """Aware, in the author's own zone, which the pages print."""
    language: str
    topics: tuple[str, ...]
    promoted: bool
    """Whether the editors put it among the features; only on hyperactive sites."""
    paragraphs: tuple[str, ...]
    edits: tuple[Edit, ...]
    """Oldest first. In what `at()` returns: those already applied."""

    @property
    def key(self) -> str:
        """The post's name in the whole world: `northport/1203`."""
        return f"{self.site_id}/{self.id}"

    @property
    def updated(self) -> datetime:
        """The instant of the last edit, or of the publication."""
        return self.edits[-1].at if self.edits else self.published

    def at(self, now: datetime) -> Post:
        """Return the post as it stood at `now`, with the edits made until then applied."""
        title, paragraphs = self.title, self.paragraphs
        done = tuple(edit for edit in self.edits if edit.at <= now)
        for edit in done:
            title = edit.title or title
            paragraphs = replace_words(paragraphs, edit.replace) + edit.append
        return replace(self, title=title, paragraphs=paragraphs, edits=done)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A navigation entry; the path is of the same site."""

    label: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A box of the side bar: a heading and some lines."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaflet:
    """A page that is no post: about us, contact."""

    path: str
    title: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """A remark under a post. A site has a handful of them, which take turns under its posts."""

    title: str
    author: str
    after_hours: int
    """How long after the post it was written."""
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """How the demo's sources file follows a site."""

    aliases: tuple[str, ...]
    """How others credit it."""
    names_feed: bool
    """Whether the sources file names the feed; otherwise it is to be discovered from the front page."""
    listing_links: str | None
    """CSS selector of the links to posts; None where feeds and sitemaps have everything."""
    listing_next: str | None
    """CSS selector of the link to the next page of the listing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One invented site: its engine, and the furniture around its posts."""

    id: str
    """Also the first label of its host name."""
    name: str
    engine: str
    languages: tuple[str, ...]
    """The main language first."""
    tagline: str
    feed: str | None
    """Path of the feed."""
    sitemap: str | None
    """Path of the sitemap that robots.txt names."""
    charset: str
    account: str | None
    """The account that signs every post, on sites that only aggregate."""
    mirror_of: str | None
    """The site whose posts this host repeats, not always all, under the same ids."""
    disallow: tuple[str, ...]
    """What robots.txt forbids, as path prefixes; empty where there is no robots.txt."""
    features: frozenset[str]
    """Furniture that not every site of the engine has: `open-graph`, `share-row`, `cookie-bar` ..."""
    friends: tuple[str, ...]
    """Ids of the sites it links to."""
    navigation: tuple[Link, ...]
    sidebar: tuple[Box, ...]
    footer: str
    labels: Mapping[str, str]
    """The theme's own words, in the site's language."""
    leaflets: tuple[Leaflet, ...]
    comments: tuple[Comment, ...]
    following: Following


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A post's place in a family."""

    article: str
    """Key of the post."""
    kind: str
    """One of `KINDS`."""
    of: str | None
    """Key of the post it was made from; None in a joint release."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """The posts that are one text: the truth that finding reposts is measured against."""

    id: str
    original: str | None
    """Key of the post the others were made from; None for a joint release."""
    members: tuple[Member, ...]
    """The copies, without the original."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trap:
    """Posts that look alike and are not reuse of one another."""

    id: str
    kind: str
    articles: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """All sites with all their posts, and the truth about them."""

    sites: Mapping[str, Site]
    """By id, in the order of sites.yaml."""
    posts: Mapping[str, Post]
    """By key, without any edit applied."""
    families: tuple[Family, ...]
    traps: tuple[Trap, ...]

    def posts_at(self, site_id: str, now: datetime) -> list[Post]:
        """Return the posts of a site that are visible at `now`, newest first, as they stand then."""
        visible = [post.at(now) for post in self.posts.values() if post.site_id == site_id and post.published <= now]
        return sorted(visible, key=lambda post: (post.published, post.id), reverse=True)

    def path(self, post: Post) -> str:
        """Return the address of a post within its site."""
        return POST_PATHS[self.sites[post.site_id].engine].format(post=post)

    def address(self, post: Post, port: int) -> str:
        """Return the whole address of a post on a server at `port`."""
        return site_address(post.site_id, port).rstrip("/") + self.path(post)


def replace_words(paragraphs: tuple[str, ...], replacements: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    """Return the paragraphs with each pair's old words replaced by the new, a paragraph left empty dropped."""
    for old, new in replacements:
        paragraphs = tuple(paragraph.replace(old, new) for paragraph in paragraphs)
    return tuple(paragraph for paragraph in paragraphs if paragraph.strip())
