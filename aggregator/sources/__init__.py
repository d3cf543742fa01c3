"""sources.yaml to sources, with complaints that name the line. The only reader of that file, and the only writer.

    text -> as written (events) -> nodes with their marks -> checked against KEYS -> Following

A reading ends in a Following or in one SourcesError with every complaint. Nothing in the file is executed, and no alias
is followed. The keys themselves, and what may be written there, are the table in ``keys``; ``entries`` writes further
sources into the file, ``opml`` reads and writes what feed readers exchange.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import yaml

from aggregator import disk, urls
from aggregator.errors import Complaint, SourcesError, UsageError
from aggregator.model import ExtractRule, Following, Keep, Listing, Settings, Source
from aggregator.sources.entries import Entry, added, lines, written
from aggregator.sources.keys import CHILDREN, FILE, INVISIBLE, KEYS, REQUIRED, Key, Kind, Shape, nearest, shown

__all__ = ["KEYS", "Entry", "Key", "add", "lines", "load", "parse", "understood", "written"]

MAX_BYTES = 5_000_000
MAX_DEPTH = 20
"""Levels of nesting; the deepest key there is has 5. PyYAML composes recursively, so more is refused before."""
MAX_VALUES = 500_000
"""Keys and values in the file, some 15,000 sources: bounds the memory that nodes take."""
MAX_COMPLAINTS = 200

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_STRAY = re.compile(r"[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What may not stand in YAML, and the line breaks that it counts but an editor does not."""
_SPOKEN = {"int": "a number", "float": "a number", "bool": "true or false", "timestamp": "a date"}


def load(path: Path) -> Following:
    """Read sources.yaml.

    Raises:
        SourcesError: It is missing, unreadable or refused; with every complaint.
    """
    return parse(_text(path), path)


def understood(raw: bytes, path: Path) -> Following:
    """Read the bytes of sources.yaml.

    Raises:
        SourcesError: It is refused; with every complaint.
    """
    return parse(_decoded(raw, path), path)


def _text(path: Path) -> str:
    reading = _Reading(path)
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        reading.refuse(1, 1, "there is no such file: make one with `aggregator init`, or name its folder with --home")
    except OSError as e:
        reading.refuse(1, 1, f"the file cannot be read: {e.strerror}")
    return _decoded(raw, path)


def _decoded(raw: bytes, path: Path) -> str:
    reading, raw = _Reading(path), raw.removeprefix(b"\xef\xbb\xbf")
    reading.limit(len(raw))
    try:
        return raw.decode()
    except UnicodeDecodeError as e:
        where = _position(raw[: e.start].decode())
        reading.refuse(*where, f"byte 0x{raw[e.start]:02X} is not UTF-8: save the file in that encoding")


def parse(text: str, path: Path) -> Following:
    """Read the text of sources.yaml.

    Args:
        text: What the file holds.
        path: The file's name, for the complaints.

    Raises:
        SourcesError: It is refused; with every complaint.
    """
    reading = _Reading(path)
    given = reading.top(text)
    settings, defaults = given.get("settings", {}), given.get("defaults", {})
    sources = tuple(_source(defaults | source) for source in given["sources"])
    trusted = tuple((urls.host(s.url), s.certificate) for s in sources if s.certificate)
    return Following(
        settings=Settings(**settings.pop("network", {}), **settings, certificates=trusted),
        sources=sources,
        written=reading.without_secrets(text).encode(),
    )


def add(path: Path, entries: Sequence[Entry]) -> Following:
    """Write further sources into sources.yaml; all else in it stays as it is.

    Args:
        path: The file.
        entries: The keys of each, as they are to be written.

    Returns:
        What it says now.

    Raises:
        SourcesError: It is refused as it is, or would be with one of these; nothing was written.
        UsageError: Its sources are written so that nothing can be added; nothing was written.
        NoSpaceError: The disk is full or read-only; nothing was written.
    """
    as_it_is = _text(path)
    before = parse(as_it_is, path)
    text = added(as_it_is, entries, path)
    after = parse(text, path)
    if after.sources[: len(before.sources)] != before.sources:
        raise UsageError(f"{path}: an entry cannot be put at its end without changing others. Write it by hand.")
    try:
        disk.put(path, text.encode())
    except OSError as error:
        raise disk.trouble(path, error) from error
    return after


def _source(given: dict[str, Any]) -> Source:
    if "listing" in given:
        given["listing"] = Listing(**given["listing"])
    if "keep" in given:
        given["keep"] = Keep(**given["keep"])
    if "extract" in given:
        given["extract"] = tuple(ExtractRule(**rule) for rule in given["extract"])
    return Source(**{"name": given["id"]} | given)


def _position(before: str) -> tuple[int, int]:
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def _at(node: yaml.Node | yaml.Event) -> tuple[int, int]:
    mark: Any = node.start_mark
    return mark.line + 1, mark.column + 1


