"""What texts mean, whatever script they are in, by word vectors that somebody gave: read here and nowhere else.

A folder has a file a language, ``en.vec``, ``el.vec``, in the plain text form that fastText, MUSE and word2vec write:
how many words and dimensions there are, then a line a word, the most frequent first. All are aligned in one space: in
any language, words that mean the same are near each other.

What a text means is the mean of its words' vectors, of which a rare one counts more, without what the texts of its
language have in common (Arora, Liang, Ma 2017, "A simple but tough-to-beat baseline for sentence embeddings"). They
take how frequent a word is, and what is common, from texts; here both are estimated from the order of the words. So the
vector of a text depends on nothing but the text and the file.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aggregator.analysis import fold, folded
from aggregator.errors import UsageError

VOCABULARY = 100_000
"""Words of a file that are read, the first. Of 300 dimensions they take 60 MB of memory a language, of the most allowed
205 MB; the words themselves 20 MB. A language is read when the first of its texts is asked, in some seconds."""
MAX_DIMENSIONS = 1_024
MAX_LINE_BYTES = 32_768
"""So many numbers of 24 characters, and a word."""
_MAX_WORD_BYTES = 256
"""What is longer is no word, but an address, or somebody's attack on memory."""
SMOOTHING = 1e-3
"""The ``a`` of the paper, with its value: a word weighs a / (a + how frequent it is), 0 to 1. Not tuned."""
_LEAST_LENGTH = 1e-6
"""What is shorter is the error of the sum, and no direction."""
_SO = "Translations between scripts are not looked for; nothing is lost."
_NAME = re.compile(r"[a-z]{2}\.vec")
_HEADER = re.compile(rb"([0-9]{1,12}) ([0-9]{1,9})[ \r\n]*")


class Embeddings:
    """Word vectors of several languages.

    Args:
        folder: Where the files are.

    Raises:
        UsageError: There is no such folder, no file of a language is in it, or one begins as no such file does.
    """

    def __init__(self, folder: Path) -> None:
        try:
            paths = sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name) and path.is_file())
        except OSError:
            paths, why = [], "is no folder that can be read"
        else:
            why = "has no such file"
        if not paths:
            raise UsageError(
                f"settings.embeddings: {folder} {why}; word vectors are a folder with a file a language, such as "
                f"en.vec, el.vec and ar.vec. {_SO}"
            )
        self._files = {path.stem: path for path in paths}
        self._dimensions = _header(paths[0], next(_lines(paths[0]), b""))[1]
        for path in paths[1:]:
            _header(path, next(_lines(path), b""), self._dimensions)
        self._read: dict[str, _Words] = {}

    @cached_property
    def digest(self) -> str:
        """SHA-256 of what is read of the files, hexadecimal: other vectors find other translations.

        Not of whole files: nothing depends on the rest, which has gigabytes, and this is asked in every crawl.

        Raises:
            UsageError: A file cannot be read.
        """
        digest = hashlib.sha256()
        for path in self._files.values():
            own, size_bytes = hashlib.sha256(), 0
            for line in _lines(path):
                own.update(line)
                size_bytes += len(line)
            digest.update(f"{path.name} {size_bytes} {own.hexdigest()}\n".encode())
        return digest.hexdigest()

    def verify(self) -> None:
        """Read every file to its end; it takes some seconds each, and nothing of it is kept.

        Raises:
            UsageError: One is damaged or cannot be read.
        """
        for path in self._files.values():
            _words(path, self._dimensions)

    def vectors(self, texts: Sequence[str], language: str) -> NDArray[np.float32] | None:
        """Return what each text means, as a vector of length 1; of length 0 where none of its words is known.

        Args:
            texts: In any number; each has the vector that it has alone.
            language: Of all of them, ISO 639-1.

        Returns:
            A row a text; None: there is no file for the language.

        Raises:
            UsageError: The file is damaged or cannot be read.
        """
        if language not in self._files:
            return None
        if language not in self._read:
            self._read[language] = _words(self._files[language], self._dimensions)
        found = np.zeros((len(texts), self._dimensions), dtype=np.float32)
        for place, text in enumerate(texts):
            found[place] = self._read[language].meaning(text)
        return found


@dataclass(frozen=True, slots=True)
class _Words:
    """The words of a language."""

    places: dict[str, int]
    """Where a folded word stands in the arrays."""
    directions: NDArray[np.float16]
    """Vectors of length 1."""
    weights: NDArray[np.float64]
    """How much a word counts, 0.0 to 1.0."""
    common: NDArray[np.float64]
    """What a text means in which each word is as frequent as in the language."""

    def meaning(self, text: str) -> NDArray[np.float64]:
        """Return the direction of a text, of length 1 or 0."""
        known = [place for word in folded(text) if (place := self.places.get(word)) is not None]
        if not known:
            return np.zeros_like(self.common)
        places, counts = np.unique(known, return_counts=True)
        weights = self.weights[places] * counts
        # no product of matrices: what a text means must not depend, in the last bit, on where it lies in memory
        mean = (self.directions[places] * weights[:, np.newaxis]).sum(0) / weights.sum()
        return _direction(mean - self.common, _LEAST_LENGTH)


