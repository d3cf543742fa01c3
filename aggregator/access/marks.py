"""What keeps a withdrawn text recognisable without keeping the text: keyed digests (HMAC, RFC 2104) of its parts.

Whoever holds the events but not the key can neither read nor confirm what was withdrawn. The parts are runs of five
words, standing for passages; phrases, for titles, names and short passages; words that only the withdrawn text has; and
addresses, articles and versions. Pure.
"""

from __future__ import annotations

import base64
import hmac
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from itertools import permutations
from typing import Any
from urllib.parse import urlsplit

from aggregator import analysis, urls

GRAM_WORDS = 5
MIN_RUN_WORDS = 8
"""Fewer words in a row are a standing phrase, not a passage."""
NEAR_WORDS = 40
"""How near to another sign of the withdrawn text a word must stand that only this text has, to be taken for it."""
BRIDGED_WORDS = 3
"""Words between two withdrawn ones that are so few go with them."""
MIN_RARE_LETTERS = 5
MIN_PART_LETTERS = 3
"""A shorter part of a name is not looked for in queries."""
REMEMBERED = 1 << 17
"""Parts of texts of which it is remembered whether they are withdrawn: some 20 MB."""
MAX_SCRAMBLED = 3
"""Of longer phrases the words are looked for in their order only."""
_SCRAMBLED_WORDS = 20
"""As many words of a query are looked for in any order: as many as a query may have."""
_MARK_BYTES = 9
_BLOCK = "█"
_VISIBLE = re.compile(r"\w")


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """The keyed digests of one takedown, or of several."""

    articles: frozenset[bytes] = frozenset()
    versions: frozenset[bytes] = frozenset()
    addresses: frozenset[bytes] = frozenset()
    """Of articles, with all that lies below them."""
    pages: frozenset[bytes] = frozenset()
    """Addresses that led to an article, or below which others lie: these alone, in any spelling."""
    requisites: frozenset[bytes] = frozenset()
    """Addresses of pictures and style sheets that only a withdrawn page needs: these alone, and nothing below them."""
    grams: frozenset[bytes] = frozenset()
    phrases: frozenset[bytes] = frozenset()
    words: frozenset[bytes] = frozenset()
    lengths: frozenset[int] = frozenset()
    """How many words the phrases have."""
    parts: frozenset[bytes] = frozenset()
    """Words of names that nothing else has: who asks for one asks for the name. In texts they are not looked for."""

    def __or__(self, other: Marks) -> Marks:
        return Marks(**{f.name: getattr(self, f.name) | getattr(other, f.name) for f in fields(self)})

    @classmethod
    def union(cls, every: Iterable[Marks]) -> Marks:
        """Return the marks of all of some takedowns."""
        held = list(every)
        return cls(**{f.name: frozenset().union(*(getattr(one, f.name) for one in held)) for f in fields(cls)})

    def without(self, other: Marks) -> Marks:
        """Return them without the parts of texts that another text has, too; addresses and articles stay."""
        return replace(
            self, grams=self.grams - other.grams, phrases=self.phrases - other.phrases, words=self.words - other.words
        )

    @property
    def of_text(self) -> bool:
        """Whether a text can hold what is withdrawn."""
        return bool(self.grams or self.phrases or self.words)

    @property
    def of_addresses(self) -> bool:
        """Whether an address can be withdrawn."""
        return bool(self.addresses or self.pages or self.requisites)

    def as_json(self) -> dict[str, Any]:
        """Return what stands for them in an event."""
        said: dict[str, Any] = {}
        for f in fields(self):
            held = sorted(getattr(self, f.name))
            if held and f.name == "lengths":
                said[f.name] = held
            elif held:
                said[f.name] = base64.b64encode(b"".join(held)).decode()
        return said

    @classmethod
    def from_json(cls, said: dict[str, Any]) -> Marks:
        """Return what an event says.

        Raises:
            ValueError: It is no such thing.
        """
        given: dict[str, Any] = {"lengths": frozenset(int(n) for n in said.get("lengths", ()))}
        for name in (f.name for f in fields(cls) if f.name != "lengths"):
            raw = base64.b64decode(str(said.get(name, "")), validate=True)
            given[name] = frozenset(raw[i : i + _MARK_BYTES] for i in range(0, len(raw), _MARK_BYTES))
        return cls(**given)


