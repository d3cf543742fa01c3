"""A body without what is withdrawn from it: HTML, XML or JSON, as the network gave it.

The words of a body are found through its markup: tags left out, character references and JSON escapes undone, once
and again, for a feed holds pages and an answer of an interface holds pages in JSON. Every character of what is so read
knows where it stands in the body, and only those that are withdrawn are cut there. An entry of a feed and an object of
a JSON list go as a whole. Nothing can be cut out of a PDF: it goes as a whole.
"""

from __future__ import annotations

import html
import json
import re
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from aggregator import analysis, urls, wire
from aggregator.access.marks import Recogniser
from aggregator.errors import ExtractError

WITHDRAWN_URL = "urn:withdrawn"
"""What stands in the place of a withdrawn address: no web address, so that nobody asks for it."""
_CUT = "[…]"
_ENTRY = re.compile(r"<(?P<ends>/?)(?P<name>item|entry|url)\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(
    r"<!\[CDATA\[|\]\]>|<!--|-->|<(?P<name>/?[a-zA-Z][\w:-]*)(?:[^<>\"']+|\"[^\"]*\"|'[^']*')*(?P<closed>>?)"
)
_INLINE = frozenset("a abbr b bdi bdo cite code em font i kbd mark q s small span strong sub sup tt u var wbr".split())
_REFERENCE = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});?")
_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{4}|[\"\\/bfnrt])")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200d\u2060\ufeff]")
_SPACES = {"\\n": " ", "\\r": " ", "\\t": " ", "\\b": " ", "\\f": " "}
_ATTRIBUTE = r"(?:href|src|srcset|action|cite|content|url|resource|about|itemid|data-[\w-]+)"
_ADDRESS = re.compile(
    r"https?:(?:\\?/){2}[^\s\"'<>\\]+(?:\\/[^\s\"'<>\\]*)*"
    r"|https?%3A%2F%2F[^\s\"'<>&]+"
    rf"|(?<=\s){_ATTRIBUTE}\s*=\s*(?:\"(?P<double>[^\"]*)\"|'(?P<single>[^']*)'|(?P<bare>[^\s\"'<>]+))",
    re.IGNORECASE,
)
_ANCHOR = re.compile(r"<a\s[^<>]*\Z", re.IGNORECASE)
_CLOSING = re.compile(r"</a\b", re.IGNORECASE)
_MAX_ANCHOR_CHARS = 4_000
"""What a link says is looked for no further: one that is not closed does not take the page along."""
_WORDED = re.compile(r"(?:\A|(?<=>))[^<>]*\w[^<>]*")
_CHARSET = re.compile(rb"(?:charset|encoding)\s*=\s*[\"']?\s*([a-zA-Z0-9_:.\-]{2,40})", re.IGNORECASE)
_TEXTUAL = re.compile(r"text/|html|xml|json|javascript|x-www-form|urlencoded", re.IGNORECASE)
_WRITTEN = re.compile(rb"(?:[\t\n\r -~]|[\xc3-\xc5][\x80-\xbf])(?:[\t\n\r -~]|[\xc3-\xc5][\x80-\xbf]){7,}")
"""What stands in a PDF uncompressed (what it says of itself, addresses), in UTF-8; to look through the rest as through
a text took 33 s and 1 GB for 15 MB."""
_GLIMPSE_BYTES = 4096
MAX_DEPTH = 40
_PATIENCE = 20
"""How many times its length a text is looked through for the ends of tags that are never closed."""
MIN_WORDS_LEFT = 12


@dataclass(frozen=True, slots=True)
class Redacted:
    """What is left of a body."""

    body: bytes
    cut: int
    """How many places were cut out."""
    is_husk: bool
    """Whether fewer words are left than a text has: a copy of which nothing is its own."""


def redact(body: bytes, content_type: str, url: str, known: Recogniser) -> Redacted | None:
    """Return a body without what is withdrawn; None: it holds nothing of it.

    Args:
        body: Decoded: transfer and content encodings undone.
        content_type: As the server declared it.
        url: Where it was captured, for its relative links.
        known: What is withdrawn.

    Raises:
        ValueError: Something withdrawn is in it that could not be cut out.
    """
    if wire.is_pdf(body):
        written = b"\n".join(_WRITTEN.findall(body)).decode("utf-8", "replace")
        if holds(f"{_document(body, url)}\n{written}", url, known):
            raise ValueError("what is withdrawn stands in a PDF, out of which nothing can be cut")
        return None
    if not (_TEXTUAL.search(content_type.partition(";")[0]) or _seems_text(body)):
        return None
    text, codec = _decoded(body, content_type)
    cut = Cutter(known, url)
    left = cut.text(text)
    if not cut.places:
        return None
    again = Cutter(known, url)
    again.text(left)
    if again.places:
        raise ValueError("what is withdrawn could not be cut out of all of it")
    words = sum(1 for _ in analysis.tokens(_read_text(left).text))
    return Redacted(left.encode(codec, "xmlcharrefreplace"), cut.places, words < MIN_WORDS_LEFT)


