"""Where an article names its origin: "(source: indymedia london)", "first published on Terre d'Accueil last week".

A credit is sought in each *clause*: a line, what stands in brackets, a sentence. An outlet that is known (a source's
name, id, alias, host) counts inside a sentence too; any other only where the clause is nothing but the credit.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from aggregator import analysis, urls
from aggregator.credits import cues
from aggregator.model import Credit, Source

_MAX_CLAUSE_CHARS = 300
_MAX_LINE_CHARS = 160
"""A longer line is not nothing but a credit."""
_MAX_BEFORE_WORDS = 10
_MAX_BEHIND_WORDS = 12
"""How much of a sentence may stand on either side of cue and outlet; beyond, the sentence is about something else."""
_MAX_MISSPELT = 2
"""Letters in which a host's name may differ from the one it means."""
_MIN_MISSPELT_CHARS = 12
_MIN_NAME_CHARS = 3
_SPACELESS_FROM = 0x0E00
"""From the first letters of Thai on: scripts in which a name may have another word on either side without a space."""
_AROUND = " .:;,\"'“”«»"

_MONTH = r"(?:[A-Za-zÀ-ÿ]{3,10}\.?)"
_DAY = (
    rf"(?:\d{{1,2}}(?:st|nd|rd|th|er|º|\.)?\s+(?:of\s+|de\s+|di\s+)?{_MONTH}(?:,?\s+(?:de\s+)?\d{{4}})?"
    rf"|{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?(?:,?\s+\d{{4}})?|\d{{1,4}}[./-]\d{{1,2}}[./-]\d{{1,4}}|\d{{4}})"
)
_TAIL = (
    r"(?:['’]s\s+(?:(?:web)?site|blog))?"
    rf"(?:\s*[,–—-]?\s*(?:(?:on|the|le|du|am|vom|el|del|il|op|van|of|dated)\s+)*{_DAY})?"
    r"(?:\s*,?\s*\(?(?:translated|traduit|übersetzt|traducido|tradotto|vertaald)[^()]{0,40}\)?)?"
    r"(?:\s*\([^()]{0,60}\))?[\s)\].,:;»”\"'…–—-]*"
)
"""What may stand behind an outlet when the clause is nothing but a credit: its date, a remark in brackets."""
_ADDRESS = r"(?:https?://)?(?:[a-z0-9][a-z0-9-]*\.)+[a-z]{2,12}(?:/[^\s()\[\]<>]*)?"
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"”»']?\s+(?=[\"“«'(\[]?[A-ZÀ-ÖØ-Þ0-9])|(?<=[)\]])\s+")
_BRACKETS = re.compile(r"\([^()\n]{3,200}\)|\[[^\[\]\n]{3,200}\]")

