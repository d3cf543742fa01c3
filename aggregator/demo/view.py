"""What the templates are given: one site at one instant, and the ways to write dates and excerpts."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Final

import jinja2
from markupsafe import Markup

from aggregator.demo.model import Comment, Post, Site, World, site_address

RSS: Final = "application/rss+xml"
ATOM: Final = "application/atom+xml"
XML: Final = "application/xml"

POSTS_WITH_COMMENTS: Final = 3
"""Every third post has comments, by its id."""

_MONTHS: Final = {  # of each language, twelve words
    "en": "January February March April May June July August September October November December",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
}
_WEEKDAYS: Final = {  # where a long date begins with one
    "de": "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag",
    "es": "lunes martes miércoles jueves viernes sábado domingo",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What an engine answers: text not encoded yet, and what the headers need to know."""

    text: str
    content_type: str = "text/html"
    status: int = 200
    changed_at: datetime | None = None
    """For Last-Modified; None where the engine does not tell."""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One site at one instant, as a visitor who asks now finds it."""

    world: World
    site: Site
    now: datetime
    port: int
    posts: Sequence[Post]
    """The visible posts, newest first, as they stand now."""

    @property
    def base(self) -> str:
        """The site's address without the last slash."""
        return site_address(self.site.id, self.port).rstrip("/")

    @property
    def language(self) -> str:
        """The site's main language."""
        return self.site.languages[0]

    @property
    def changed_at(self) -> datetime | None:
        """When the site last changed; None while it is empty."""
        return max((post.updated for post in self.posts), default=None)

    def path(self, post: Post) -> str:
        """Return a post's address within the site."""
        return self.world.path(post)

    def url(self, post: Post) -> str:
        """Return a post's whole address."""
        return self.world.address(post, self.port)

    def friends(self) -> list[tuple[str, str]]:
        """Return name and address of the sites this one links to."""
        sites = [self.world.sites[site_id] for site_id in self.site.friends if site_id in self.world.sites]
        return [(site.name, site_address(site.id, self.port)) for site in sites]

    def find(self, path: str) -> Post | None:
        """Return the visible post of this address."""
        return next((post for post in self.posts if self.path(post) == path), None)

    def about(self, topic: str) -> list[Post]:
        """Return the visible posts of a topic."""
        return [post for post in self.posts if topic in post.topics]

    def cloud(self) -> list[tuple[str, int]]:
        """Return the twenty commonest topics with their number of posts, by name."""
        return sorted(Counter(topic for post in self.posts for topic in post.topics).most_common(20))

    def related(self, post: Post) -> list[Post]:
        """Return three other posts: those that share a topic first, then the newest."""
        others = [other for other in self.posts if other.id != post.id]
        return sorted(others, key=lambda other: not set(other.topics) & set(post.topics))[:3]

    def comments(self, post: Post) -> list[tuple[datetime, Comment]]:
        """Return the comments under a post until now, with the instant each was written."""
        number = int(post.id)
        if not self.site.comments or number % POSTS_WITH_COMMENTS:
            return []
        turn = number // POSTS_WITH_COMMENTS % len(self.site.comments)
        pair = sorted((self.site.comments[turn], self.site.comments[turn - 1]), key=lambda comment: comment.after_hours)
        written = [(post.published + timedelta(hours=comment.after_hours), comment) for comment in pair]
        return [(at, comment) for at, comment in written if at <= self.now]

    def page(self, template: str, *, content_type: str = "text/html", status: int = 200, **values: object) -> Content:
        """Render a template with this view and further values; it changed when the site did."""
        text = self._rendered(template, values)
        return Content(text=text, content_type=content_type, status=status, changed_at=self.changed_at)

    def article(self, template: str, post: Post, **values: object) -> Content:
        """Render the page of one post, which changed when the post or its comments did."""
        instants = [post.updated, *(at for at, _ in self.comments(post))]
        text = self._rendered(template, {"post": post, **values})
        return Content(text=text, changed_at=max(instants))

    def _rendered(self, template: str, values: Mapping[str, object]) -> str:
        return _TEMPLATES.get_template(template).render(view=self, site=self.site, **values)


def redirect(location: str) -> Content:
    """Return an answer that sends the visitor to another address for good."""
    return Content(text="", status=301, headers={"Location": location})


def as_json(value: object, *, changed_at: datetime | None, headers: Mapping[str, str]) -> Content:
    """Return a value as JSON."""
    text = json.dumps(value, ensure_ascii=False)
    return Content(text=text, content_type="application/json", changed_at=changed_at, headers=headers)


def body_html(post: Post) -> Markup:
    """Return the post's paragraphs as HTML."""
    return Markup("\n").join(Markup("<p>{}</p>").format(paragraph) for paragraph in post.paragraphs)


def excerpt(post: Post, words: int = 45, ending: str = " […]") -> str:
    """Return the beginning of a post, with the ending where something is left out."""
    beginning = " ".join(post.paragraphs).split()
    return " ".join(beginning[:words]) + (ending if len(beginning) > words else "")


def long_date(instant: datetime, language: str) -> str:
    """Return a date as a reader of the language writes it: "5 October 2026", "lunes, 5 de octubre de 2026"."""
    month = month_name(instant.month, language)
    weekday = _WEEKDAYS[language].split()[instant.weekday()] if language in _WEEKDAYS else ""
    if language == "es":
        return f"{weekday}, {instant.day} de {month} de {instant.year}"
    if language == "de":
        return f"{weekday}, {instant.day}. {month} {instant.year}"
    if language == "fr" and instant.day == 1:
        return f"1er {month} {instant.year}"
    return f"{instant.day} {month} {instant.year}"


def month_name(month: int, language: str) -> str:
    """Return the name of a month, 1 to 12."""
    return _MONTHS[language].split()[month - 1]


def _rfc_822(instant: datetime) -> str:
    return format_datetime(instant)


def _iso(instant: datetime) -> str:
    return instant.isoformat(timespec="seconds")


def _iso_utc(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _templates() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("aggregator.demo", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters.update(
        body_html=body_html,
        excerpt=excerpt,
        long_date=long_date,
        month_name=month_name,
        rfc_822=_rfc_822,
        iso=_iso,
        iso_utc=_iso_utc,
    )
    return environment


_TEMPLATES: Final = _templates()
