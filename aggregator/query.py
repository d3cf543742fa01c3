"""What people type into the search box: words, "phrases", -not, OR, groups, prefix*, near~, field:value. Pure.

A grammar of our own, because both engines are fed from it and Whoosh's parser fails on hostile input with errors of
Python's own. Whatever is typed means something: what cannot be understood is read as words, and a note says where. Only
a date that is none is refused: any guess would answer another question.

    any   = all ("OR" all)*
    all   = not ("AND"? not)*
    not   = ("-" | "NOT")? part
    part  = "(" any ")" | name ":" "(" any ")" | name ":" value | value
    value = word | word "*" | word "~" | '"' words '"'

What stands in a group behind a field is looked for in that field, unless it names one itself.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import get_close_matches
from enum import StrEnum
from typing import TypeAlias

from aggregator import analysis, periods
from aggregator.characters import whole
from aggregator.errors import UsageError

MAX_QUERY_CHARS = 1_000
MAX_TERMS = 20
MAX_DEPTH = 3
MIN_STEM_CHARS = 2
"""Of a prefix or a word that is nearly so, so many letters must be there."""


class Reach(StrEnum):
    """What else a word finds besides itself."""

    FORMS = "forms"
    """Its other forms, in any language: the default."""
    EXACT = "exact"
    """Nothing but other accents and case."""
    PREFIX = "prefix"
    """Whatever begins so."""
    NEAR = "near"
    """Words that differ in a letter or two."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word that must occur."""

    word: str
    """Folded."""
    reach: Reach = Reach.FORMS
    place: str | None = None
    """``title`` or ``author``; None: title or text."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words that must occur in this order, with nothing between them."""

    words: tuple[str, ...]
    """Folded."""
    place: str | None = None


@dataclass(frozen=True, slots=True)
class Only:
    """What is known of the article besides its text."""

    field: str
    """``source``, ``tag`` (of the source), ``language``, ``url``, ``cluster`` or ``id``."""
    values: tuple[str, ...]
    """One of these."""


@dataclass(frozen=True, slots=True)
class Within:
    """A time; an open end is None."""

    field: str
    """``published`` or ``captured``."""
    since: datetime | None
    until: datetime | None
    """Exclusive."""


@dataclass(frozen=True, slots=True)
class Not:
    """What must not be so."""

    node: Node


@dataclass(frozen=True, slots=True)
class All:
    """All of these."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Any:
    """One of these or more."""

    nodes: tuple[Node, ...]


Node: TypeAlias = Word | Phrase | Only | Within | Not | All | Any


@dataclass(frozen=True, slots=True)
class Query:
    """What a person looks for."""

    text: str
    node: Node | None = None
    """None: everything."""
    notes: tuple[str, ...] = ()
    """What was read otherwise than it may have been meant."""

    def also(self, *nodes: Node) -> Query:
        """Return a query that demands these, too."""
        return replace(self, node=_all([*([self.node] if self.node else ()), *nodes]))

    @property
    def exactly(self) -> Query:
        """The query for articles that have all of it: a search for this one never makes do with some of the words."""
        return replace(self, node=Any((self.node,))) if isinstance(self.node, All) else self


FIELDS = ("title", "author", "source", "tag", "language", "url", "cluster", "published", "captured")
_OTHER_NAMES = {"lang": "language", "site": "source", "date": "published", "family": "cluster"}
TIMES = ("published", "captured")
_QUOTES = str.maketrans(dict.fromkeys("“”„«»", '"'))
_TOKEN = re.compile(
    r"""\s*(?:(?P<open>\() | (?P<close>\)) | (?P<minus>-)(?=[\w("]) | (?P<name>[A-Za-z]{2,12}):(?=[\w".(])
    | "(?P<phrase>[^"]*)(?P<end>"?) | (?P<word>[^\s()"]+) )""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int
    """Which character of the query it begins with, from 1."""


def parse(text: str) -> Query:
    """Read a query; what is no character in it becomes U+FFFD, which no text has.

    Raises:
        UsageError: It is longer than 1,000 characters, or a date in it is none.
    """
    if len(text) > MAX_QUERY_CHARS:
        raise UsageError(f"the query has {len(text):,} characters; at most {MAX_QUERY_CHARS:,} are read. Shorten it.")
    return _Parser(whole(text)).query()