def _words(path: Path, dimensions: int) -> _Words:
    """Read the words of a language; what ``folded`` makes no word of, or several, is left out, as no text has it."""
    lines = _lines(path)
    said, _ = _header(path, next(lines, b""), dimensions)
    size = min(said, VOCABULARY)
    frequencies = _frequencies(size)
    weights = SMOOTHING / (SMOOTHING + frequencies)
    places: dict[str, int] = {}
    directions = np.zeros((size, dimensions), dtype=np.float16)
    common, share, number = np.zeros(dimensions), 0.0, 1
    for place, line in enumerate(islice(lines, size)):
        number = place + 2
        word, vector = _parsed(path, number, line, dimensions)
        key = fold(word)
        if folded(word) != [key] or key in places or not vector.any():
            continue
        places[key] = place
        directions[place] = vector
        common += frequencies[place] * weights[place] * directions[place]
        share += frequencies[place] * weights[place]
    if number <= size:
        raise _refused(path, number, f"the file ends here, after {number - 1:,} of {said:,} words")
    return _Words(places, directions, weights, common / share if share else common)


def _frequencies(size: int) -> NDArray[np.float64]:
    """Return how frequent the first words of a language are by Zipf's law: the second has half of the first."""
    ranks = np.arange(1, VOCABULARY + 1, dtype=np.float64)
    return np.asarray(1 / ranks[:size] / (1 / ranks).sum())


def _lines(path: Path) -> Iterator[bytes]:
    """Give the lines of a file as far as it is read, with their ends."""
    number = 1
    try:
        with path.open("rb") as file:
            for number in range(1, VOCABULARY + 2):
                line = file.readline(MAX_LINE_BYTES + 1)
                if len(line) > MAX_LINE_BYTES:
                    raise _refused(path, number, f"it is longer than {MAX_LINE_BYTES:,} bytes")
                if not line:
                    return
                yield line
    except OSError as error:
        raise _refused(path, number, f"the file cannot be read ({error.strerror})") from error


def _header(path: Path, line: bytes, dimensions: int | None = None) -> tuple[int, int]:
    """Return how many words and dimensions the first line of a file promises; ``dimensions`` is what others have."""
    found = _HEADER.fullmatch(line)
    if not found or not int(found[1]) or not int(found[2]):
        raise _refused(path, 1, "it does not say how many words and dimensions there are, as in `200000 300`")
    words, own = int(found[1]), int(found[2])
    if own > MAX_DIMENSIONS:
        raise _refused(path, 1, f"{own:,} dimensions are more than {MAX_DIMENSIONS:,}")
    if dimensions not in (None, own):
        raise _refused(path, 1, f"it has {own:,} dimensions, the file of another language {dimensions:,}")
    return words, own


def _parsed(path: Path, number: int, line: bytes, dimensions: int) -> tuple[str, NDArray[np.float64]]:
    """Return the word of a line, "" if it is too long to be one, and its direction, zeros if it has none."""
    # at spaces and nowhere else: words hold tabs, no-break spaces and what Unicode calls the end of a line
    first, *numbers = line.rstrip(b" \r\n").split(b" ")
    if len(numbers) != dimensions:
        raise _refused(path, number, f"it has {len(numbers):,} numbers instead of {dimensions:,}")
    try:
        word, vector = first.decode(), np.array(numbers, dtype=np.float64)
    except UnicodeDecodeError as error:
        raise _refused(path, number, "its word is not UTF-8") from error
    except ValueError as error:
        raise _refused(path, number, "something in it is no number") from error
    if not np.isfinite(vector).all():
        raise _refused(path, number, "something in it is no finite number")
    return word if len(first) <= _MAX_WORD_BYTES else "", _direction(vector / (np.abs(vector).max() or 1.0))


def _direction(vector: NDArray[np.float64], least: float = 0.0) -> NDArray[np.float64]:
    """Return a vector of length 1 in the same direction; of length 0, if it is no longer than ``least``."""
    length = np.sqrt(np.square(vector).sum())
    return np.asarray(vector / length if length > least else np.zeros_like(vector))


def _refused(path: Path, line: int, what: str) -> UsageError:
    return UsageError(
        f"settings.embeddings: {path}, line {line:,}: {what}. {_SO} Put a sound file there, or take the setting out of "
        "sources.yaml."
    )


__all__ = ["Embeddings"]
