"""The archive: who publishes what, who copies it, and what lies about that only looks like a copy."""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from datetime import datetime, timedelta
from itertools import cycle
from random import Random

from tests.families.answers import Row, ignored, truth
from tests.families.copying import ALTERATIONS, quoted
from tests.families.pieces import Body, Draft, Piece, body_of, copied, own
from tests.families.texts import LANGUAGES, Site, Story, paragraphs, read, sites, stories, wording

BEGINNING = datetime(2025, 2, 3, 9, 20)  # noqa: DTZ001 - pages state times without a zone
FIRST_LANGUAGE = {
    "lockgate": "en",
    "saltworks": "fr",
    "marl-hunger": "en",
    "eschwald-trial": "de",
    "noria-harvest": "es",
    "sandbar": "fr",
    "calanca": "it",
    "tram-depot": "de",
}
"""In which language the stories were written that stand in several."""
KINDS = ("verbatim", "credit", "retitled", "truncated", "reordered", "edited", "updated", "ocr", "furniture")
LATE_KINDS = ("date-trap", "chain")
"""Kinds that come after the others: a chain copies the last copy of a story."""
KINDS_OF_VERSION = (*KINDS[:-1], "date-trap")
"""Without furniture: furnished sites are too few for a story in three languages."""
PLAIN_KINDS = ("verbatim", "credit", "truncated", "reordered", "furniture", "date-trap", "chain")
"""Kinds for which no wordings in the language are needed."""
COPIED_ON = {"verbatim", "credit", "retitled", "edited", "furniture", "chain"}
CREDITED = {"credit", "date-trap", "chain"}
"""Kinds that always credit; of the others, every third does."""
COPIES_OF_STORY, COPIES_OF_VERSION, COPIES_OF_PLAIN = (3, 6), 2, 3
QUOTES = {"en": 14, "fr": 4, "de": 4}
ROUND_UPS = {"en": 9, "fr": 3, "de": 2}
MARKS = {"en": ("“", "”"), "fr": ("« ", " »"), "de": ("„", "“")}


class Press:
    """All that is published: keeps what there is so far, and lets chance decide what is not told."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.rng = Random(seed)
        self.sites = sites()
        self.drafts: list[Draft] = []
        self.ignored: list[Row] = []
        self.holders: defaultdict[str, set[str]] = defaultdict(set)
        """The sites that have a story: none publishes it twice."""
        self.supplies = {lang: self.shuffled(wording("updates", lang)) for lang in LANGUAGES.values()}
        """Sentences for updates, each of which is used once."""
        self._date_traps = cycle((None, "before", "day"))

    def shuffled(self, things: list[str]) -> list[str]:
        return self.rng.sample(things, len(things))

    def publish(self, kind: str, site: Site, lang: str, title: str, body: Body, known_date: datetime) -> Draft:
        name = hashlib.sha256(f"{self.seed}/{len(self.drafts)}".encode()).hexdigest()[:12]
        draft = Draft(
            id=name, site=site, lang=lang, date=known_date, known_date=known_date, title=title, kind=kind, body=body
        )
        self.drafts.append(draft)
        return draft

    def site_for(self, lang: str, *names: str, furnished: bool = False) -> Site:
        """A site that takes texts in this language and has the fewest of these stories, as a rule none."""
        taking = [site for site in self.sites if site.takes(lang) and (site.furnished or not furnished)]
        held = {site.id: sum(site.id in self.holders[name] for name in names) for site in taking}
        site = self.rng.choice([site for site in taking if held[site.id] == min(held.values())])
        for name in names:
            self.holders[name].add(site.id)
        return site

    def later(self, moment: datetime) -> datetime:
        """From ten minutes to nine days after."""
        return moment + timedelta(minutes=self.rng.randint(10, 9 * 24 * 60))

    def stated_date(self, original: datetime) -> datetime | None:
        """What a date trap says: nothing, a time before the original's, or only its day."""
        trap = next(self._date_traps)
        if trap == "before":
            return original - timedelta(minutes=self.rng.randint(30, 3 * 24 * 60))
        return original.replace(hour=0, minute=0) if trap else None