class Marker:
    """Makes marks with one key.

    Args:
        key: What is in ``archive/takedown.key``.
    """

    def __init__(self, key: bytes) -> None:
        self.key = key

    def mark(self, kind: str, text: str) -> bytes:
        """Return the mark of one part."""
        return hmac.digest(self.key, f"{kind}\0{text}".encode("utf-8", "replace"), "sha256")[:_MARK_BYTES]

    def article(self, article_id: str) -> bytes:
        """Return the mark of an article."""
        return self.mark("article", article_id)

    def version(self, article_id: str, digest: str) -> bytes:
        """Return the mark of a version."""
        return self.mark("version", f"{article_id} {digest}")

    def address(self, url: str) -> bytes | None:
        """Return the mark of an address, the same for its spellings; None: a front page has none."""
        key = address_key(url)
        return self.mark("address", key) if key else None

    def requisite(self, url: str) -> bytes:
        """Return the mark of a picture or style sheet, by its canonical address."""
        return self.mark("requisite", url)

    def grams(self, words: Sequence[str]) -> list[bytes]:
        """Return the mark of every run of five words, in order."""
        return [self.mark("gram", " ".join(words[i : i + GRAM_WORDS])) for i in range(len(words) - GRAM_WORDS + 1)]

    def passage(self, text: str) -> Marks:
        """Return the marks of a passage, a title or a name."""
        words = words_of(text)
        if not words:
            return Marks()
        if len(words) < MIN_RUN_WORDS:
            return self.phrase(words)
        return Marks(grams=frozenset(self.grams(words)))

    def text(self, words: Sequence[str], lengths: Iterable[int]) -> Marks:
        """Return the marks of all parts of a text, with its phrases of some numbers of words."""
        runs = {" ".join(words[i : i + n]) for n in lengths for i in range(len(words) - n + 1)}
        phrases = frozenset(self.mark("phrase", run) for run in runs)
        return Marks(grams=frozenset(self.grams(words)), phrases=phrases) | self.words(words)

    def phrase(self, words: Sequence[str]) -> Marks:
        """Return the marks of a few words that are withdrawn together."""
        return Marks(phrases=frozenset([self.mark("phrase", " ".join(words))]), lengths=frozenset([len(words)]))

    def parts(self, words: Iterable[str]) -> Marks:
        """Return the marks of words of a name that nothing else has."""
        return Marks(parts=frozenset(self.mark("part", word) for word in words))

    def words(self, words: Iterable[str]) -> Marks:
        """Return the marks of words that only the withdrawn text has."""
        return Marks(words=frozenset(self.mark("word", word) for word in words))


def address_key(url: str) -> str | None:
    """Return what the spellings of an address have in common; None: it is a front page, or no web address.

    Left out are the scheme, ``www.``, parameters that name a campaign, and a slash at the end.
    """
    address = urls.canonical(url)
    if address is None:
        return None
    captured = urls.memento(address)
    address = urls.identity(captured[0] if captured else address)
    path = urlsplit(address).path.rstrip("/")
    query = urlsplit(address).query
    if not path and not query:
        return None
    return urls.site(address) + path + (f"?{query}" if query else "")


def words_of(text: str) -> list[str]:
    """Return the words of a text, folded."""
    return [token.word for token in analysis.tokens(text)]