def typed(node: Node) -> str | None:
    """Return what is typed to ask for just that; None: it cannot be typed."""
    text = _written(node)
    try:
        return text if parse(text).node == node else None
    except UsageError:
        return None


def _written(node: Node) -> str:
    match node:
        case Word(word, reach, place):
            marks = {Reach.EXACT: f'"{word}"', Reach.PREFIX: f"{word}*", Reach.NEAR: f"{word}~"}
            return _of_field(place, marks.get(reach, word))
        case Phrase(words, place):
            return _of_field(place, f'"{" ".join(words)}"')
        case Only(field, values):
            return " OR ".join(_of_field(field, f'"{value}"' if " " in value else value) for value in values)
        case Within(field, since, until):
            return f"{field}:{periods.typed(since, until)}"
        case Not(inner):
            return f"-{_in_brackets(inner)}"
        case All(nodes):
            return " ".join(map(_in_brackets, nodes))
        case Any(nodes):
            return " OR ".join(map(_in_brackets, nodes))


def _in_brackets(node: Node) -> str:
    return f"({_written(node)})" if isinstance(node, All | Any) else _written(node)


def _of_field(name: str | None, value: str) -> str:
    return f"{name}:{value}" if name else value


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._notes: dict[str, str] = {}
        cut = self._cut(unicodedata.normalize("NFC", text).translate(_QUOTES))
        self._tokens = list(self._not_too_deep(cut))
        self._next = 0
        self._terms = 0
        self._field_of_group: str | None = None

    def query(self) -> Query:
        node = self._any()
        return Query(self._text, node, tuple(self._notes.values()))

    def _cut(self, text: str) -> Iterator[_Token]:
        for hit in _TOKEN.finditer(text):
            kind = hit.lastgroup if hit.lastgroup != "end" else "phrase"
            if kind is None:
                continue
            token = _Token(kind, hit[kind], hit.start(kind) + 1)
            if kind == "phrase" and not hit["end"]:
                self._note("the quotation mark has no other; all after it is read as words", token)
                yield from (
                    _Token("word", each[0], token.at + each.start()) for each in re.finditer(r"[^\s()]+", token.text)
                )
                continue
            if kind == "name" and not _is_field(token.text):
                close = get_close_matches(token.text.lower(), FIELDS, 1, 0.75)
                meant = f"; did you mean {close[0]}:" if close else ""
                self._note(f"there is no field {token.text}:, it is read as a word{meant}", token)
                token = replace(token, kind="word")
            elif kind == "word":
                self._refuse_or_note(token)
            yield token

    def _refuse_or_note(self, token: _Token) -> None:
        """Say that a field has a value that is none: of a time it is refused, as any that is none."""
        name, colon, value = token.text.partition(":")
        if not colon or not _is_field(name):
            return
        if value and _OTHER_NAMES.get(name.lower(), name.lower()) in TIMES:
            raise UsageError(_no_time(value, token.at + len(name) + 1))
        self._note(f"{name}: needs a word, a phrase or a bracket right behind it, and is read as a word", token)

    def _not_too_deep(self, tokens: Iterable[_Token]) -> Iterator[_Token]:
        """Leave out brackets within too many others, and brackets that close nothing."""
        depth = 0
        for token in tokens:
            depth += token.kind == "open"
            if token.kind == "open" and depth > MAX_DEPTH:
                self._note(f"brackets within {MAX_DEPTH} others are left out", token)
            elif token.kind == "close" and not depth:
                self._note("a bracket that closes nothing is left out", token)
            elif token.kind != "close" or depth <= MAX_DEPTH:
                yield token
            depth -= token.kind == "close" and depth > 0

    def _note(self, what: str, token: _Token) -> None:
        self._notes.setdefault(what, f"Character {token.at}: {what}.")  # of one kind the first is enough

    def _peek(self) -> _Token | None:
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def _says(self, *words: str) -> bool:
        token = self._peek()
        return token is not None and token.kind == "word" and token.text in words

    def _any(self) -> Node | None:
        nodes = []
        last: _Token | None = None
        while True:
            node = self._every()
            if node:
                nodes.append(node)
            following = self._peek() if self._says("OR") else None
            if not node and (lonely := last or following):
                self._note("OR has nothing on one side and is left out", lonely)
            if following is None:
                return nodes[0] if len(nodes) == 1 else Any(tuple(nodes)) if nodes else None
            last = following
            self._next += 1

    def _every(self) -> Node | None:
        nodes = []
        while (token := self._peek()) and token.kind != "close" and not self._says("OR"):
            if self._says("AND"):
                self._next += 1
            elif node := self._maybe_not():
                nodes.append(node)
        return _all(nodes)

    def _maybe_not(self) -> Node | None:
        token, unwanted = self._tokens[self._next], False
        while (following := self._peek()) and (following.kind == "minus" or self._says("NOT")):
            self._next += 1
            unwanted = not unwanted
        if following is None or following.kind == "close" or self._says("OR"):
            self._note("nothing follows that could be left out", token)
            return None
        node = self._part()
        return Not(node) if node and unwanted else node

    def _part(self) -> Node | None:
        token = self._tokens[self._next]
        self._next += 1
        if token.kind == "open":
            return self._group(token)
        if token.kind == "name":
            return self._field(token)
        return self._value(token, self._field_of_group)

    def _group(self, token: _Token) -> Node | None:
        node = self._any()
        if (closing := self._peek()) and closing.kind == "close":
            self._next += 1
        else:
            self._note("the bracket is not closed; it ends with the query", token)
        return node

    def _field(self, named: _Token) -> Node | None:
        name = _OTHER_NAMES.get(named.text.lower(), named.text.lower())
        token = self._peek()
        if token is None or token.kind not in ("open", "phrase", "word"):  # it was left out, or has no words
            self._note(f"{named.text}: has nothing behind it and is left out", named)
            return None
        self._next += 1
        if token.kind != "open":
            return self._value(token, name)
        outer, self._field_of_group = self._field_of_group, name
        node = self._group(token)
        self._field_of_group = outer
        return node

    def _value(self, token: _Token, name: str | None) -> Node | None:
        if name is None:
            return self._words(token, None)
        if name in TIMES:
            try:
                return Within(name, *periods.period(token.text.upper()))
            except (ValueError, OverflowError):
                raise UsageError(_no_time(token.text, token.at)) from None
        if name in ("title", "author"):
            return self._words(token, name)
        return Only(name, (token.text.strip().lower(),))

    def _words(self, token: _Token, place: str | None) -> Node | None:
        found = [each.word for each in analysis.tokens(token.text)]
        room = MAX_TERMS - self._terms
        self._terms += len(found)
        if len(found) > room:
            self._note(f"only the first {MAX_TERMS} words of the query are used", token)
            found = found[:room]
        if not found:
            return None
        if token.kind == "phrase":
            return Phrase(tuple(found), place) if len(found) > 1 else Word(found[0], Reach.EXACT, place)
        reach = {"*": Reach.PREFIX, "~": Reach.NEAR}.get(token.text[-1], Reach.FORMS)
        if reach is not Reach.FORMS and len(found[-1]) < MIN_STEM_CHARS:
            self._note(f"{token.text[-1]} needs {MIN_STEM_CHARS} letters before it", token)
            reach = Reach.FORMS
        return _all([*(Word(each, Reach.FORMS, place) for each in found[:-1]), Word(found[-1], reach, place)])


def _is_field(name: str) -> bool:
    return name.lower() in (*FIELDS, *_OTHER_NAMES)


def _no_time(text: str, at: int) -> str:
    return f"character {at} of the query: {text!r} is no time; write {periods.FORMS}."


def _all(nodes: Sequence[Node]) -> Node | None:
    """Return what demands all of some nodes; what is there twice counts once."""
    flat: dict[Node, None] = {}
    for node in nodes:
        flat.update(dict.fromkeys(node.nodes if isinstance(node, All) else (node,)))
    return next(iter(flat)) if len(flat) == 1 else All(tuple(flat)) if flat else None
