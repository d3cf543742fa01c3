"""Article pages whose furniture changes from one capture to the next while nobody edits the article.

The kinds of furniture are in two halves: rules are made by looking at ``SEEN`` alone, ``UNSEEN`` was kept apart until
they were made.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from html import escape

from tests.fakeweb import OTHER, STORY


@dataclass(frozen=True, slots=True)
class Written:
    """An article as its author has it."""

    title: str
    paragraphs: tuple[str, ...]
    language: str = "en"


ARTICLES = (
    Written("Four vans in the lane behind the net loft", tuple(STORY.split("\n\n"))),
    Written("The choir of the dockers has tenors again", tuple(OTHER.split("\n\n"))),
    Written(
        "Le camp de la rue du Chenal évacué pour la troisième fois",
        (
            "Jeudi matin, peu après six heures, une trentaine de fourgons ont bloqué la rue du"
            " Chenal et les personnes qui"
            " dormaient là depuis l'été ont dû partir avec ce qu'elles pouvaient porter.",
            "Aucune décision de justice n'a été montrée aux habitants. Les tentes ont été jetées"
            " dans une benne malgré les"
            " protestations des voisins, venus avec du café et des couvertures.",
            "Les associations demandent que les affaires soient rendues et que l'eau soit rétablie"
            " sur la place avant la"
            " nuit. Une réunion publique est prévue samedi à la salle des fêtes.",
        ),
        "fr",
    ),
    Written(
        "Kein Zaun am alten Kühlhaus, sagt die Bürgermeisterin",
        (
            "Am Freitag sagte die Bürgermeisterin im Radio, ein Zaun am alten Kühlhaus sei nirgends"
            " geplant, und wer das"
            " behaupte, verbreite Gerüchte.",
            "Die Anordnung für eben diesen Zaun hängt mit ihrer Unterschrift vom Mittwoch davor im Rathaus aus, zweiter"
            " Stock, links neben dem Kopierer.",
            "Die Nachbarschaft hat inzwischen eine Liste der Bretter gemacht, die sie nicht liefern will.",
        ),
        "de",
    ),
)

Draw = random.Random
Kind = Callable[[Draw, Written], tuple[str, str]]
"""A kind of furniture: what it puts above and below the text, inside the article's element."""


def comment_counter(draw: Draw, _: Written) -> tuple[str, str]:
    n = draw.randrange(1, 200)
    return "", draw.choice(
        (f"<p>≈ {n} Commentaires</p>", f'<p class="comments-link">{n} comments</p>', f"<p>{n} Kommentare</p>")
    )


def view_counter(draw: Draw, _: Written) -> tuple[str, str]:
    n = draw.randrange(100, 90_000)
    return "", draw.choice(
        (f"<p>Lu {n} fois</p>", f"<p>{n} views</p>", f"<p>Aufrufe: {n}</p>", f"<p>Visites : {n}</p>")
    )


def related_links(draw: Draw, _: Written) -> tuple[str, str]:
    names = draw.sample(
        ["The stove is here", "What the mayor signed", "Soup on Sunday", "Nine beds", "Rain on the quay"], 3
    )
    links = "".join(f'<li><a href="/{n}">{name}</a></li>' for n, name in enumerate(names))
    return "", f"<h3>Related</h3><ul>{links}</ul>"


def scripts(draw: Draw, _: Written) -> tuple[str, str]:
    nonce = draw.randbytes(8).hex()
    return f'<script nonce="{nonce}">var t="{nonce}"</script>', f'<input type="hidden" name="csrf" value="{nonce}">'


def advertisement(draw: Draw, _: Written) -> tuple[str, str]:
    n = draw.randrange(9999)
    return f'<div class="ad" id="ad-{n}"><a href="https://ads.example/{n}">Shoes from {n} euros</a></div>', ""