def corpus(seed: int = 1) -> tuple[list[Row], list[Row]]:
    """The documents of the archive and the truth about them, in the shared format; the same for the same seed."""
    press = Press(seed)
    by_name: defaultdict[str, list[Story]] = defaultdict(list)
    for story in stories():
        by_name[story.name].append(story)
    alone = [versions[0] for versions in by_name.values() if len(versions) == 1]
    originals = {story.name: publish_original(press, story) for story in alone}
    for story in alone:
        copy_often(press, story, originals[story.name])
    for name, versions in by_name.items():
        if len(versions) > 1:
            publish_versions(press, name, {version.lang: version for version in versions})
    publish_round_ups(press, alone, originals)
    publish_notes(press, alone, originals)
    publish_letters(press)
    publish_reports(press)
    rows = sorted((row(draft) for draft in press.drafts), key=lambda row: str(row["id"]))
    return rows, [*truth(press.drafts), *press.ignored]


def digest() -> str:
    """SHA-256 of the documents and the truth as JSON."""
    text = json.dumps(corpus(), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def row(draft: Draft) -> Row:
    date = draft.date.isoformat() if draft.date else None
    about = {"id": draft.id, "site": draft.site.name, "lang": draft.lang, "date": date}
    return {**about, "title": draft.title, "text": draft.text()}


# ------------------------------------------------------------------------------------------------- originals and copies


def publish_original(press: Press, story: Story) -> Draft:
    """A story on the first site in its own language that is next in turn."""
    homes = [site for site in press.sites if site.lang == story.lang and not site.own]
    number = sum(draft.kind == "original" for draft in press.drafts)
    site = homes[number % len(homes)]
    press.holders[story.name].add(site.id)
    moment = BEGINNING + timedelta(hours=55 * number, minutes=press.rng.randrange(600))
    return press.publish("original", site, story.lang, story.title, body_of(story), moment)


def copy_often(press: Press, story: Story, original: Draft) -> None:
    """Several kinds of copy of one story."""
    if story.lang in LANGUAGES.values():
        count = press.rng.randint(*COPIES_OF_STORY) - (story.lang in ("es", "it"))
        early = press.rng.sample(KINDS, count - 1)
        kinds = [*early, press.rng.choice(LATE_KINDS)]
    else:
        kinds = press.rng.sample(PLAIN_KINDS, COPIES_OF_PLAIN)
    latest = original
    for kind in sorted(kinds, key=lambda kind: (kind in LATE_KINDS, kind != "furniture")):
        made = copy(press, story.name, latest if kind == "chain" else original, kind)
        if made.kind in COPIED_ON:
            latest = made


def copy(press: Press, name: str, parent: Draft, kind: str) -> Draft:
    """A copy of a document, with all that a copyist puts around it."""
    lang, rng = parent.lang, press.rng
    if kind == "chain" and parent.kind == "original":
        kind = "credit"
    if kind == "updated" and not press.supplies[lang]:
        kind = "edited"
    moment = press.later(parent.known_date)
    body = ALTERATIONS[kind](copied(parent.body), lang, rng)
    if kind == "updated":
        label = read("wordings")["updates"]["label"][lang].format(date=spelled(moment, lang))
        body = [*body, *own(label + press.supplies[lang].pop())]
    if kind == "chain" and rng.random() < 0.5:
        body = [*body, *([piece] for paragraph in parent.body for piece in paragraph if piece.credits)]
    if kind in CREDITED or rng.random() < 0.33:
        body = with_credit(press, body, credit(press, parent, lang))
    body = with_trimmings(press, body, lang, "furniture" if kind == "furniture" else "")
    site = press.site_for(lang, name, furnished=kind == "furniture")
    title = rng.choice(wording("retitled", lang)) if kind == "retitled" else parent.title
    draft = press.publish(kind, site, lang, title, body, moment)
    draft.parents = [parent]
    if kind == "date-trap":
        draft.date = press.stated_date(parent.known_date)
    return draft


def publish_versions(press: Press, name: str, versions: dict[str, Story]) -> None:
    """A story, its translations, and some copies of each."""
    original = publish_original(press, versions.pop(FIRST_LANGUAGE[name]))
    translations = [translate(press, original, version) for version in versions.values()]
    few_sites_first = sorted((original, *translations), key=lambda draft: draft.lang not in ("es", "it"))
    for parent in few_sites_first:
        for kind in press.rng.sample(KINDS_OF_VERSION, COPIES_OF_VERSION):
            copy(press, name, parent, kind)


def translate(press: Press, original: Draft, version: Story) -> Draft:
    """A story in another language: every third without a credit, every third cut short."""
    lang, rng = version.lang, press.rng
    body = body_of(version)
    if rng.random() < 0.33:
        body = body[: rng.randint(2, len(body) - 1)]
    if rng.random() < 0.67:
        body = with_credit(press, body, credit(press, original, lang))
    body = with_trimmings(press, body, lang)
    site = press.site_for(lang, version.name)
    draft = press.publish("translation", site, lang, version.title, body, press.later(original.known_date))
    draft.parents = [original]
    return draft


# --------------------------------------------------------------------------------------------- what copyists put around


def credit(press: Press, source: Draft, lang: str) -> Piece:
    """A line that names where a text is from."""
    translated = source.lang != lang
    pattern = press.rng.choice(wording("translated" if translated else "credits", lang))
    language = read("wordings")["languages"][lang][source.lang] if translated else ""
    outlet = press.rng.choice((source.site.name, source.site.name, source.site.name.lower()))
    date = spelled(source.known_date, lang) if "{date}" in pattern else ""
    return Piece(pattern.format(outlet=outlet, language=language, date=date), credits=source)


def with_credit(press: Press, body: Body, line: Piece) -> Body:
    """A body with a credit: above it, below it, or in its first or last paragraph."""
    place = press.rng.choice(("above", "above", "below", "below", "before", "after"))
    first, last = body[0], body[-1]
    if place == "above" or line.text.endswith(":"):
        return [[line], *body]
    if place == "before":
        return [[line, *first], *body[1:]]
    return [*body, [line]] if place == "below" else [*body[:-1], [*last, line]]


def with_trimmings(press: Press, body: Body, lang: str, remark: str = "") -> Body:
    """A body with what is often found around a text: a remark, an outlet that is named, a standing phrase."""
    rng = press.rng
    if (remark or rng.random() < 0.15) and (remarks := wording("remarks", lang)):
        body = [*own(rng.choice(remarks)), *body]
    if rng.random() < 0.2 and (mentions := wording("mentions", lang)):
        body = [*body, *own(rng.choice(mentions).format(outlet=rng.choice(press.sites).name))]
    if rng.random() < 0.1 and (phrases := standing(lang)):
        body = [*body, *own(rng.choice(phrases))]
    return body


def standing(lang: str) -> list[str]:
    """Phrases that stand on many sites of a language."""
    return list(read("traps")["standing"].get(lang, []))


def spelled(moment: datetime, lang: str) -> str:
    """A date as it is written in a language."""
    month = read("wordings")["months"][lang][moment.month - 1]
    patterns = {"de": "{0}. {1} {2}", "es": "{0} de {1} de {2}"}
    return patterns.get(lang, "{0} {1} {2}").format(moment.day, month, moment.year)


# ---------------------------------------------------------------------------------------------- parts among other words


def publish_round_ups(press: Press, alone: list[Story], originals: dict[str, Draft]) -> None:
    """Three to five stories on one page, whole or only their first half, most of them credited."""
    for lang, count in ROUND_UPS.items():
        for number in range(count):
            names = [story.name for story in alone if story.lang == lang]
            used = press.rng.sample(names, press.rng.randint(3, 5))
            chosen = [originals[name] for name in used]
            titles = wording("round_up_titles", lang)
            title = f"{titles[number % len(titles)]} ({number + 1})"
            body = [paragraph for source in chosen for paragraph in excerpt(press, source)]
            moment = press.later(max(source.known_date for source in chosen))
            draft = press.publish("round-up", press.site_for(lang, *used), lang, title, body, moment)
            draft.parents = chosen


def excerpt(press: Press, source: Draft) -> Body:
    """A story as it stands in a round-up, under its title."""
    body = copied(source.body)
    if press.rng.random() < 0.5:
        body = body[: max(1, len(body) // 2)]
    line = [[credit(press, source, source.lang)]] if press.rng.random() < 0.7 else []
    colon = bool(line) and line[0][0].text.endswith(":")
    return [*own(source.title), *line, *body] if colon else [*own(source.title), *body, *line]


def publish_notes(press: Press, alone: list[Story], originals: dict[str, Draft]) -> None:
    """Short texts on all sites; the first of each language quote a story."""
    for lang, notes in read("notes").items():
        homes = cycle(note_sites(press, lang))
        names = press.rng.sample([story.name for story in alone if story.lang == lang], QUOTES.get(lang, 0) // 2)
        for number, note in enumerate(notes):
            body = [[Piece(sentence) for sentence in paragraph] for paragraph in paragraphs(note["text"], lang)]
            if number < QUOTES.get(lang, 0):
                name = names[number % len(names)]
                quote(press, note["title"], body, name, originals[name])
            else:
                publish_note(press, number, next(homes), lang, note["title"], body)


def note_sites(press: Press, lang: str) -> list[Site]:
    """The sites of a language; those of organisations twice, so that some of their releases have much in common."""
    homes = [site for site in press.sites if site.lang == lang and not site.own]
    return homes + [site for site in homes if site.about]


def quote(press: Press, title: str, body: Body, name: str, source: Draft) -> None:
    """A text of its own, in the midst of which some sentences of another are quoted."""
    [sentences] = body
    middle = len(sentences) // 2
    cited = quoted(copied(source.body), press.rng, MARKS[source.lang])
    parts = [sentences[:middle], cited, sentences[middle:]]
    if press.rng.random() < 0.4:
        parts.insert(2, [credit(press, source, source.lang)])
    site = press.site_for(source.lang, name)
    draft = press.publish("quote", site, source.lang, title, parts, press.later(source.known_date))
    draft.parents = [source]


def publish_note(press: Press, number: int, site: Site, lang: str, title: str, body: Body) -> None:
    """A text that nobody copies, on a site whose pages all share something, or with a standing phrase."""
    kind = "trap-furniture" if site.furnished else "trap-about" if site.about else "note"
    phrases = standing(lang)
    if kind == "note" or number % 4 == 0:
        kind = "trap-standing"
        body = [*body, *own(phrases[number % len(phrases)])]
    if number % 3 == 0:
        mentions = wording("mentions", lang)
        body = [*body, *own(mentions[number % len(mentions)].format(outlet=press.rng.choice(press.sites).name))]
    moment = BEGINNING + timedelta(minutes=press.rng.randrange(200 * 24 * 60))
    press.publish(kind, site, lang, title, body, moment)


# ------------------------------------------------------------------------------------------ what only looks like a copy


def publish_letters(press: Press) -> None:
    """Form letters, the same every week but for names, places and dates; some are used by several offices."""
    for letter in read("traps")["letters"]:
        offices = cycle([site for site in press.sites if site.id in letter["sites"]])
        for week, (filling, site) in enumerate(zip(letter["fillings"], offices, strict=False)):
            moment = BEGINNING + timedelta(days=7 * week, minutes=press.rng.randrange(300))
            body = own(*letter["text"].format(**filling).strip().split("\n\n"))
            press.publish("trap-letter", site, letter["lang"], letter["title"].format(**filling), body, moment)


def publish_reports(press: Press) -> None:
    """Two reports of one event; where both cite the same official, a match is neither right nor wrong."""
    for number, event in enumerate(read("traps")["events"]):
        moment = BEGINNING + timedelta(days=9 * number)
        reports: list[Draft] = []
        for report in event["reports"]:
            site = press.site_for(report["lang"], event["name"])
            moment = press.later(moment)
            body = own(*report["text"].strip().split("\n\n"))
            reports.append(press.publish("trap-reports", site, report["lang"], report["title"], body, moment))
        if event["quotation"]:
            earlier, later = reports
            shorter = min(words(report["text"]) for report in event["reports"])
            press.ignored.append(ignored(earlier, later, words(event["quotation"]) / shorter))


def words(text: str) -> int:
    return len(re.findall(r"\w+", text))
