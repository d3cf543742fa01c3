"""From sources back to the text of sources.yaml: an entry as one would write it, put into the file as it is."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

import yaml

from aggregator.errors import UsageError
from aggregator.model import Access, ExtractRule, Keep, Listing, Source
from aggregator.sources.keys import INVISIBLE

Entry = Mapping[str, Any]
"""The keys of one source as they are written: text, lists of texts, groups."""

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_UNITS = {"w": 604_800_000, "d": 86_400_000, "h": 3_600_000, "min": 60_000, "s": 1_000, "ms": 1}
_PLAIN = re.compile(r"[A-Za-z0-9][^\x00-\x1f,\[\]{}#&*!|>'\"%@`?]*", re.ASCII)
"""What needs no quotes, inside brackets neither, unless YAML takes it for something else than text."""


def written(source: Source) -> dict[str, Any]:
    """Return the keys of a source that are not as they would be without being written."""
    without = Source(id=source.id, name=source.id, url=source.url)
    said: dict[str, Any] = {"id": source.id, "name": source.name, "url": source.url}
    for field in fields(Source):
        value = getattr(source, field.name)
        if value != getattr(without, field.name) and field.name not in said:
            said |= _said(field.name, value)
    return {word: value for word, value in said.items() if word != "name" or value != source.id}


def _said(name: str, value: Any) -> dict[str, Any]:
    if isinstance(value, Listing | Keep):
        return {name: {word: v for word, v in asdict(value).items() if v}}
    if name == "extract":
        return {"extract": [_rule(rule) for rule in value]}
    match name:
        case "every":
            return {"every": f"daily {value:%H:%M}" if isinstance(value, time) else duration(value)}
        case "pace_s":
            return {"pace": duration(timedelta(seconds=value))}
        case "obey_robots":
            return {"robots": "obey" if value else "ignore"}
        case "certificate":
            return {"tls": value}
        case "access_until":
            return {"until": _day(value)}
        case "no_links":
            return {"risk": "link"}
    return {name: str(value) if isinstance(value, Access) else list(value) if isinstance(value, tuple) else value}


def _rule(rule: ExtractRule) -> dict[str, str]:
    return {**rule.selectors, **({"valid_until": _day(rule.valid_until)} if rule.valid_until else {})}


def _day(at: datetime) -> str:
    return f"{at:%Y-%m-%d}"


def duration(length: timedelta) -> str:
    """Return a duration as it is written: a whole number and the largest unit that it fills."""
    milliseconds = round(length / timedelta(milliseconds=1))
    unit = next((u for u, size in _UNITS.items() if milliseconds and milliseconds % size == 0), "s")
    return f"{milliseconds // _UNITS[unit]}{unit}"


def lines(entry: Entry, *, indent: int = 2) -> list[str]:
    """Return an entry as lines of YAML.

    Args:
        entry: The keys, in the order in which to write them.
        indent: Of the dash, in spaces.
    """
    found = [f"{word}: {_value(value)}" for word, value in entry.items()]
    return [f"{' ' * indent}{'- ' if number == 0 else '  '}{line}" for number, line in enumerate(found)]


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{word}: {_value(v)}" for word, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    text = " ".join(INVISIBLE.sub(" ", str(value)).split())
    if _PLAIN.fullmatch(text) and ": " not in text and not text.endswith(":") and text == text.strip():
        try:
            if yaml.load(text, Loader=_LOADER) == text:
                return text
        except (yaml.YAMLError, ValueError):
            pass
    return json.dumps(text, ensure_ascii=False)


def added(text: str, entries: Sequence[Entry], path: Path) -> str:
    """Return the text of sources.yaml with further entries at the end of its sources; all else stays as it is.

    Args:
        text: As it is; it was read without a complaint.
        entries: What to add.
        path: The file's name, for the complaint.

    Raises:
        UsageError: Its sources are written in brackets, so nothing can be put behind them.
    """
    top = yaml.compose(text, Loader=_LOADER)
    assert isinstance(top, yaml.MappingNode)
    node = next(value for key, value in top.value if key.value == "sources")
    is_list = isinstance(node, yaml.SequenceNode)
    if is_list and node.flow_style and node.value:
        raise UsageError(
            f"{path}: its sources stand in brackets, so nothing can be added. Write them as a list with dashes."
        )
    indent = node.start_mark.column if is_list and node.value else 2
    new = [line for entry in entries for line in lines(entry, indent=indent)]
    before = text.splitlines()
    if is_list and not node.value:
        at = node.start_mark.line
        before[at] = before[at].replace("[", "", 1).replace("]", "", 1).rstrip()
        return "\n".join([*before[: at + 1], *new, *before[at + 1 :]]) + "\n"
    is_last = top.value[-1][1] is node
    at = len(before) if is_last else (_last(node).end_mark.line + 1 if node.value else node.start_mark.line + 1)
    return (
        "\n".join([*before[:at], *([""] if is_last and before and before[-1].strip() else []), *new, *before[at:]])
        + "\n"
    )


def _last(node: yaml.Node) -> yaml.Node:
    """The last scalar inside a node: a block ends where the next token begins, behind comments."""
    while isinstance(node, yaml.CollectionNode) and node.value:
        last = node.value[-1]
        node = last[1] if isinstance(last, tuple) else last
    return node