def share_row(draw: Draw, _: Written) -> tuple[str, str]:
    n = draw.randrange(500)
    return "", f'<div class="share">Share this: <a href="#">Mastodon ({n})</a> <a href="#">Mail</a></div>'


def cookie_bar(draw: Draw, _: Written) -> tuple[str, str]:
    bar = '<div id="cookie-bar"><p>We use cookies to make this page better.</p><button>Fine</button></div>'
    return (bar, "") if draw.random() < 0.5 else ("", "")


def bumped_date(draw: Draw, article: Written) -> tuple[str, str]:
    day = draw.randrange(1, 28)
    words = {"fr": f"Dernière mise à jour le {day} octobre 2026", "de": f"Zuletzt aktualisiert am {day}. Oktober 2026"}
    return f"<p>{words.get(article.language, f'Last updated on {day} October 2026')}</p>", ""


SEEN: tuple[Kind, ...] = (
    comment_counter,
    view_counter,
    related_links,
    scripts,
    advertisement,
    share_row,
    cookie_bar,
    bumped_date,
)


def ago(draw: Draw, article: Written) -> tuple[str, str]:
    n = draw.randrange(2, 50)
    words = {"fr": f"Publié il y a {n} jours", "de": f"Vor {n} Tagen veröffentlicht"}
    return f'<p class="when">{words.get(article.language, f"Posted {n} days ago")}</p>', ""


def support(draw: Draw, article: Written) -> tuple[str, str]:
    words = {"fr": "Soutenez-nous : faites un don !", "de": "Unterstützt unsere Arbeit mit einer Spende!"}
    box = f"<p>{words.get(article.language, 'Support our work with a donation!')}</p>"
    return ("", box) if draw.random() < 0.5 else ("", "")


def newsletter(draw: Draw, article: Written) -> tuple[str, str]:
    n = draw.randrange(1000, 9000)
    words = {
        "fr": f"Abonnez-vous à notre lettre, comme {n} autres",
        "de": f"Abonniere unseren Newsletter wie {n} andere",
    }
    return "", f"<p>{words.get(article.language, f'Subscribe to our newsletter like {n} others')}</p>"


def neighbours(draw: Draw, _: Written) -> tuple[str, str]:
    n = draw.randrange(99)
    return (
        "",
        f'<div class="nav-links"><a rel="prev" href="/{n}">« The soup of number {n}</a> '
        '<a rel="next" href="/x">Next »</a></div>',
    )


def tags(draw: Draw, _: Written) -> tuple[str, str]:
    chosen = draw.sample(["harbour", "eviction", "choir", "fence", "soup", "tenors"], 3)
    return "", "<p>Tags: " + ", ".join(f'<a href="/tag/{tag}">{tag}</a>' for tag in chosen) + "</p>"


def comments(draw: Draw, _: Written) -> tuple[str, str]:
    said = (
        "Thank you for this.",
        "I was there and it was colder than you write.",
        "Which bus goes there?",
        "Shame on them!",
    )
    items = "".join(
        f'<li class="comment"><cite>reader {n}</cite><p>{said[n]}</p></li>' for n in range(draw.randrange(4))
    )
    return "", f'<div id="comments"><h3>Comments</h3><ol class="commentlist">{items}</ol></div>'


def pictures(draw: Draw, _: Written) -> tuple[str, str]:
    n = draw.randbytes(4).hex()
    return f'<img src="https://cdn{draw.randrange(9)}.example/{n}.jpg" loading="lazy" alt="The quay" data-v="{n}">', ""


def visitors(draw: Draw, article: Written) -> tuple[str, str]:
    n = draw.randrange(2, 99)
    words = {"fr": f"{n} visiteurs en ce moment", "de": f"{n} Besucher online"}
    return "", f"<p>{words.get(article.language, f'{n} visitors online')}</p>"


UNSEEN: tuple[Kind, ...] = (ago, support, newsletter, neighbours, tags, comments, pictures, visitors)