_HINTS = {
    "cannot start any token": "indent with spaces, not tabs",
    "mapping values are not allowed": "a value with a colon and a blank in it stands in quotes; keys of one group "
    "begin one under the other",
    "expected key": "keys of one group begin one under the other, and each source with `- ` under the one before",
    "expected '-' indicator": "keys of one group begin one under the other, and each source with `- ` under the one "
    "before",
    "expected ',' or": "a bracket that opens is closed on the way",
}
"""What to look for, by what the library of YAML says."""


class _Reading:
    """One reading of the file, with the complaints so far."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.complaints: set[Complaint] = set()
        self.refused: set[tuple[int, int]] = set()
        """Where anchors, aliases and tags stand: what they hold is not looked at, so that no alias is followed."""
        self.taken: dict[tuple[str, Any], yaml.Node] = {}
        """Values that must be unique, by key, and where they stand first."""
        self.secrets: list[yaml.Node] = []
        """Values that no copy of the file may hold, in the order of the file."""

    # --- complaining

    def complain(self, node: yaml.Node | yaml.Event, message: str) -> None:
        self.complaints.add(Complaint(*_at(node), message))
        if len(self.complaints) >= MAX_COMPLAINTS:
            self.refuse(*_at(node), "so much is wrong up to here that the rest was not looked at")

    def refuse(self, line: int, column: int, message: str) -> NoReturn:
        self.complaints.add(Complaint(line, column, message))
        self.stop()

    def stop(self) -> NoReturn:
        raise SourcesError(self.path, tuple(sorted(self.complaints))) from None

    def limit(self, size: int) -> None:
        if size > MAX_BYTES:
            self.refuse(1, 1, f"the file is larger than {MAX_BYTES // 1_000_000} MB")

    def syntax_error(self, error: Exception) -> NoReturn:
        mark: Any = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        where: tuple[int, int] = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        if where in self.refused:  # an alias to nothing: said already
            self.stop()
        problem, context = getattr(error, "problem", None) or str(error), getattr(error, "context", None)
        opened: Any = getattr(error, "context_mark", None)
        if opened and "end of stream" in problem and "quoted" in (context or ""):
            self.refuse(opened.line + 1, opened.column + 1, "a quotation mark opens here that nothing closes")
        hint = next((f": {hint}" for said, hint in _HINTS.items() if said in problem), "")
        self.refuse(*where, f"this is not YAML: {problem}{f' ({context})' if context else ''}{hint}")

    # --- as written

    def top(self, text: str) -> dict[str, Any]:
        """Read the file; raise what there is to complain of."""
        self.limit(len(text))
        if stray := _STRAY.search(text):
            where = _position(text[: stray.start()])
            self.refuse(*where, f"character U+{ord(stray[0]):04X} may not stand in this file: remove it")
        if directive := re.search(r"^%", text, re.MULTILINE):  # libyaml takes quadratic time over many of them
            where = _position(text[: directive.start()])
            self.refuse(*where, "YAML directives (%...) are not used here: remove the line")
        try:
            self.as_written(text)
            loader = _LOADER(text)
            node = loader.get_node() if loader.check_node() else None
        except (yaml.YAMLError, ValueError, OverflowError) as e:  # the last two: escapes, without libyaml
            self.syntax_error(e)
        if node is None:
            self.refuse(1, 1, "the file is empty: write at least `sources:`")
        given: dict[str, Any] = self.value(node, FILE)
        if self.complaints:
            self.stop()
        return given

    def as_written(self, text: str) -> None:
        """Complain of what YAML can do and this file does not need, before anything is composed of it."""
        depth = documents = values = 0
        for event in yaml.parse(text, Loader=_LOADER):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            documents += isinstance(event, yaml.DocumentStartEvent)
            values += isinstance(event, yaml.NodeEvent)
            if depth > MAX_DEPTH:
                self.refuse(*_at(event), f"nested more than {MAX_DEPTH} levels deep")
            if values > MAX_VALUES:
                self.refuse(*_at(event), f"the file holds more than {MAX_VALUES:,} keys and values")
            if documents > 1:
                self.complain(event, "a second document (---) begins here: the file may hold only one")
                return
            anchor, tag = getattr(event, "anchor", None), getattr(event, "tag", None)
            if anchor is not None or tag is not None:
                self.refused.add(_at(event))
            if isinstance(event, yaml.AliasEvent):
                self.complain(event, f"aliases (*{anchor}) are not used here: write the value out")
            elif anchor is not None:
                self.complain(event, f"anchors (&{anchor}) are not used here: remove it")
            if tag is not None:
                self.complain(event, f"tags ({shown(tag)}) are not used here: remove it")

    def without_secrets(self, text: str) -> str:
        """Return the text with what is secret left out, and every line where it was."""
        for node in reversed(self.secrets):
            begin, end = node.start_mark.index, node.end_mark.index
            text = text[:begin] + "null" + "\n" * text[begin:end].count("\n") + text[end:]
        return text

    # --- as meant

    def value(self, node: yaml.Node, key: Key) -> Any:
        """Read a value of whatever shape; None or nothing when it is refused."""
        if _at(node) in self.refused:
            return None
        if key.kind.shape is Shape.ONE:
            return self.scalar(node, key)
        if key.kind.shape is Shape.GROUP:
            return self.group(node, key)
        if _blank(node):
            return ()
        if key.kind.may_stand_alone and isinstance(node, yaml.MappingNode):
            return (self.group(node, key),)
        if isinstance(node, yaml.SequenceNode):
            read = self.scalar if key.kind.shape is Shape.LIST else self.group
            return tuple(read(item, key) for item in node.value if _at(item) not in self.refused)
        is_short = isinstance(node, yaml.ScalarNode) and len(node.value) <= 60
        hint = f": write [{node.value}]" if is_short and key.kind.shape is Shape.LIST else ""
        if key.kind.shape is Shape.GROUPS and isinstance(node, yaml.MappingNode):
            hint = ": begin each with `- `"
        self.complain(
            node, f"{key.word} is {key.kind.values if key.kind.may_stand_alone else key.kind.shape.value}{hint}"
        )
        return ()

    def group(self, node: yaml.Node, key: Key) -> dict[str, Any]:
        """Read a group of keys: the file, a part of it, or one source."""
        known = CHILDREN[key.name]
        given: dict[str, Any] = {}
        lines: dict[str, int] = {}
        if not isinstance(node, yaml.MappingNode) and not (_blank(node) and key.kind.shape is Shape.GROUP):
            what = f"each entry of {key.word}" if key.kind.shape is Shape.GROUPS else key.word or "the file"
            first = next(iter(known))
            example = f"; write `{key.word}: {{{first}: …}}`" if key.word and key.kind.shape is Shape.GROUP else ""
            self.complain(node, f"{what} is a group of keys: {', '.join(known)}{example}")
            return given
        for name, value in node.value if isinstance(node, yaml.MappingNode) else ():
            word = name.value if isinstance(name, yaml.ScalarNode) else ""
            if not word:
                self.complain(name, "a key is one word")
            elif word in lines:
                self.complain(name, f"{shown(word)} is given twice, first in line {lines[word]}")
            elif word not in known:
                self.complain(name, _unknown(word, tuple(known)))
            else:
                meaning = self.value(value, known[word])
                if known[word].field is not None:
                    given[known[word].field or word] = meaning
            lines.setdefault(word, _at(name)[0])
        for child in known.values():
            if child.default == REQUIRED and child.word not in lines:
                self.complain(node, f"{child.word} is missing. {child.sentence}")
        return given

    def scalar(self, node: yaml.Node, key: Key) -> Any:
        """Read one value; None also when it is refused."""
        try:
            value = _meaning(node, key.kind)
        except ValueError as e:
            self.complain(node, f"{key.word}: {e}")
            return None
        if key.is_secret:
            self.secrets.append(node)
        if key.unique and (first := self.taken.setdefault((key.name, value), node)) is not node:
            self.complain(node, f"{key.word}: {shown(value)} is already that of the source in line {_at(first)[0]}")
        return value


def _blank(node: yaml.Node) -> bool:
    """Whether nothing was written: what belongs here is left out, or commented out."""
    return isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null"


def _meaning(node: yaml.Node, kind: Kind) -> Any:
    if not isinstance(node, yaml.ScalarNode):
        raise ValueError("one value is expected here")
    text = node.value.strip()
    if not text or _blank(node):
        raise ValueError(f"there is no value: write {kind.values}, or leave the key out")
    if len(text) > urls.MAX_URL_CHARS:
        raise ValueError(f"{shown(text)} is longer than {urls.MAX_URL_CHARS:,} characters")
    if hidden := INVISIBLE.search(text):
        raise ValueError(f"the value holds an invisible character, U+{ord(hidden[0]):04X}: remove it")
    yaml_type = node.tag.rpartition(":")[2]
    if kind.yaml_type == "bool" and yaml_type != "bool":
        raise ValueError(f"{shown(text)} is neither true nor false: write one of them, without quotes")
    if kind.yaml_type == "str" and yaml_type != "str":
        raise ValueError(f"YAML takes this for {_SPOKEN.get(yaml_type, yaml_type)}: put it in quotes, {shown(text)}")
    return kind.read(text)


def _unknown(word: str, known: tuple[str, ...]) -> str:
    if word == "<<":
        return "merge keys (<<) are not used here: write the keys out"
    elsewhere = [key.name for key in KEYS if key.word == word]
    hint = f"it belongs in {' or '.join(elsewhere)}" if elsewhere else nearest(word, known)
    return f"{shown(word)} is not a key here; {hint}"
