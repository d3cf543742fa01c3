"""How good the answers about an archive are: one figure from 0 to 1 for each thing that is asked."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from math import comb, log2
from typing import Any

Row = Mapping[str, Any]
Pair = tuple[str, str]
Interval = tuple[int, int]
Passage = tuple[int, int, int, int]

SMALL_OVERLAP = 0.3
"""A pair that is not scored and shares less than this of the shorter text is still no duplicate."""


class Answers:
    """The lines of one file, true or predicted, by what they answer."""

    def __init__(self, rows: Iterable[Row], known: set[str]) -> None:
        self.pairs: dict[Pair, dict[str, Any]] = {}
        self.clusters: list[list[str]] = []
        self.credits: list[Row] = []
        self.ignored: dict[Pair, float] = {}
        for row in rows:
            if row["type"] == "pair" and row["a"] != row["b"] and {row["a"], row["b"]} <= known:
                self._add_pair(row)
            elif row["type"] == "cluster":
                self.clusters.append([member for member in row["members"] if member in known])
            elif row["type"] == "credit" and row["doc"] in known:
                self.credits.append(row)
            elif row["type"] == "ignore":
                self.ignored[in_order(row)] = row.get("overlap", 1.0)

    def _add_pair(self, row: Row) -> None:
        """Keep a pair in the order of its ids; of a pair given twice, the passages of both and the rest of the last."""
        passages = [tuple(passage) for passage in row.get("passages") or ()]
        if row["a"] > row["b"]:
            passages = [(*passage[2:], *passage[:2]) for passage in passages]
        pair = in_order(row)
        before = self.pairs.get(pair, {}).get("passages", [])
        self.pairs[pair] = {"rel": row.get("rel"), "first": row.get("first"), "passages": before + passages}
        self.pairs[pair]["unsaid"] = "rel" not in row

    def related(self, rel: str) -> set[Pair]:
        return {pair for pair, answer in self.pairs.items() if answer["rel"] == rel}


def in_order(row: Row) -> Pair:
    return (row["a"], row["b"]) if row["a"] < row["b"] else (row["b"], row["a"])


def scores(docs: Iterable[Row], truth: Iterable[Row], predictions: Iterable[Row]) -> dict[str, float]:
    """Score predictions about documents against the truth."""
    ids = [str(doc["id"]) for doc in docs]
    true, said = Answers(truth, set(ids)), Answers(predictions, set(ids))
    figures = {f"{rel}_f1": pair_f1(true, said, rel) for rel in ("dup", "any", "partial", "translation")}
    return figures | {
        "ari": adjusted_rand(ids, labels(ids, true.clusters), predicted_labels(ids, said)),
        "plagdet": plagdet(true, said),
        "direction": direction(true, said),
        "credit_f1": credit_f1(true.credits, said.credits),
    }


def f1(right: float, predicted: float, wanted: float) -> float:
    """The harmonic mean of precision and recall."""
    return 2 * right / (predicted + wanted) if right else 0.0


# --------------------------------------------------------------------------------------------------------------- pairs


def pair_f1(true: Answers, said: Answers, rel: str) -> float:
    """How well the pairs in one relation are found, or in any."""
    if rel == "any":
        wanted, found = set(true.pairs), said.pairs.keys() - true.ignored.keys()
    else:
        wanted, found = true.related(rel), {pair for pair in said.related(rel) if counts(pair, rel, true.ignored)}
    return f1(len(found & wanted), len(found), len(wanted))


def counts(pair: Pair, rel: str, ignored: Mapping[Pair, float]) -> bool:
    """Whether a predicted pair is scored at all."""
    return pair not in ignored or (rel == "dup" and ignored[pair] < SMALL_OVERLAP)


def direction(true: Answers, said: Answers) -> float:
    """Of the whole texts of which it is known which was first, for how many it was rightly said."""
    asked = {
        pair: answer["first"] for pair, answer in true.pairs.items() if answer["first"] and answer["rel"] != "partial"
    }
    right = sum(said.pairs.get(pair, {}).get("first") == first for pair, first in asked.items())
    return right / len(asked) if asked else 0.0


# ------------------------------------------------------------------------------------------------------------ clusters


def labels(ids: Iterable[str], clusters: Iterable[list[str]]) -> dict[str, str]:
    """A label for every document, the same within a cluster; a document that is named nowhere is alone."""
    found = {name: name for name in ids}
    for number, members in enumerate(clusters):
        found |= dict.fromkeys(members, f"cluster {number}")
    return found


def predicted_labels(ids: Iterable[str], said: Answers) -> dict[str, str]:
    """The predicted clusters, or else what predicted duplicates connect."""
    if said.clusters:
        return labels(ids, said.clusters)
    parents = {name: name for name in ids}

    def root(name: str) -> str:
        while parents[name] != name:
            parents[name] = name = parents[parents[name]]
        return name

    for (a, b), answer in said.pairs.items():
        if answer["rel"] == "dup" or answer["unsaid"]:
            parents[root(a)] = root(b)
    return {name: root(name) for name in parents}


def adjusted_rand(ids: list[str], true: Mapping[str, str], said: Mapping[str, str]) -> float:
    """The Rand index of two partitions of the same documents, 0 where they agree no better than by chance."""
    both = pairs_within((true[name], said[name]) for name in ids)
    left, right = pairs_within(true.values()), pairs_within(said.values())
    chance = left * right / comb(len(ids), 2) if len(ids) > 1 else 0.0
    best = (left + right) / 2
    return (both - chance) / (best - chance) if best != chance else 1.0


def pairs_within(marks: Iterable[object]) -> int:
    return sum(comb(count, 2) for count in Counter(marks).values())


# ------------------------------------------------------------------------------------------------------------ passages


def plagdet(true: Answers, said: Answers) -> float:
    """Character F1 of the passages of both sides, over all pairs in one language, less if passages are in shreds."""
    pairs = (said.pairs.keys() - true.ignored.keys()) | true.pairs.keys()
    pairs -= true.related("translation") | said.related("translation")
    right = predicted = wanted = 0
    pieces: list[int] = []
    for pair in pairs:
        expected = true.pairs.get(pair, {}).get("passages", [])
        given = said.pairs.get(pair, {}).get("passages", [])
        for side in (0, 2):
            left, other = (union((p[side], p[side + 1]) for p in passages) for passages in (expected, given))
            right += common(left, other)
            predicted += length(other)
            wanted += length(left)
        pieces += [count for passage in expected if (count := sum(meet(passage, found) for found in given))]
    granularity = sum(pieces) / len(pieces) if pieces else 1.0
    return f1(right, predicted, wanted) / log2(1 + granularity)


def meet(left: Passage, right: Passage) -> bool:
    """Whether two passages have characters in common in both texts."""
    return shared(left[:2], right[:2]) > 0 and shared(left[2:], right[2:]) > 0


def shared(left: Interval, right: Interval) -> int:
    """How many characters two intervals share; negative when they are apart."""
    return min(left[1], right[1]) - max(left[0], right[0])


def union(intervals: Iterable[Interval]) -> list[Interval]:
    """The intervals in order, those joined that touch."""
    joined: list[Interval] = []
    for start, end in sorted(intervals):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        elif start < end:
            joined.append((start, end))
    return joined


def common(left: list[Interval], right: list[Interval]) -> int:
    """How many characters two unions share."""
    return sum(max(0, shared(a, b)) for a in left for b in right)


def length(intervals: Iterable[Interval]) -> int:
    return sum(end - start for start, end in intervals)


# ------------------------------------------------------------------------------------------------------------- credits


def credit_f1(true: list[Row], said: list[Row]) -> float:
    """How well the lines that credit are found: each counts once, where it and the true one overlap by half."""
    waiting: defaultdict[str, list[Interval]] = defaultdict(list)
    for row in true:
        waiting[row["doc"]].append((row["span"][0], row["span"][1]))
    right = 0
    for row in said:
        span = (row["span"][0], row["span"][1])
        match = next((line for line in waiting[row["doc"]] if same_line(line, span)), None)
        if match:
            waiting[row["doc"]].remove(match)
            right += 1
    return f1(right, len(said), len(true))


def same_line(true: Interval, said: Interval) -> bool:
    doubled = 2 * shared(true, said)
    return doubled >= max(1, true[1] - true[0]) and doubled >= said[1] - said[0]