def most_read(draw: Draw, _: Written) -> tuple[str, str]:
    names = draw.sample(["What the mayor signed", "The stove is here", "Nine beds", "Rain on the quay", "Soup"], 4)
    return "", "<h4>Most read</h4><ol>" + "".join(
        f"<li><a href='/{name[:4]}'>{name}</a></li>" for name in names
    ) + "</ol>"


def poll(draw: Draw, article: Written) -> tuple[str, str]:
    n = draw.randrange(2, 900)
    words = {"fr": f"{n} votes", "de": f"{n} Stimmen"}
    return "", f"<div class='poll'><p>{words.get(article.language, f'{n} votes')}</p></div>"


def login(draw: Draw, _: Written) -> tuple[str, str]:
    form = "<form action='/login'><p>Log in to comment</p><input name='u'></form>"
    return ("", form) if draw.random() < 0.5 else ("", "")


def reading_time(draw: Draw, article: Written) -> tuple[str, str]:
    n = draw.randrange(1, 9)
    words = {"fr": f"Temps de lecture : {n} minutes", "de": f"Lesezeit: {n} Minuten"}
    return f"<p>{words.get(article.language, f'{n} min read')}</p>", ""


def helpful(draw: Draw, article: Written) -> tuple[str, str]:
    n = draw.randrange(1, 99)
    words = {"fr": "Cet article vous a été utile ?", "de": "Hat dir dieser Artikel geholfen?"}
    return "", f"<div class='vote'><p>{words.get(article.language, 'Was this helpful?')} <b>{n}</b></p></div>"


def copyright_year(draw: Draw, _: Written) -> tuple[str, str]:
    return "", f"<p>© {draw.randrange(2019, 2027)} Tide</p>"


LAST: tuple[Kind, ...] = (most_read, poll, login, reading_time, helpful, copyright_year)
"""Kept apart a second time."""


# --------------------------------------------------------------------------------------------------------------- themes


def old_theme(article: Written, above: str, below: str, draw: Draw) -> str:
    body = "".join(f"<p>{escape(p)}</p>" for p in article.paragraphs)
    return (
        f"<html lang='{article.language}'><head><title>{escape(article.title)} «"
        f" Tide</title></head><body><div id='page'>"
        f"<div id='header'><a href='/'>Tide</a></div><div id='content'><div"
        f" class='post'><h2>{escape(article.title)}</h2>"
        f"<div class='entry'>{above}{body}{below}</div></div></div><div id='sidebar'><ul><li>{draw.randrange(99)} posts"
        "</li></ul></div></div></body></html>"
    )


def new_theme(article: Written, above: str, below: str, draw: Draw) -> str:
    body = "\n\n".join(f"<p class='wp-block'>{escape(p)}</p>" for p in article.paragraphs)
    return (
        f"<!DOCTYPE html><html lang='{article.language}'><head><meta"
        f" charset='utf-8'><title>{escape(article.title)} – Tide"
        f"</title><meta property='og:title' content='{escape(article.title, quote=True)}'></head><body><nav><ul><li>"
        f"<a href='/'>Home</a></li></ul></nav><main><article><header><h1>{escape(article.title)}</h1></header>{above}"
        f"<section class='body'>{body}</section>{below}</article></main><aside><p>Today:"
        f" {draw.randrange(99)} degrees</p>"
        "</aside><footer>No rights reserved</footer></body></html>"
    )


THEMES = (old_theme, new_theme)


def capture(article: Written, kinds: tuple[Kind, ...], seed: int, *, theme: int = 0) -> str:
    """Return the page of an article as it is at one time.

    Args:
        article: What its author wrote.
        kinds: The furniture that the page has.
        seed: Another one is another time.
        theme: Which of the themes the site has by then.
    """
    draw = random.Random(seed)
    pieces = [kind(draw, article) for kind in kinds]
    above, below = "".join(a for a, _ in pieces), "".join(b for _, b in pieces)
    return THEMES[theme](article, above, below, draw)