_OPENING = r"^[\s(\[\"“«*•>–—-]*"
_ARTICLE = r"(?:(?:an?|the|this|le|la|un|une|ce|cet|cette|der|die|das|dieser?|eine?|el|los|una|il|lo|een|het|dit)\s+)?"
_QUOTE = r"[\"“«'‘]?\s*$"
_BEFORE_LABELLED = re.compile(
    _OPENING + rf"(?:[\w'’]+,?\s+){{0,2}}?(?P<label>{cues.LABELS})\s*[:：]{{1,2}}\s*" + cues.DETERMINER + _QUOTE,
    re.IGNORECASE,
)
_BEFORE_KIND = re.compile(
    _OPENING + _ARTICLE + rf"(?:{cues.KINDS})\s*:{{0,2}}\s*" + cues.DETERMINER + _QUOTE, re.IGNORECASE
)
_BEFORE_TAKEN = re.compile(rf"(?:^|[^\w])(?P<cue>{cues.TAKINGS})\s*:?\s*" + cues.DETERMINER + _QUOTE, re.IGNORECASE)
_BEFORE_BEHIND = re.compile(rf"(?:^|\s){cues.BEFORE_BEHIND}\s+{cues.DETERMINER}{_QUOTE}", re.IGNORECASE)
_BEHIND = re.compile(rf"[\"”»'’]?\s+(?:\S+\s+){{0,3}}?(?:{cues.TAKEN_BEHIND})\b", re.IGNORECASE)
_ONLY_TAIL = re.compile(_TAIL + "$", re.IGNORECASE)
_TEXT_BEGINS = re.compile(rf"(?P<tail>(?:,?\s+{_DAY})?)\s+(?-i:[\"“«(]?[A-ZÀ-ÖØ-Þ])", re.IGNORECASE)
_ONLY_DATE = re.compile(rf"\s*,\s*(?:le\s+|den\s+|on\s+)?{_DAY}\s*[.:]?$", re.IGNORECASE)
_TRANSLATED = re.compile(
    r"\s*,?\s*\(?(?:translated|traduit|übersetzt|traducido|tradotto|vertaald)\b[^()]*\)?\s*$", re.IGNORECASE
)
_SELF = (
    r"(?:(?:this|the|following)\s+(?:article|text|statement|post|story|report|piece|letter)\s+(?:was|is|has\s+been)?\s*"
    r"|(?:ce|cet|cette|le|l['’])\s*(?:article|texte|communiqué|billet|tribune|appel)\s+(?:a\s+été|est|a)?\s*"
    r"(?:d['’]abord\s+)?"
    r"|(?:dieser|der)\s+(?:text|artikel|beitrag|bericht|aufruf)\s+(?:wurde|ist|erschien)?\s*"
    r"|(?:este|el)\s+(?:artículo|texto|comunicado)\s+(?:fue|ha\s+sido|es)?\s*"
    r"|(?:questo|il)\s*(?:articolo|testo|comunicato)\s+(?:è\s+stato|è)?\s*"
    r"|(?:dit|het)\s+(?:artikel|bericht|stuk)\s+(?:werd|is)?\s*"
    r"|we\s+(?:are\s+)?)"
)