def _document(body: bytes, url: str) -> str:
    """Return what a PDF says, as far as it can be read; read by a process of its own: it may be made to be slow."""
    from aggregator import extract

    read = extract.submit_page(body, url=url, content_type="", captured_at=datetime.now(UTC))
    try:
        reading = read.result()
    except ExtractError:
        return ""
    return "\n".join((reading.title or "", *reading.authors, reading.text))


def _seems_text(body: bytes) -> bool:
    """Whether bytes may be text, whatever they are called: servers err."""
    return b"\0" not in body[:_GLIMPSE_BYTES]


def holds(text: str, url: str, known: Recogniser) -> bool:
    """Whether a text (header lines, an address, a reason) holds something withdrawn."""
    cut = Cutter(known, url)
    cut.text(text)
    return bool(cut.places)


def _decoded(body: bytes, content_type: str) -> tuple[str, str]:
    """Return a body as text and the encoding that gives back its bytes."""
    named = _CHARSET.search(content_type.encode("ascii", "replace")) or _CHARSET.search(body[:2048])
    for codec in ("utf-8", named.group(1).decode() if named else "", "latin-1"):
        try:
            text = body.decode(codec)
            if text.encode(codec) == body:
                return text, codec
        except (LookupError, UnicodeError, ValueError):
            continue
    raise AssertionError("latin-1 decodes everything")


class Cutter:
    """Cuts out of texts what is withdrawn, and counts the places.

    Args:
        known: What is withdrawn.
        url: Where the text was captured.
    """

    def __init__(self, known: Recogniser, url: str) -> None:
        self.places = 0
        self._known = known
        self._url = url

    def text(self, text: str) -> str:
        """Return a text without what is withdrawn."""
        if text.lstrip()[:1] in ("{", "["):
            try:
                said = json.loads(text)
            except (ValueError, RecursionError):
                pass
            else:
                before = self.places
                left = self._json(said, 0)
                return json.dumps(left, ensure_ascii=False) if self.places > before else text
        pieces, at = [], 0
        for start, end in _entries(text):
            if self._is_reached(text[start:end]):  # an entry of a feed or sitemap goes as a whole
                self.places += 1
                pieces.append(text[at:start])
                at = end
        return self._markup("".join((*pieces, text[at:])))

    def _is_reached(self, text: str) -> bool:
        inner = Cutter(self._known, self._url)
        inner._markup(text)
        return bool(inner.places)

    def _json(self, said: Any, depth: int) -> Any:
        """Return a JSON value without the objects of lists that hold something withdrawn."""
        if depth > MAX_DEPTH:
            raise ValueError("JSON is nested too deep")
        if isinstance(said, str):
            return self.text(said) if len(said) > 1 else said
        if isinstance(said, list):
            kept = []
            for one in said:
                if isinstance(one, dict) and self._json_is_reached(one, depth):
                    self.places += 1
                else:
                    kept.append(self._json(one, depth + 1))
            return kept
        if isinstance(said, dict):
            return {self.text(key): self._json(value, depth + 1) for key, value in said.items()}
        return said

    def _json_is_reached(self, said: Any, depth: int) -> bool:
        inner = Cutter(self._known, self._url)
        inner._json(said, depth + 1)
        return bool(inner.places)

    def _markup(self, text: str) -> str:
        cuts = list(self._links(text))
        links = [start for start, _, _ in cuts]
        self.places += len(cuts)
        cuts += [cut for start, end, _ in cuts for cut in _anchored(text, start, end)]
        for read in (_read_text(text), _read_tags(text)):
            cuts += self._withdrawn(read, links)
        return _without(text, cuts)

    def _links(self, text: str) -> Iterator[tuple[int, int, str]]:
        """Yield the places of withdrawn addresses, and what is to stand there."""
        if not self._known.marks.of_addresses:
            return
        for found in _ADDRESS.finditer(text):
            group = next((name for name in ("double", "single", "bare") if found[name] is not None), 0)
            written = found[group]
            address = html.unescape(html.unescape(written)).replace("\\/", "/").strip()
            if address[:10].lower().startswith(("http%3a", "https%3a")):
                address = unquote(address)
            whole = urls.canonical(address, self._url)
            if whole and self._known.knows_address(whole):
                yield found.start(group), found.end(group), WITHDRAWN_URL

    def _withdrawn(self, read: _Read, links: list[int]) -> Iterator[tuple[int, int, str]]:
        """Yield the places of withdrawn characters, and what is to stand there: a mark for the first of a passage."""
        tokens = list(analysis.tokens(read.text))
        starts = [read.starts[token.start] for token in tokens]
        near = [min(bisect_left(starts, link), len(tokens) - 1) for link in links if tokens]
        for first, end in self._known.spans([token.word for token in tokens], near):
            self.places += 1
            instead = _CUT
            for i in range(tokens[first].start, tokens[end - 1].end):
                if read.ends[i] > read.starts[i] and not read.text[i].isspace():
                    yield read.starts[i], read.ends[i], instead
                    instead = ""


