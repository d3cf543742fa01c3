"""What people give to be compared: a text in a file or pasted, or the texts of a corpus, a JSON object a line."""

from __future__ import annotations

import codecs
import gzip
import io
import json
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aggregator.cli import output as show
from aggregator.errors import UsageError

PASTED = "-"
"""Stands for what is pasted, or comes through a pipe."""
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # begins as the mark of UTF-16 does
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_GZIP = b"\x1f\x8b"
_SIGNATURES = {
    b"%PDF-": "a PDF",
    b"PK\x03\x04": "a zip file or an office document",
    b"{\\rtf": "an RTF document",
    b"\x7fELF": "a program",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    _GZIP: "a compressed file",
}
_HEAD_BYTES = 4_096
_MOST_UNREADABLE = 0.2
"""Share of characters that are no UTF-8 above which it is no text of a Western language either: in German and French
some five in a hundred letters have marks."""


def is_path(ref: str) -> bool:
    """Whether something is there under that name: a file, a folder, a pipe."""
    try:
        return bool(ref) and Path(ref).exists()
    except (OSError, ValueError):  # an address may be longer than a name can be
        return False


def text(ref: str) -> str:
    """Return the text of a file or pipe, or of what is pasted.

    Raises:
        UsageError: It cannot be read, is no text, or has no words.
    """
    from aggregator import words

    name = _name(ref)
    try:
        data = _bytes(ref)
    except OSError as error:
        raise UsageError(f"{name} cannot be read: {error.strerror}. Nothing was compared.") from error
    found = _decoded(data, name)
    if not len(words.words(found)):
        raise UsageError(f"{name} {'has no words' if found.strip() else 'is empty'}. Nothing was compared.")
    return found


def _name(ref: str) -> str:
    return "What was pasted" if ref == PASTED else ref


def _bytes(ref: str) -> bytes:
    if ref != PASTED:
        if Path(ref).is_dir():
            raise UsageError(f"{ref} is a directory. Nothing was compared. Name one of the files in it.")
        return Path(ref).read_bytes()
    if sys.stdin.isatty():
        show.say("Paste the text, then press Ctrl-D.")
    return sys.stdin.buffer.read()


def _decoded(data: bytes, name: str) -> str:
    """Return bytes as text: by their byte-order mark, else as UTF-8, else as Windows writes Western languages.

    Raises:
        UsageError: They are no text.
    """
    mark, encoding = _mark(data)
    if not mark:
        _refuse_binary(data, name)
    text = data[len(mark) :].decode(encoding, "replace")
    unreadable = text.count("\ufffd")
    if "\0" in text or unreadable > _MOST_UNREADABLE * len(text):
        raise _no_text(name, "no text file, or in another encoding than UTF-8")
    beyond_ascii = len(text) - len(text.encode("ascii", "ignore")) - unreadable
    return text if mark or unreadable <= beyond_ascii else data.decode("cp1252", "replace")


def _mark(head: bytes) -> tuple[bytes, str]:
    return next(((mark, encoding) for mark, encoding in _MARKS if head.startswith(mark)), (b"", "utf-8"))


def _refuse_binary(head: bytes, name: str) -> None:
    if what := next((what for signature, what in _SIGNATURES.items() if head.startswith(signature)), ""):
        raise _no_text(name, f"{what}, not a text file")


def _no_text(name: str, what: str) -> UsageError:
    return UsageError(f"{name} is {what}. Nothing was done. Save it as text (UTF-8), or paste what it says.")


class Docs:
    """The texts of a file, a JSON object a line, and where each of them stands.

    Args:
        path: The file, plain or gzipped; ``-``: what comes through a pipe.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._name = "stdin" if str(path) == PASTED else str(path)
        self._lines: list[int] = []

    def place(self, number: int) -> str:
        """Return where a text that was read stands; they count from 1."""
        return f"{self._name}:{self._lines[number - 1]}"

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield them as they are read.

        Raises:
            UsageError: A line cannot be read, is no JSON object, or there are none.
        """
        number = 0
        try:
            with self._opened() as file:
                for number, line in enumerate(_lines(file, self._name), 1):
                    if said := line.strip():
                        self._lines.append(number)
                        yield _object(said)
        except (ValueError, OSError, EOFError, RecursionError, zlib.error) as error:
            raise UsageError(f"{self._name}:{max(number, 1)}: {error}. Nothing was done.") from error
        if not self._lines:
            raise UsageError(f"{self._name} has no texts. Nothing was done.")

    def _opened(self) -> io.BufferedReader[Any]:
        if str(self._path) != PASTED:
            return self._path.open("rb")
        if sys.stdin.isatty():
            show.say('Paste {"id": ..., "text": ...}, one a line, then press Ctrl-D.')
        return io.BufferedReader(io.BytesIO(sys.stdin.buffer.read()))


def _lines(file: io.BufferedReader[Any], name: str) -> Iterator[str | bytes]:
    """Yield the lines of a file, decompressed: text, where a byte-order mark says so, else bytes."""
    if file.peek(2).startswith(_GZIP):
        with io.BufferedReader(gzip.GzipFile(fileobj=file)) as unpacked:
            yield from _lines(unpacked, name)
        return
    head = file.peek(_HEAD_BYTES)[:_HEAD_BYTES]
    mark, encoding = _mark(head)
    if not mark:
        _refuse_binary(head, name)
        if b"\0" in head:
            raise _no_text(name, "not a text file")
    file.read(len(mark))
    if encoding == "utf-8":
        yield from file
        return
    with io.TextIOWrapper(file, encoding) as decoded:
        yield from decoded


def _object(line: str | bytes) -> dict[str, Any]:
    try:
        text = str(line, "utf-8") if isinstance(line, bytes) else line
        if text.startswith("["):
            raise ValueError("a JSON array; write one object a line, as `jq -c '.[]'` does")
        said = json.loads(text)
    except UnicodeDecodeError as error:
        raise ValueError(f"no UTF-8 (byte {error.start + 1} of the line)") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"no JSON object of one line ({error.msg}, column {error.colno})") from None
    if not isinstance(said, dict):
        raise ValueError('no JSON object; write {"id": ..., "text": ...}')
    return said