_NOUNS = r"sources?|quellen?|fuentes?|fonte|fonti|bron|bronnen"
_PHRASES = "|".join(
    (
        r"press release (?:from|by)|statement (?:from|by)|communiqué (?:de presse )?d[eu]",
        r"comunicado de|comunicato (?:stampa )?di|pressemitteilung (?:von|des|der)|persbericht van",
        r"via|from|publié sur|publicado en|pubblicato su|article paru dans|this article appeared (?:on|in)",
        r"traduit d[eu](?: l['’]\w+)?, source",
    )
)
_OUTLET = r"(?P<outlet>[^()\[\]\n]{2,80}?)"
_AFTER = r"\s*(?:\([^()]*\))?\s*[)\].]*\s*$"
_ALONE = tuple(
    re.compile(rf"(?:^|[.…\]]\s|read more\s*/\s*){middle}{_AFTER}", re.IGNORECASE)
    for middle in (
        rf"[(\[\s]*(?:{_NOUNS}|{_PHRASES}|{cues.TAKINGS})\s*:{{1,2}}\s*{_OUTLET}",  # with a colon
        rf"[(\[]\s*(?:{_PHRASES}|{cues.TAKINGS}|(?:{_NOUNS})(?=\s+(?-i:[A-ZÀ-ÖØ-Þ])))\s+{_OUTLET}"  # in brackets
        r"(?:,\s[^()\[\]]*)?",
        rf"\s*{_SELF}?(?!from )(?:{_PHRASES}|{cues.TAKINGS})\s+(?P<outlet>(?-i:[A-ZÀ-ÖØ-Þ]|https?://)"
        rf"[^()\[\]\n,;!?]{{1,60}}?)(?:,?\s+(?:on|le|du|am|vom|el|del|il|op)\s+{_DAY})?",  # bare: a name
    )
)
"""A clause that is nothing but a credit, whoever it names."""
_BEGINS_ALONE = re.compile(
    rf"(?:^|[.!?…)\]][\"”»']?\s|read more\s*/|[(\[])\s*+{_SELF}?(?:{_NOUNS}|{_PHRASES}|{cues.TAKINGS})[\s:]",
    re.IGNORECASE,
)
"""How such a clause begins, wherever in a line it may: most lines have no such place, and need not be cut up."""
_IS_LANGUAGE = re.compile(
    r"(?:the |l['’]|dem |der |das |del |dal |dall['’]|het )?(?:english|french|german|spanish|italian|dutch|arabic|greek"
    r"|portuguese|anglais|français|allemand|espagnol|italien|néerlandais|arabe|grec|englischen?|französischen?|deutschen?"
    r"|spanischen?|italienischen?|niederländischen?|arabischen?|inglés|francés|alemán|español|italiano|neerlandés|inglese"
    r"|francese|tedesco|spagnolo|olandese|engels|frans|duits|spaans|italiaans|nederlands)\b(?! \w+ \w)",
    re.IGNORECASE,
)
_JOINT = re.compile(
    r"^[(\[\s]*(communiqué commun|joint (?:statement|press release)|gemeinsame (?:erklärung|pressemitteilung)"
    r"|comunicado conjunto|comunicato congiunto|gezamenlijke verklaring)",
    re.IGNORECASE | re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class _Clause:
    """A stretch of a line: character offsets within it, end exclusive."""

    start: int
    end: int
    text: str


def find_credits(text: str, sources: Sequence[Source] = ()) -> list[Credit]:
    """Return the credits of a text, unresolved, in order.

    Args:
        text: Paragraphs, one a line.
        sources: Whose names are known: one of them counts inside a sentence, too.
    """
    mentions = _by_line(text, _known(sources).pattern)
    found, start = [], 0
    for number, line in enumerate(text.split("\n")):
        end = 0
        for clause, outlet in _credits_in(line, mentions.get(number, ())):
            if clause.start >= end:
                one = Credit(
                    start=start + clause.start, end=start + clause.end, line=clause.text.strip(), outlet=outlet
                )
                found.append(one)
                end = clause.end
        start += len(line) + 1
    return found


@dataclass(frozen=True, slots=True)
class _Mention:
    """A name or address in a line: character offsets within it, end exclusive."""

    start: int
    end: int
    text: str
    is_name: bool
    """Whether it is a name of a source."""
    is_id: bool
    """Whether it is an id of a source, which may be a word, too."""


def _by_line(text: str, known: re.Pattern[str]) -> dict[int, list[_Mention]]:
    """Return all that is mentioned in a text, by the number of the line."""
    found: dict[int, list[_Mention]] = {}
    number = begins = 0
    for m in known.finditer(text):
        if "\n" in m[0]:
            continue
        while (stop := text.find("\n", begins)) >= 0 and stop < m.start():
            number, begins = number + 1, stop + 1
        is_name = m.lastgroup in ("name", "spaceless")
        one = _Mention(m.start() - begins, m.end() - begins, m[0], is_name, m.lastgroup == "id")
        found.setdefault(number, []).append(one)
    return found


def _credits_in(line: str, mentions: Sequence[_Mention]) -> list[tuple[_Clause, str]]:
    """Return the clauses of a line that are credits, and whom they name, in order; the longer before the shorter."""
    if not mentions and not (_BEGINS_ALONE if len(line) <= _MAX_LINE_CHARS else _BRACKETS).search(line):
        return []
    found: list[tuple[_Clause, str]] = []
    for clause in _clauses(line):
        inside = [m for m in mentions if clause.start <= m.start and m.end <= clause.end]
        outlet = next((m.text for m in inside if _is_credited(clause, m)), None)
        if outlet is None and clause.end - clause.start == len(line):
            found += [(part, m.text.strip(_AROUND)) for m in inside if m.is_name and (part := _run_on(clause, m))]
        if outlet is None and not found and len(clause.text) <= _MAX_LINE_CHARS:
            outlet = _alone(clause.text)
        if outlet:
            found.append((clause, outlet.strip(_AROUND)))
    return sorted(found, key=lambda pair: (pair[0].start, -pair[0].end))


def _clauses(line: str) -> Iterator[_Clause]:
    """Give the clauses of a line, the smaller ones first: what is in brackets, its sentences, and itself."""
    brackets = [m.span() for m in _BRACKETS.finditer(line)]
    ends = [m.span() for m in _SENTENCE_END.finditer(line)]
    starts = [0, *(end for _, end in ends)]
    sentences = list(zip(starts, [*(start for start, _ in ends), len(line)], strict=True))
    for start, end in dict.fromkeys([*brackets, *(sentences if len(sentences) > 1 else ()), (0, len(line))]):
        if 0 < end - start <= _MAX_CLAUSE_CHARS:
            yield _Clause(start, end, line[start:end])


def _is_credited(clause: _Clause, mention: _Mention) -> bool:
    """Whether a clause credits whom it mentions there in its line."""
    before, behind = clause.text[: mention.start - clause.start], clause.text[mention.end - clause.start :]
    is_alone = bool(_ONLY_TAIL.match(behind))
    name = mention.is_name or mention.is_id
    if is_alone and (_BEFORE_LABELLED.match(before) or (name and _BEFORE_KIND.match(before))):
        return True
    if name and not before.strip(" ([") and (_ONLY_DATE.match(behind) or _TRANSLATED.match(behind)):
        return True
    if is_alone and _TRANSLATED.search(clause.text) and re.fullmatch(r"\W*(?:by|par|von|por|di|door)\s+", before, re.I):
        return True
    if mention.is_id:
        return False
    few = len(before.split()) <= _MAX_BEFORE_WORDS + 4 and (
        len(behind.split()) <= _MAX_BEHIND_WORDS or behind.lstrip().startswith(":")
    )
    if not few:
        return False
    return bool(_BEFORE_TAKEN.search(before) or (_BEFORE_BEHIND.search(before) and _BEHIND.match(behind)))


def _run_on(line: _Clause, mention: _Mention) -> _Clause | None:
    """Return the part of a line that is a credit without a stop between it and the text; None: there is none."""
    before, behind = line.text[: mention.start], line.text[mention.end :]
    heads = _BEFORE_LABELLED.match(before) or _BEFORE_KIND.match(before) or _BEFORE_TAKEN.match(before)
    if heads and (stop := _TEXT_BEGINS.match(behind)):
        end = mention.end + stop.end("tail")
        return _Clause(0, end, line.text[:end])
    taken = _BEFORE_TAKEN.search(before)
    if taken and before[taken.start("cue")].isupper() and _ONLY_TAIL.match(behind):
        return _Clause(taken.start("cue"), line.end, line.text[taken.start("cue") :])
    return None


def _alone(clause: str) -> str | None:
    for pattern in _ALONE:
        if (hit := pattern.search(clause)) and not _IS_LANGUAGE.match(hit["outlet"]):
            return hit["outlet"].strip(_AROUND) or None
    return None


@dataclass(frozen=True, slots=True)
class _Known:
    """What credits are compared with: of thousands of sources, even to look at them takes long."""

    pattern: re.Pattern[str]
    """What finds their names."""
    by_name: dict[str, str]
    """The id of the first source of each name, folded and without spaces."""
    hosts: list[tuple[str, str]]
    """The id of each, and its host."""


_LAST: list[tuple[Sequence[Source], _Known]] = []
"""The sources last asked for."""


def _known(sources: Sequence[Source]) -> _Known:
    if _LAST and _LAST[0][0] is sources:
        return _LAST[0][1]
    names = tuple(name for source in sources for name in (source.name, *source.aliases))
    by_name: dict[str, str] = {}
    hosts = [(source.id, urls.site(source.url)) for source in sources]
    for source, (_, host) in zip(sources, hosts, strict=True):
        for name in (source.name, source.id, *source.aliases, host):
            by_name.setdefault(_joined(name), source.id)
    by_name.pop("", None)
    found = _Known(_names_pattern(names, tuple(s.id for s in sources)), by_name, hosts)
    _LAST[:] = [(sources, found)]
    return found


@lru_cache(maxsize=8)
def _names_pattern(names: tuple[str, ...], ids: tuple[str, ...]) -> re.Pattern[str]:
    """Return what finds names as people write them, ids, and addresses."""
    spaceless = {name for name in names if any(ord(letter) >= _SPACELESS_FROM for letter in name)}
    spaced = set(names) - spaceless
    pattern = (
        rf"(?<![\w./@-])(?:(?P<name>{_any_of(spaced)})|(?P<id>{_any_of(set(ids) - spaced)})|{_ADDRESS})(?![\w@]|\.\w)"
    )
    if spaceless:
        pattern += f"|(?P<spaceless>{_any_of(spaceless)})"
    return re.compile(pattern, re.IGNORECASE)


def _any_of(names: Collection[str]) -> str:
    """Return a pattern of any of those names, the longer before the shorter; their first letters are tried first."""
    wanted = sorted(
        {name for name in names if len(name) >= (_MIN_NAME_CHARS if name.isascii() else 2)},
        key=lambda name: (-len(name), name),
    )
    if not wanted:
        return "(?!)"
    begins = "".join(sorted({_letter(name[0]) for name in wanted}))
    return f"(?=[{begins}])(?:{'|'.join(map(_as_written, wanted))})"


_WRITTEN = {"a": "àáâãäå", "c": "ç", "e": "èéêë", "i": "ìíîï", "n": "ñ", "o": "òóôõöø", "u": "ùúûü", "y": "ýÿ"}


def _as_written(name: str) -> str:
    """Return a pattern of a name with any white space, apostrophe and accents."""
    return "".join(rf"[{_letter(character)}]{'+' if character.isspace() else ''}" for character in name)


def _letter(character: str) -> str:
    """Return what a character may be written as, for a set of a pattern."""
    plain = analysis.fold(character)
    if character.isspace():
        return r"\s"
    if character in "'’":
        return "'’"
    return plain + _WRITTEN[plain] if plain in _WRITTEN else re.escape(character)


def is_joint(text: str) -> bool:
    """Whether a text says that several signed it together: then no copy is the original."""
    return bool(_JOINT.search(text[:2000]))


def resolved(text: str, sources: Sequence[Source]) -> list[Credit]:
    """Return the credits of a text, in order, with the sources they mean as far as we follow them."""
    return [resolve(credit, sources) for credit in find_credits(text, sources)]


def resolve(credit: Credit, sources: Sequence[Source]) -> Credit:
    """Return the credit with the source it means, if it is one that we follow.

    By name, id, alias or host; last by a host that is misspelt in a letter or two, where only one source has such a
    host.
    """
    address = urls.canonical(credit.outlet) or (
        urls.canonical(f"https://{credit.outlet}") if re.fullmatch(_ADDRESS, credit.outlet, re.IGNORECASE) else None
    )
    known, host = _known(sources), urls.site(address) if address else ""
    source_id = known.by_name.get(_joined(host or credit.outlet))
    if source_id is None and host:
        near = {ident for ident, theirs in known.hosts if _is_misspelt(host, theirs)}
        source_id = near.pop() if len(near) == 1 else None
    return replace(credit, source_id=source_id)


def _is_misspelt(given: str, host: str) -> bool:
    """Whether a host is another one with a letter or two changed, left out, doubled or swapped."""
    if min(len(given), len(host)) < _MIN_MISSPELT_CHARS or given == host:
        return given == host
    return _distance(given, host, _MAX_MISSPELT) <= _MAX_MISSPELT


def _distance(one: str, other: str, most: int) -> int:
    """Return the edit distance of two words (Levenshtein); beyond ``most`` it may be any larger number."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        above, row[0] = row[0], i
        for j, b in enumerate(other, 1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (a != b))
    return row[-1]


def _joined(name: str) -> str:
    return "".join(analysis.folded(name))