def _anchored(text: str, start: int, end: int) -> Iterator[tuple[int, int, str]]:
    """Yield the places of what a link says, whose address stands there: be it the title of what was withdrawn."""
    opens = text.find(">", end, end + _MAX_ANCHOR_CHARS) + 1
    if not opens or not _ANCHOR.search(text, max(0, text.rfind("<", 0, start)), start):
        return
    closes = _CLOSING.search(text, opens, opens + _MAX_ANCHOR_CHARS)
    if closes is None:
        return
    instead = _CUT
    for said in _WORDED.finditer(text[opens : closes.start()]):
        yield opens + said.start(), opens + said.end(), instead
        instead = ""


def _without(text: str, cuts: list[tuple[int, int, str]]) -> str:
    """Return a text with places replaced; of places that overlap, the first."""
    pieces, at = [], 0
    for start, end, instead in sorted(cuts):
        if start < at:
            continue
        pieces += [text[at:start], instead]
        at = end
    return "".join((*pieces, text[at:]))


def _entries(text: str) -> Iterator[tuple[int, int]]:
    """Yield where the entries of a feed or sitemap begin and end: each up to the first end of its name."""
    tags = list(_ENTRY.finditer(text))
    ends: dict[str, list[int]] = {}
    for tag in tags:
        if tag["ends"]:
            ends.setdefault(tag["name"].lower(), []).append(tag.end())
    at = 0
    for tag in tags:
        closing = ends.get(tag["name"].lower(), [])
        following = bisect_left(closing, tag.end())
        if not tag["ends"] and tag.start() >= at and following < len(closing):
            at = closing[following]
            yield tag.start(), at


# --- reading through markup -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Read:
    """What is read of a body: each character with the place where it is written there."""

    text: str
    starts: array[int]
    ends: array[int]


def _as_written(text: str) -> _Read:
    return _Read(text, array("L", range(len(text))), array("L", range(1, len(text) + 1)))


def _read_text(text: str) -> _Read:
    read = _as_written(text)
    read = _replaced(read, _ESCAPE.finditer(read.text), _unescaped)
    for _ in range(3):  # a page in a feed is escaped once, in a page that shows it twice
        read = _replaced(read, _tags(read.text), _tag)
        if not _REFERENCE.search(read.text):
            break
        read = _replaced(read, _REFERENCE.finditer(read.text), _character)
    return _replaced(read, _INVISIBLE.finditer(read.text), lambda found: "")


def _tags(text: str) -> Iterator[re.Match[str]]:
    """Yield the tags of a text, and what opens and ends parts of it that are none."""
    at, patience = 0, _PATIENCE * len(text)
    while found := _TAG.search(text, at):
        if found["closed"] != "":
            yield found
            at = found.end()
        else:  # it is not closed, or its quotes are not: what looks like a tag inside it may be one
            patience -= found.end() - found.start()
            at = found.start() + 1 if patience > 0 else found.end()


def _read_tags(text: str) -> _Read:
    """Read what tags hold: descriptions, alternative texts, titles."""
    read = _as_written(text)
    starts, ends = array("L"), array("L")
    pieces: list[str] = []
    for tag in _tags(text):
        if "=" in tag[0]:
            pieces += [tag[0], "\n"]
            starts.extend((*range(tag.start(), tag.end()), tag.end()))
            ends.extend((*range(tag.start() + 1, tag.end() + 1), tag.end()))
    read = _Read("".join(pieces), starts, ends)
    for _ in range(2):
        read = _replaced(read, _REFERENCE.finditer(read.text), _character)
    return _replaced(read, _INVISIBLE.finditer(read.text), lambda found: "")


def _replaced(read: _Read, matches: Iterator[re.Match[str]], meaning: Callable[[re.Match[str]], str]) -> _Read:
    """Replace what was found in it by what that means; every character of that stands where the whole match does."""
    pieces, starts, ends, at = [], array("L"), array("L"), 0
    for found in matches:
        said = meaning(found)
        if said == found[0]:
            continue
        pieces += [read.text[at : found.start()], said]
        starts.extend(read.starts[at : found.start()])
        ends.extend(read.ends[at : found.start()])
        # markup keeps its place but is never cut: it has no length
        begin, stop = read.starts[found.start()], read.ends[found.end() - 1]
        starts.extend([begin] * len(said))
        ends.extend([begin if found.re is _TAG else stop] * len(said))
        at = found.end()
    if not pieces:
        return read
    pieces.append(read.text[at:])
    starts.extend(read.starts[at:])
    ends.extend(read.ends[at:])
    return _Read("".join(pieces), starts, ends)


def _tag(found: re.Match[str]) -> str:
    name = (found["name"] or "").lstrip("/").lower()
    return "" if name in _INLINE else "\n"


def _character(found: re.Match[str]) -> str:
    return html.unescape(found[0])


def _unescaped(found: re.Match[str]) -> str:
    written = found[0]
    if written[1] == "u":
        character = chr(int(written[2:], 16))
        return written if "\ud800" <= character <= "\udfff" else character
    return _SPACES.get(written, written[1])
