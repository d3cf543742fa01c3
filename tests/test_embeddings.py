"""A model that says what texts mean: texts in different scripts, and what happens where the model is no model.

The package that reads models is no part of a plain installation; what needs it is skipped without it. The model is made
here, of a few words.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from aggregator import dedupe
from aggregator.catalogue import Catalogue
from aggregator.dedupe import Writing
from aggregator.embeddings import FILES, Embeddings
from aggregator.errors import UsageError
from aggregator.home import Home
from aggregator.model import Match, Relation
from aggregator.pipeline.reposting import find_reposts
from aggregator.pipeline.translating import Translations
from tests.fakecli import Aggregator
from tests.fakeweb import NOON, following, source
from tests.fewarticles import candidate

WORDS = {
    "harbour": "λιμάνι",
    "workers": "εργάτες",
    "strike": "απεργία",
    "police": "αστυνομία",
    "night": "νύχτα",
    "church": "εκκλησία",
    "families": "οικογένειες",
    "border": "σύνορα",
    "court": "δικαστήριο",
    "prison": "φυλακή",
    "hunger": "πείνα",
    "island": "νησί",
    "boats": "βάρκες",
    "winter": "χειμώνας",
    "water": "νερό",
    "letter": "γράμμα",
    "doctor": "γιατρός",
    "school": "σχολείο",
    "forest": "δάσος",
    "bridge": "γέφυρα",
}
"""What the model knows: words that mean the same have the same vector."""
MEANING = dict(zip(WORDS, np.random.default_rng(2).normal(size=(len(WORDS), 24)).astype(np.float32), strict=True))
TOKENS = {word: MEANING[english] for english, greek in WORDS.items() for word in (english, greek, english[::-1])}
"""With a third word for everything, which shares no letters in a row with the first."""


def vectors(texts: Sequence[str]) -> NDArray[np.float32]:
    means = np.array([np.mean([TOKENS[word] for word in text.split()], axis=0) for text in texts], dtype=np.float32)
    return np.asarray(means / np.linalg.norm(means, axis=1, keepdims=True), dtype=np.float32)


def said(seed: int) -> tuple[str, str]:
    """Return a text of eight of the words, and the same in Greek, in the order of another sentence."""
    chance = random.Random(seed)
    english = chance.choices(chance.sample(list(WORDS), 8), k=40)
    greek = [WORDS[word] for word in english]
    chance.shuffle(greek)
    return " ".join(english), " ".join(greek)


def writing(name: str, text: str, language: str, day: int = 0) -> Writing:
    return Writing(
        id=name,
        source_id=name,
        language=language,
        published_at=NOON + timedelta(days=day),
        title="",
        text=text,
        credited=frozenset(),
        signs=dedupe.signs_of("", text),
    )


@pytest.fixture
def several() -> list[Writing]:
    texts = [said(seed) for seed in range(6)]
    return [
        writing(f"{language}{n}", text, language)
        for n, pair in enumerate(texts)
        for language, text in zip(("en", "el"), pair, strict=True)
    ]


def pairs(writings: list[Writing], asked: set[str] | None = None, *, with_model: bool = True) -> set[tuple[str, str]]:
    return {(p.a, p.b) for p in dedupe.translations(writings, asked=asked, vectors=vectors if with_model else None)}


def test_texts_in_different_scripts_are_found_by_what_they_mean_and_only_with_a_model(several: list[Writing]) -> None:
    assert pairs(several) == {(f"el{n}", f"en{n}") for n in range(6)}
    assert pairs(several, with_model=False) == set()


def test_a_pair_is_the_same_whoever_is_asked_for(several: list[Writing]) -> None:
    found = dedupe.translations(several, vectors=vectors)

    for one in several:
        asked = dedupe.translations(several, asked={one.id}, vectors=vectors)
        assert asked == [pair for pair in found if one.id in (pair.a, pair.b)]


def test_what_means_the_same_is_no_pair_where_it_is_of_another_time_or_much_longer(several: list[Writing]) -> None:
    english, greek = said(0)

    assert pairs([writing("el", greek, "el"), writing("en", english, "en", day=29)]) == {("el", "en")}
    assert pairs([writing("el", greek, "el"), writing("en", english, "en", day=31)]) == set()
    assert pairs([writing("el", greek, "el"), writing("en", " ".join([english] * 9), "en")]) == set()


def test_two_texts_that_mean_the_same_rival_each_other(several: list[Writing]) -> None:
    english, _ = said(0)
    rival = writing("rival", " ".join(word[::-1] for word in english.split()), "en")

    assert pairs([*several, rival]) == {(f"el{n}", f"en{n}") for n in range(1, 6)}


def test_texts_in_one_script_are_not_asked_what_they_mean() -> None:
    english, _ = said(0)
    other = " ".join(reversed(english.split()))

    assert pairs([writing("a", english, "en"), writing("b", other, "fr")]) == pairs(
        [writing("a", english, "en"), writing("b", other, "fr")], with_model=False
    )


# ----------------------------------------------------------------------------------------------------------- the model


def test_a_model_that_is_not_there_is_named_and_what_belongs_to_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"settings\.embeddings: .*nowhere is no folder; .* tokenizer\.json"):
        Embeddings(tmp_path / "nowhere")
    (tmp_path / FILES[0]).write_text("{}")
    with pytest.raises(UsageError, match=rf"has no {FILES[1]}"):
        Embeddings(tmp_path)


def test_a_home_whose_model_is_not_there_says_so_before_anything_is_fetched(
    aggregator: Aggregator, tmp_path: Path
) -> None:
    (tmp_path / "sources.yaml").write_text(
        "settings: {min_free: 1MB, embeddings: ./nowhere}\nsources: [{id: a, url: 'http://a.example/'}]\n"
    )

    said = aggregator("--home", tmp_path, "crawl")

    assert (said.code, "nowhere is no folder" in said.err) == (2, True)


@pytest.mark.skipif(find_spec("model2vec") is not None, reason="the package is installed")
def test_where_the_package_is_missing_it_is_said_how_to_install_it(tmp_path: Path) -> None:
    for name in FILES:
        (tmp_path / name).write_bytes(b"")

    with pytest.raises(UsageError, match=r"aggregator\[embeddings\]"):
        Embeddings(tmp_path)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model of the words above."""
    model2vec = pytest.importorskip("model2vec")
    tokenizers = pytest.importorskip("tokenizers")
    vocabulary = {word: n for n, word in enumerate(["[UNK]", *TOKENS])}
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    table = np.array([np.zeros(24), *TOKENS.values()], dtype=np.float32)
    model2vec.StaticModel(table, tokenizer).save_pretrained(str(tmp_path / "model"))
    return tmp_path / "model"