class Recogniser:
    """Finds withdrawn texts by their marks.

    Args:
        key: What is in ``archive/takedown.key``.
        marks: Of all that is to be found.
    """

    def __init__(self, key: bytes, marks: Marks) -> None:
        self.marks = marks
        self.marker = Marker(key)
        self._is = lru_cache(maxsize=REMEMBERED)(self._is_marked)  # most words of a site stand on each of its pages

    def knows_article(self, article_id: str) -> bool:
        """Whether an article is withdrawn."""
        return bool(self.marks.articles) and self.marker.article(article_id) in self.marks.articles

    def knows_version(self, article_id: str, digest: str) -> bool:
        """Whether a version is withdrawn."""
        return bool(self.marks.versions) and self.marker.version(article_id, digest) in self.marks.versions

    def knows_address(self, url: str) -> bool:
        """Whether an address is withdrawn, or lies below that of an article: its feed, its print form, its comments."""
        if not self.marks.of_addresses or (address := urls.canonical(url)) is None:
            return False
        if self.marks.requisites and self.marker.requisite(address) in self.marks.requisites:
            return True
        if not (self.marks.addresses or self.marks.pages):
            return False
        first, *above = map(self.marker.address, at_and_above(address))
        if first in self.marks.pages or first in self.marks.addresses:
            return True
        return any(one in self.marks.addresses for one in above)

    def spans(self, words: Sequence[str], near: Sequence[int] = ()) -> list[tuple[int, int]]:
        """Return which words are withdrawn: positions, ends exclusive, in order.

        Args:
            words: Of a text, folded, in order.
            near: Positions at which something else speaks of the withdrawn text: a link to it.
        """
        if not self.marks.of_text:
            return []
        withdrawn = bytearray(len(words))
        self._find_runs(words, withdrawn)
        for length in self.marks.lengths:
            for i in range(len(words) - length + 1):
                if self._is("phrase", " ".join(words[i : i + length])):
                    withdrawn[i : i + length] = b"\1" * length
        self._find_rare(words, withdrawn, near)
        return list(_bridged(withdrawn))

    def _find_runs(self, words: Sequence[str], withdrawn: bytearray) -> None:
        if not self.marks.grams:
            return
        begun = None
        for i in range(len(words) - GRAM_WORDS + 2):
            gram = " ".join(words[i : i + GRAM_WORDS])
            known = i <= len(words) - GRAM_WORDS and self._is("gram", gram)
            if known and begun is None:
                begun = i
            elif not known and begun is not None:
                end = i - 1 + GRAM_WORDS
                if end - begun >= MIN_RUN_WORDS or any(self._is_rare(w) for w in words[begun:end]):
                    withdrawn[begun:end] = b"\1" * (end - begun)
                begun = None

    def _find_rare(self, words: Sequence[str], withdrawn: bytearray, near: Sequence[int]) -> None:
        if not self.marks.words:
            return
        signs = sorted({*near, *(i for i, w in enumerate(withdrawn) if w)})
        if not signs:
            return
        for i, word in enumerate(words):
            if not withdrawn[i] and _is_near(i, signs) and self._is_rare(word):
                withdrawn[i] = 1

    def _is_rare(self, word: str) -> bool:
        return len(word) >= MIN_RARE_LETTERS and bool(self.marks.words) and self._is("word", word)

    def _is_marked(self, kind: str, text: str) -> bool:
        marks = {"gram": self.marks.grams, "phrase": self.marks.phrases, "word": self.marks.words}[kind]
        return self.marker.mark(kind, text) in marks

    def holds(self, text: str) -> bool:
        """Whether a text holds something withdrawn."""
        return bool(self.spans(words_of(text)))

    def is_asked_for(self, words: Sequence[str]) -> bool:
        """Whether a query asks for something withdrawn: a few of its words in any order, or words that only it has.

        One word that only a withdrawn text has, among others, is not enough: in a small archive many words are so. Of a
        name it is.

        Args:
            words: Of the query, folded.
        """
        if not self.marks.of_text:
            return False
        if self.spans(words):
            return True
        if any(self._is("gram", " ".join(words[i : i + GRAM_WORDS])) for i in range(len(words) - GRAM_WORDS + 1)):
            return True
        if any(self.marker.mark("part", word) in self.marks.parts for word in words):
            return True
        few = list(dict.fromkeys(words))[:_SCRAMBLED_WORDS]
        for length in sorted(self.marks.lengths):
            if length <= MAX_SCRAMBLED and any(self._is("phrase", " ".join(p)) for p in permutations(few, length)):
                return True
        rare = [word for word in few if self._is_rare(word)]
        return len(rare) > 1 or (bool(rare) and len(few) == 1)

    def blocked(self, text: str) -> str:
        """Return the text with blocks in the place of what is withdrawn; every other character stays where it was."""
        tokens = list(analysis.tokens(text))
        spans = self.spans([token.word for token in tokens])
        pieces, at = [], 0
        for first, end in spans:
            start, stop = tokens[first].start, tokens[end - 1].end
            pieces += [text[at:start], _VISIBLE.sub(_BLOCK, text[start:stop])]
            at = stop
        return "".join((*pieces, text[at:])) if spans else text


def at_and_above(address: str) -> Iterator[str]:
    """Yield an address, then those above it: without its query, without the last two parts of its path.

    Of a copy in another archive it is the address that was captured.
    """
    captured = urls.memento(address)
    address = captured[0] if captured else address
    yield address
    without = address.partition("?")[0]
    if without != address:
        yield without
    parts = urlsplit(without)
    path = parts.path.rstrip("/")
    for _ in range(2):
        path = path.rpartition("/")[0]
        if not path:
            return
        yield f"{parts.scheme}://{parts.netloc}{path}"


def _is_near(place: int, signs: Sequence[int]) -> bool:
    at = bisect_left(signs, place)
    return any(abs(place - signs[i]) <= NEAR_WORDS for i in (at - 1, at) if 0 <= i < len(signs))


def _bridged(withdrawn: bytearray) -> Iterator[tuple[int, int]]:
    """Yield the spans of what is set, joined where few words lie between."""
    begun = end = None
    for i, word in enumerate(withdrawn):
        if not word:
            continue
        if begun is not None and end is not None and i - end > BRIDGED_WORDS:
            yield begun, end
            begun = None
        begun, end = (i if begun is None else begun), i + 1
    if begun is not None and end is not None:
        yield begun, end
