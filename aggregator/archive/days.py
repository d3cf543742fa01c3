"""The closing of a day: a list of its captures, the digests of its files, and its articles for people to read.

    captures.cdxj                 every capture of the folder (CDXJ, as pywb and others read it)
    manifest-sha256.txt           the digests of the WARC files (BagIt, RFC 8493: ``sha256sum -c`` reads it)
    articles-GENERATION.jsonl.gz  the versions first seen in these files, one a line, as one extractor read them
    tagmanifest-sha256.txt        the digests of list, manifest and articles

A folder of an import is closed as a day's is. All four are derived; what they say must agree with the WARC files.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from aggregator import disk
from aggregator.archive import cdxj
from aggregator.archive.reader import OPEN, existing, files, records
from aggregator.archive.writer import Seal

LIST = "captures.cdxj"
MANIFEST = "manifest-sha256.txt"
TAG_MANIFEST = "tagmanifest-sha256.txt"
_PIECE = 1 << 20


def folder_of(file: str) -> str:
    """Return the folder of a file, relative to ``archive/``: its day, or its import."""
    return file.rpartition("/")[0]


def seal_of(folder: Path, file: str) -> Seal:
    """Return what is to be said of a file that was sealed without a word: its length and its digest."""
    path = existing(folder, file)
    return Seal(file=file, size_bytes=path.stat().st_size, sha256=_sha256(path))


def unclosed(folder: Path, *, today: str, digests: Mapping[str, str], closings: Mapping[str, str]) -> list[str]:
    """Return the folders that can be closed and are not, oldest first.

    A manifest that no event tells of is a closing that was cut short, if it says what a new one would; if it says
    something else it is left as it is, for ``verify``.

    Args:
        folder: ``archive/``.
        today: The folder of the day that still goes on, as ``2026/11/23``; it is left alone, and so is any later one.
        digests: The SHA-256 of every file as it was sealed, by its name relative to ``archive/``.
        closings: Those of manifests, as the events say, by folder.
    """
    by_day: dict[str, set[str]] = {}
    for file in files(folder):
        day = folder_of(file)
        if not day[:1].isdigit() or day < today:
            by_day.setdefault(day, set()).add(file.rpartition("/")[2])

    def is_closed_well(day: str, names: set[str]) -> bool:
        manifest = folder / day / MANIFEST
        if names - set(listed(manifest)):
            return False
        there = manifest.read_bytes()
        wanted = _manifest({name: digests.get(f"{day}/{name}", "") for name in names})
        return there != wanted or hashlib.sha256(there).hexdigest() == closings.get(day)

    return sorted(
        day
        for day, names in by_day.items()
        if not any((folder / day).glob(f"*{OPEN}")) and not is_closed_well(day, names)
    )


def lacking_articles(folder: Path, generation: str) -> list[str]:
    """Return the closed folders without the articles as one extractor reads them, oldest first."""
    manifests = (*folder.glob(f"[0-9]*/*/*/{MANIFEST}"), *folder.glob(f"imports/*/{MANIFEST}"))
    closed = sorted(path.parent.relative_to(folder).as_posix() for path in manifests)
    return [day for day in closed if not has_articles(folder, day, generation)]


def has_articles(folder: Path, day: str, generation: str) -> bool:
    """Whether a folder has its articles as one extractor reads them."""
    return articles_file(folder, day, generation).exists()


def close(folder: Path, day: str, digests: Mapping[str, str]) -> str:
    """Write the list and the manifest of a folder; return the manifest's SHA-256, hexadecimal.

    When a folder is closed again, for something was erased in it, the old list is overwritten. What cannot be read in a
    damaged file, or found in an imported one by offset and length alone, is not listed.

    Args:
        folder: ``archive/``.
        day: The folder to close.
        digests: The SHA-256 of every file as it was sealed, by its name relative to ``archive/``: a file that was
            damaged since is listed as it should be.

    Raises:
        NoSpaceError: The disk is full or read-only.
        StoreError: The disk fails.
    """
    names = [file.rpartition("/")[2] for file in files(folder) if folder_of(file) == day]
    try:
        lines = {name: digests[f"{day}/{name}"] for name in names}
        _put_list(folder / day / LIST, cdxj.in_order(line for name in names for line in _listed(folder / day / name)))
        disk.put(folder / day / MANIFEST, _manifest(lines))
        _close_tags(folder / day, LIST, MANIFEST)
    except OSError as error:
        raise disk.trouble(folder / day, error) from error
    return _sha256(folder / day / MANIFEST)


def _put_list(path: Path, lines: list[str]) -> None:
    written = "".join(lines).encode()
    if path.exists() and path.read_bytes() != written:
        disk.scrub(path)
    disk.put(path, written)


def _listed(path: Path) -> Iterator[str]:
    """Yield the lines of the captures of one file, as far as it can be read."""
    with suppress(ValueError, OSError):
        for record in records(path):
            with suppress(ValueError):  # others have records that are no answers of web servers: of the DNS, say
                if line := cdxj.line(record, path.name):
                    yield line


def write_articles(folder: Path, day: str, generation: str, articles: Iterable[dict[str, Any]]) -> None:
    """Write the articles of a closed folder as one extractor read them.

    Raises:
        NoSpaceError: The disk is full or read-only.
        StoreError: The disk fails.
    """
    written = io.BytesIO()
    with gzip.GzipFile(fileobj=written, mode="wb", filename="", mtime=0) as file:
        for said in articles:
            file.write(json.dumps(said, ensure_ascii=False).encode() + b"\n")
    try:
        path = articles_file(folder, day, generation)
        disk.put(path, written.getvalue())
        _close_tags(folder / day, path.name)
    except OSError as error:
        raise disk.trouble(folder / day, error) from error


def articles_file(folder: Path, day: str, generation: str) -> Path:
    """Return where the articles of a folder are, as one extractor read them."""
    return folder / day / f"articles-{generation}.jsonl.gz"


def is_closed(folder: Path, day: str) -> bool:
    """Whether a folder has its manifest."""
    return (folder / day / MANIFEST).exists()


def forget_articles(folder: Path, days: Iterable[str], holds: Callable[[str], bool]) -> None:
    """Take withdrawn texts out of the articles that people read: the lines that hold one go, and those beyond damage.

    Args:
        folder: ``archive/``.
        days: The folders in which captures were erased; what their articles say of these is no longer true either, so
            they go as a whole where they can be made again.
        holds: Whether a text holds something withdrawn.

    Raises:
        NoSpaceError: The disk is full or read-only.
        StoreError: The disk fails.
    """
    touched = set(days)
    for path in sorted((*folder.glob("[0-9]*/*/*/articles-*.jsonl.gz"), *folder.glob("imports/*/articles-*.jsonl.gz"))):
        day = path.parent.relative_to(folder).as_posix()
        generation = path.name.removeprefix("articles-").removesuffix(".jsonl.gz")
        lines, is_whole = _readable(path)
        kept = [said for said in lines if not holds("\n".join(_words(said)))]
        if day in touched or len(kept) < len(lines) or not is_whole:
            try:
                disk.scrub(path)
            except OSError as error:
                raise disk.trouble(path, error) from error
            write_articles(folder, day, generation, kept)


def _words(said: Any) -> Iterator[str]:
    """Yield every text in a JSON value."""
    if isinstance(said, str):
        yield said
    elif isinstance(said, dict | list):
        for one in said.values() if isinstance(said, dict) else said:
            yield from _words(one)


def read_articles(folder: Path, day: str, generation: str) -> list[dict[str, Any]]:
    """Return the articles of a folder as one extractor read them; what is missing or damaged is not there."""
    return _readable(articles_file(folder, day, generation))[0]


def _readable(path: Path) -> tuple[list[dict[str, Any]], bool]:
    """Return the lines of a file of articles up to the first that cannot be read, and whether these are all."""
    lines = []
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            for line in file:
                lines.append(json.loads(line))
    except (OSError, EOFError, ValueError, zlib.error):
        return lines, False
    return lines, True


def listed(manifest: Path) -> dict[str, str]:
    """Return the digests that a manifest lists, by name; none where it is missing."""
    try:
        lines = manifest.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return {}
    pairs = (line.partition(" ") for line in lines if line.strip())
    return {name.strip(): digest for digest, _, name in pairs}


def _close_tags(folder: Path, *changed: str) -> None:
    """List files that were written just now beside those listed before."""
    tags = {name: digest for name, digest in listed(folder / TAG_MANIFEST).items() if (folder / name).exists()}
    tags |= {name: _sha256(folder / name) for name in changed}
    disk.put(folder / TAG_MANIFEST, _manifest(tags))


def _manifest(digests: Mapping[str, str]) -> bytes:
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items())).encode()


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()
