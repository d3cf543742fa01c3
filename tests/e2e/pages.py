"""Which pages there are. A new page of the program is a line here: every check of a page then looks at it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from aggregator import notebook, reposts
from aggregator.home import Home
from aggregator.model import Article
from tests.e2e.world import BROKEN, Strange


@dataclass(frozen=True, slots=True)
class Known:
    """Articles of the home that is looked at, by what is particular about them."""

    edited: str
    """Has two versions."""
    copied: str
    """Shares text with others."""
    copy: str
    """One of those."""
    alone: str
    """Shares none, and has one version."""
    arabic: str
    strange: str
    """In all its fields stands what strangers write."""
    word: str
    """Stands in the texts of that one."""
    pasted: str
    """Text of the one that is copied."""


def articles_of(home: Home) -> dict[str, Article]:
    """Return the articles of a home by their ids."""
    with notebook.open_home(home.root) as opened:
        return {one.id: one for one in opened.search("")}


def known_in(home: Home, articles: dict[str, Article], strange: Strange | None = None) -> Known:
    """Return which of the articles of the demo world are particular."""
    families = {each: reposts.family_of(home, one) for each, one in articles.items() if one.language == "en"}
    originals = [each for each, family in families.items() if family.first == each]
    copied = max(originals, key=lambda each: len(families[each].articles))
    return Known(
        edited=next(each for each, one in articles.items() if one.number > 1),
        copied=copied,
        copy=next(one.id for one in families[copied].in_order if one.id != copied),
        alone=next(each for each, family in families.items() if family.is_alone and articles[each].number == 1),
        arabic=next(each for each, one in articles.items() if one.language == "ar"),
        strange=strange.id if strange else "",
        word=strange.word if strange else "",
        pasted=articles[copied].text,
    )


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the program."""

    name: str
    address: str
    """With a field of Known in it."""
    holds: str
    """What must be there to read."""
    status: int = 200
    is_pasted: bool = False
    """Whether a text is pasted into its box and looked for."""

    def path(self, known: Known) -> str:
        """Return its address in a home."""
        return self.address.format(
            edited=known.edited,
            copied=known.copied,
            copy=known.copy,
            alone=known.alone,
            arabic=known.arabic,
            strange=known.strange,
            word=known.word,
        )


PAGES = (
    Page("search", "/", "What is understood"),
    Page("hits", "/?q=police", "articles"),
    Page("further-hits", "/?language=en&offset=20", "Previous hits"),
    Page(
        "narrowed",
        "/?q=police&source=northport&language=en&since=2026-01&until=2026-11&as_of=2026-11-22&sort=published",
        "as it could be read on",
    ),
    Page("no-hits", "/?q=nobodywrotethis", "Nothing was found."),
    Page("mistake", "/?q=police&since=yesterday", "a day, month or year is needed", 400),
    Page("remark", "/?q=%28police", "the bracket is not closed"),
    Page("article", "/articles/{copied}", "Claimed by the source"),
    Page("article-arabic", "/articles/{arabic}", "Claimed by the source"),
    Page("article-edited", "/articles/{edited}?version=1", "what changed"),
    Page("article-strange", "/articles/{strange}", "Claimed by the source"),
    Page("changes", "/articles/{edited}/changes", "inserted"),
    Page("changes-strange", "/articles/{strange}/changes", "inserted"),
    Page("family", "/articles/{copied}/family", "probable original"),
    Page("family-alone", "/articles/{alone}/family", "No other article shares text with it."),
    Page("family-strange", "/articles/{strange}/family", "stand in the other"),
    Page("beside", "/articles/{copied}/beside/{copy}#r1", "to the same passage on the other side"),
    Page("paste", "/reposts", "Paste a text"),
    Page("pasted", "/reposts", "the text pasted", is_pasted=True),
    Page("context", "/context?q=police", "each copy counted"),
    Page("context-strange", "/context?q={word}", "each copy counted"),
    Page("timeline", "/timeline?q=police", "highest bar"),
    Page("timeline-words", "/timeline?q=police&words=count", "highest bar"),
    Page("families", "/families?q=police", "with copies among"),
    Page("families-strange", "/families?q={word}", "with copies among"),
    Page("export", "/export?q=police", "articles"),
    Page("saved", "/saved", "saved by"),
    Page("feeds", "/feeds", "Atom"),
    Page("sources", "/sources", BROKEN),
    Page("source", "/sources/northport", "The last 2 runs"),
    Page("source-broken", f"/sources/{BROKEN}", "What failed in the last run"),
    Page("source-strange", "/sources/strange-0", "What failed in the last run"),
    Page("not-found", "/nothing", "There is no such page.", 404),
)


@dataclass(frozen=True, slots=True)
class Place:
    """An address at which a stranger's string is to be seen."""

    path: str
    is_whole: bool = False
    """Whether all of it can be read there."""


def places_of(strange: Strange) -> list[Place]:
    """Return where one string is seen alone, and what is asked with it."""
    written = quote(strange.written[:200], errors="replace")  # three times in one address
    article = f"/articles/{strange.id}"
    return [
        Place(article, is_whole=True),
        Place(f"{article}/changes", is_whole=True),
        Place(f"{article}/family", is_whole=True),
        Place(f"/sources/{strange.source_id}", is_whole=True),
        Place(f"/timeline?q={written}"),
        Place(f"/?q={written}"),
        Place(f"/?q={strange.word}&source={written}&language={written}&since={written}"),
    ]


def lists_of(some: Sequence[Strange]) -> list[Place]:
    """Return where many strings are seen together; where each is whole, none hides another."""
    words = quote(" OR ".join(each.word for each in some))
    return [
        Place(f"/?q={words}", is_whole=True),
        Place(f"/families?q={words}", is_whole=True),
        Place(f"/context?q={words}"),
        Place(f"/api/search?q={words}"),
        Place(f"/export?q={words}"),
    ]
