"""What is found in the bundled families of texts, against the truth about them: floors, and the corpus they hold for.

A floor that is broken is a defect of the finder. When the corpus itself is changed, its digest no longer fits: read the
figures anew (`python -m tests.test_repost_floors`) and pin them with the new digest, in one commit that says why.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from aggregator.reposts import in_corpus
from aggregator.shapes.families import found_json
from tests.families.making import corpus, digest
from tests.families.scoring import scores

DIGEST = "5b7f914e758a0e003b61516e528794dca4d7d82461c5aad2e6819d5f5bcbcea8"
FLOORS = {
    "dup_f1": 0.995,
    "any_f1": 0.955,
    "ari": 0.995,
    "partial_f1": 0.91,
    "plagdet": 0.975,
    "translation_f1": 0.76,
    "direction": 0.94,
    "credit_f1": 0.95,
}


@cache
def found() -> dict[str, float]:
    docs, truth = corpus()
    return scores(docs, truth, [_as_said(line) for line in found_json(in_corpus(docs))])


def _as_said(line: dict[str, Any]) -> dict[str, Any]:
    return {**line, "rel": str(line["rel"])} if line["type"] == "pair" else line


def test_the_corpus_is_the_one_that_the_floors_were_read_from() -> None:
    assert digest() == DIGEST


@pytest.mark.parametrize("figure", FLOORS)
def test_no_figure_falls_below_its_floor(figure: str) -> None:
    assert found()[figure] >= FLOORS[figure]


if __name__ == "__main__":
    print(digest())
    for name, value in found().items():
        print(f"{name:<16}{value:.4f}")