def test_a_model_says_what_texts_mean(model: Path) -> None:
    english, greek = said(0)

    found = Embeddings(model).vectors([english, greek, said(1)[0], "unheard"])

    assert np.allclose(np.linalg.norm(found, axis=1), [1, 1, 1, 0], atol=1e-5)
    assert found[0] @ found[1] > 0.999 > 0.95 > found[0] @ found[2]
    assert np.allclose(found[:2], vectors([english, greek]), atol=1e-4)


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json"])
def test_a_broken_model_is_refused_in_words(model: Path, name: str) -> None:
    path = model / name
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    with pytest.raises(UsageError, match=r"cannot be used .* nothing is lost"):
        Embeddings(model).vectors(["harbour"])


def test_another_model_or_none_has_translations_looked_for_anew(model: Path, tmp_path: Path) -> None:
    sources = tuple(source(name) for name in "ab")
    english, greek = said(0)
    home = Home(tmp_path / "home")
    home.index.mkdir(parents=True)
    home.archive.mkdir()

    def found(embeddings: Embeddings | None) -> list[Match]:
        with Catalogue(home.catalogue, writing=True) as known:
            Translations(known, embeddings).find(
                *find_reposts(home, known, following(*sources), lambda _: None), lambda _: None
            )
            return known.matches_of(known.article_ids())

    with Catalogue(home.catalogue, writing=True) as known, known.transaction():
        for one in (candidate(sources[0], english), candidate(sources[1], greek, language="el")):
            known.put_article(one.article, one.article.url, one.versions, one.credits)

    assert found(None) == []
    [match] = found(Embeddings(model))
    assert (match.relation, match.a_coverage, match.b_coverage) == (Relation.TRANSLATION, 1.0, 1.0)
    assert found(None) == []
