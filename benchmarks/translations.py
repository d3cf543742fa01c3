"""What a month of articles in three languages costs the search for translations: seconds, memory, what is found.

    python benchmarks/translations.py                    20,000 articles of made-up text: two minutes
    python benchmarks/translations.py --articles 5000
    python benchmarks/translations.py --profile          where the time goes, too
    python benchmarks/translations.py --json             for a program to read

The text is made up. A third of the words have a root in common with the two other languages and an ending of their own,
names and numbers are the same in all, the rest is of one language alone. One article in twenty is a translation, in the
order of the original. What is found of them says that the search works here, not how well it does on real texts.

The search alone is measured, in this process: the signs of the texts are made before the clock starts.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import random
import resource
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate, combinations
from typing import NamedTuple

from aggregator import dedupe
from aggregator.dedupe import Writing

SHARES = {"en": 0.5, "fr": 0.3, "de": 0.2}
"""How much of a month is in which language."""
TRANSLATED = 0.05
CONCEPTS, ZIPF = 20_000, 1.05
"""Things that there is a word for in each language, the most frequent first."""
COGNATES, NAMES = 0.33, 0.06
"""The share of the concepts with a root in common, and of those with one name everywhere."""
SENTENCES, WORDS = (6, 24), (8, 30)
"""Of an article, and of a sentence: 130 to 460 words as a rule."""
ONSETS = {
    "": "b c d f g l m n p r s t v br cl cr dr fl fr gr pl pr st tr".split(),
    "en": "b c d f g h k l m n p r s t w y sh th wh ch bl st tr".split(),
    "fr": "b c ch d f g j l m n p qu r s t v z cr pr tr gn br".split(),
    "de": "b d f g h k l m n p r s t w z sch st sp kn pf br".split(),
}
RHYMES = {
    "": "a e i o u an al en er il in or us um et at".split(),
    "en": "a e i o ow ee ea oo ai ing ack ell and old ight ound y er".split(),
    "fr": "a e i o ou eau oi ai on an eu ui ette elle ir é è in our".split(),
    "de": "a e i o u ei au ie eu ach icht ung en er el ar und ein ö ü".split(),
}
"""What words are made of; of the first, those in common."""
ENDINGS = {"en": "tion al ed s ity".split(), "fr": "ment elle é es ité".split(), "de": "ung isch t en ität".split()}
BEGINNING = datetime(2025, 3, 1, tzinfo=UTC)
TOLD_LINES = 20
"""Of a profile."""

Concepts = list[int]


class Month(NamedTuple):
    """A month of articles, and which pairs of them are translations."""

    writings: list[Writing]
    pairs: set[tuple[str, str]]


def month(count: int) -> Month:
    """Return so many articles, the same every time."""
    chance = random.Random(5)
    words = {language: vocabulary(language) for language in SHARES}
    weights = list(accumulate(1 / (rank + 2) ** ZIPF for rank in range(CONCEPTS)))
    writings: list[Writing] = []
    told: list[tuple[str, list[Concepts]]] = []
    roots: list[int] = []
    for number in range(count):
        language = chance.choices(list(SHARES), list(SHARES.values()))[0]
        origin = chance.randrange(len(told)) if told and chance.random() < TRANSLATED else None
        if origin is not None and told[origin][0] != language:
            sentences = told[origin][1]
            roots.append(roots[origin])
        else:
            roots.append(number)
            sentences = [
                chance.choices(range(CONCEPTS), cum_weights=weights, k=chance.randint(*WORDS))
                for _ in range(chance.randint(*SENTENCES))
            ]
        told.append((language, sentences))
        writings.append(writing(number, language, [[words[language][c] for c in sentence] for sentence in sentences]))
    families: defaultdict[int, list[Writing]] = defaultdict(list)
    for root, one in zip(roots, writings, strict=True):
        families[root].append(one)
    pairs = (pair for family in families.values() for pair in combinations(family, 2))
    return Month(writings, {(a.id, b.id) for a, b in pairs if a.language != b.language})


def vocabulary(language: str) -> list[str]:
    """Return the word of each concept in a language; those in common begin alike in every language."""
    common, own = random.Random(1), random.Random(language)
    words = []
    for _ in range(CONCEPTS):
        root, kind = syllables("", common.randint(1, 3), common), common.random()
        if kind < NAMES:
            words.append(root.capitalize())
        elif kind < NAMES + COGNATES:
            words.append(root + own.choice(ENDINGS[language]))
        else:
            words.append(syllables(language, own.randint(1, 3), own))
    return words


def syllables(language: str, count: int, chance: random.Random) -> str:
    return "".join(chance.choice(ONSETS[language]) + chance.choice(RHYMES[language]) for _ in range(count))


def writing(number: int, language: str, sentences: list[list[str]]) -> Writing:
    text = "\n".join(" ".join(sentence).capitalize() + "." for sentence in sentences)
    return Writing(
        id=name(number),
        source_id=f"site-{number % 50}",
        language=language,
        published_at=BEGINNING + timedelta(minutes=number * 7_919 % (30 * 24 * 60)),
        title="",
        text=text,
        credited=frozenset(),
        signs=dedupe.signs_of("", text),
    )


def name(number: int) -> str:
    return f"m{number:07}"


class Figure(NamedTuple):
    """A line of the table."""

    name: str
    value: float
    unit: str


def measured(writings: Sequence[Writing], pairs: set[tuple[str, str]]) -> Iterator[Figure]:
    resting, wall, cpu = peak_mib(), time.perf_counter(), time.process_time()
    found = {(pair.a, pair.b) for pair in dedupe.translations(writings)}
    yield Figure("the search", time.perf_counter() - wall, "s")
    yield Figure("the search, cpu", time.process_time() - cpu, "s")
    yield Figure("memory beyond the articles", peak_mib() - resting, "MiB")
    yield Figure("translations", len(pairs), "pairs")
    yield Figure("found, right", len(found & pairs), "pairs")
    yield Figure("found, wrong", len(found - pairs), "pairs")


def peak_mib() -> float:
    """Return the peak of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=20_000, help="of the month (default: %(default)s)")
    parser.add_argument("--profile", action="store_true", help="where the time goes, too")
    parser.add_argument("--json", action="store_true", help="for a program to read")
    args = parser.parse_args()
    made = month(args.articles)
    with cProfile.Profile() as profile:
        if not args.profile:
            profile.disable()
        figures = list(measured(made.writings, made.pairs))
    if args.profile:
        pstats.Stats(profile).sort_stats("tottime").print_stats(TOLD_LINES)
    if args.json:
        said = [{**one._asdict(), "value": round(one.value, 2)} for one in figures]
        print(json.dumps({"articles": args.articles, "figures": said}))
    else:
        print("\n".join(f"{one.name:30} {one.value:10,.1f} {one.unit}" for one in figures))


if __name__ == "__main__":
    main()
