"""Word vectors that say what texts mean: texts in different scripts, and what happens where a file is no such file.

The vectors are made here, of a few words.
"""

from __future__ import annotations

import random
import shutil
import tracemalloc
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from aggregator import dedupe, pipeline, search, takedown
from aggregator.catalogue import UNTRANSLATED, Catalogue
from aggregator.dedupe import Candidate, Writing
from aggregator.dedupe.meanings import MIN_MEANING, MeaningShelf
from aggregator.embeddings import MAX_DIMENSIONS, MAX_LINE_BYTES, SMOOTHING, VOCABULARY, Embeddings
from aggregator.errors import UsageError
from aggregator.home import Home
from aggregator.model import Match, Relation
from aggregator.pipeline.reposting import find_reposts
from aggregator.pipeline.translating import Translations
from aggregator.query import parse
from tests.fakecli import Aggregator
from tests.fakeweb import NOON, STORY, FakeWeb, feed, following, page, source
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
"""What is known: words that mean the same have the same vector."""
MEANING = dict(zip(WORDS, np.random.default_rng(2).normal(size=(len(WORDS), 24)).astype(np.float32), strict=True))
TOKENS = {word: MEANING[english] for english, greek in WORDS.items() for word in (english, greek, english[::-1])}
"""With a third word for everything, which shares no letters in a row with the first."""


def vectors(texts: Sequence[str], language: str) -> NDArray[np.float32] | None:
    if language not in ("en", "el", "fr"):
        return None
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


def test_what_is_near_is_found_in_little_memory_and_as_near_whatever_else_is_there() -> None:
    chance = np.random.default_rng(5)
    rows = (chance.normal(size=(4_000, 300)) + np.linspace(0, 9, 4_000)[:, np.newaxis]).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    texts = [writing(f"{n:04}", "x", "en") for n in range(len(rows))]
    shelf, alone = MeaningShelf(texts, rows, "LATIN"), MeaningShelf(texts[3_991:], rows[3_991:], "LATIN")
    least = MIN_MEANING

    tracemalloc.start()
    found = shelf.near(writing("other", "x", "el"), rows[17], least)
    nearest = shelf.near(writing("other", "x", "el"), rows[-1], least)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    wanted = np.round((rows * rows[17]).sum(1, dtype=np.float64), 4)
    assert {w.id for w, _ in found} == {f"{n:04}" for n in np.flatnonzero(wanted >= least)}
    assert len(nearest) > 2_000
    assert peak_bytes < rows.nbytes / 2
    assert set(alone.near(writing("other", "x", "el"), rows[-1], least)) <= set(nearest)


def test_texts_in_one_script_are_not_asked_what_they_mean() -> None:
    english, _ = said(0)
    several = [writing("a", english, "en"), writing("b", " ".join(reversed(english.split())), "fr")]

    def never(texts: Sequence[str], language: str) -> NDArray[np.float32]:
        raise AssertionError(language)

    assert dedupe.translations(several, vectors=never) == dedupe.translations(several)


def test_texts_in_a_language_without_vectors_are_left_out_and_the_others_found(several: list[Writing]) -> None:
    others = [writing(f"{language}{n}", said(n)[1], language) for language in ("ru", "bg") for n in range(6)]

    assert pairs([*several, *others]) == {(f"el{n}", f"en{n}") for n in range(6)}
    assert pairs([writing("en", said(0)[0], "en"), writing("ru", said(0)[1], "ru")]) == set()


# ----------------------------------------------------------------------------------------------------------- the files


def written(folder: Path, language: str, words: dict[str, NDArray[np.float32]]) -> Path:
    lines = [f"{len(words)} {len(next(iter(words.values())))}"]
    lines += [" ".join([word, *(f"{number:.6f}" for number in vector)]) for word, vector in words.items()]
    folder.mkdir(exist_ok=True)
    path = folder / f"{language}.vec"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def vector_of(embeddings: Embeddings, text: str, language: str = "en") -> NDArray[np.float32]:
    found = embeddings.vectors([text], language)
    assert found is not None
    return np.asarray(found[0])


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Vectors of the words above, in English and in Greek."""
    folder = tmp_path_factory.mktemp("model")
    written(folder, "en", MEANING)
    written(folder, "el", {WORDS[english]: vector for english, vector in MEANING.items()})
    return folder


def test_vectors_say_what_texts_mean(model: Path) -> None:
    embeddings = Embeddings(model)
    english, greek = said(0)

    of_english = embeddings.vectors([english, said(1)[0], "unheard"], "en")

    assert of_english is not None
    assert np.allclose(np.linalg.norm(of_english, axis=1), [1, 1, 0], atol=1e-5)
    assert of_english[0] @ vector_of(embeddings, greek, "el") > 0.999 > 0.95 > of_english[0] @ of_english[1]
    assert embeddings.vectors([english], "fr") is None


def test_a_text_is_the_weighted_mean_of_its_words_without_what_is_common(model: Path) -> None:
    units = {word: vector.astype(float) / np.linalg.norm(vector) for word, vector in MEANING.items()}
    harmonic = sum(1 / rank for rank in range(1, VOCABULARY + 1))
    frequent = {word: 1 / rank / harmonic for rank, word in enumerate(MEANING, start=1)}
    weight = {word: SMOOTHING / (SMOOTHING + frequent[word]) for word in MEANING}
    common = np.average(list(units.values()), axis=0, weights=[frequent[word] * weight[word] for word in MEANING])
    text = "harbour night bridge bridge water"

    meant = np.average([units[w] for w in text.split()], axis=0, weights=[weight[w] for w in text.split()]) - common

    assert np.allclose(vector_of(Embeddings(model), text), meant / np.linalg.norm(meant), atol=1e-3)
    assert weight["harbour"] < weight["bridge"] / 10


@given(st.lists(st.lists(st.sampled_from([*WORDS, "unheard", "Night's", "é"])).map(" ".join), max_size=6))
def test_what_a_text_means_does_not_depend_on_what_else_is_asked(model: Path, texts: list[str]) -> None:
    embeddings = Embeddings(model)

    together = embeddings.vectors(texts, "en")

    assert together is not None
    for text, found in zip(texts, together, strict=True):
        assert np.array_equal(found, vector_of(Embeddings(model), text))
        assert np.linalg.norm(found) == pytest.approx(1.0 if set(text.split()) & {*WORDS, "Night's"} else 0.0, abs=1e-5)


def test_words_are_cut_and_folded_as_those_of_texts_and_the_first_of_several_counts(tmp_path: Path) -> None:
    one, other, third = np.eye(3, dtype=np.float32)
    words = {"</s>": third, "Réfugiés": one, "refugies": other, "l'asile": third, "life,": third, "mer": third}
    embeddings = Embeddings(written(tmp_path, "fr", words).parent)

    assert np.allclose(vector_of(embeddings, "REFUGIES", "fr"), (one - third) / np.sqrt(2), atol=1e-3)
    assert not vector_of(embeddings, "s asile life", "fr").any()


def test_words_hold_tabs_and_line_ends_of_unicode_and_lines_end_as_they_like(tmp_path: Path) -> None:
    odd = "3 2\r\na\u00a0b 1 0\r\nc\u2028d\te 0 1 \r\nharbour 1 1"
    (tmp_path / "en.vec").write_bytes(odd.encode())

    assert not vector_of(Embeddings(tmp_path), "a b c d e").any()


def test_a_word_without_direction_or_endlessly_long_is_none_and_the_largest_numbers_are_numbers(tmp_path: Path) -> None:
    (tmp_path / "en.vec").write_text(f"4 2\nnil 0 -0\n{'x' * 300} 1 1\nvast 1e308 -1e308\ntiny 5e-324 0\n")
    embeddings = Embeddings(tmp_path)

    assert not vector_of(embeddings, f"nil {'x' * 300}").any()
    assert np.linalg.norm(vector_of(embeddings, "vast")) == pytest.approx(1)


def test_a_language_of_one_word_says_nothing(tmp_path: Path) -> None:
    written(tmp_path, "en", {"harbour": MEANING["harbour"]})

    assert not vector_of(Embeddings(tmp_path), "harbour harbour").any()


def test_what_is_beyond_the_first_words_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aggregator.embeddings.VOCABULARY", 3)
    path = written(tmp_path, "en", dict(list(MEANING.items())[:3]))
    path.write_bytes(path.read_bytes().replace(b"3 24", b"2519370 24"))
    before, digest = vector_of(Embeddings(tmp_path), "harbour"), Embeddings(tmp_path).digest
    with path.open("ab") as file:
        file.write(b"police \xff no number" * MAX_LINE_BYTES)

    assert np.array_equal(vector_of(Embeddings(tmp_path), "harbour"), before)
    assert Embeddings(tmp_path).digest == digest


def test_a_digest_is_of_names_and_contents(model: Path, tmp_path: Path) -> None:
    def digest(**files: bytes) -> str:
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        for name, content in files.items():
            (folder / f"{name}.vec").write_bytes(content)
        return Embeddings(folder).digest

    one, other = b"1 1\na 1\n", b"1 1\nb 1\n"

    assert digest(el=one, en=other) == digest(en=other, el=one)
    assert len({digest(el=one), digest(en=one), digest(en=other), digest(el=one, en=other)}) == 4


def test_a_folder_that_is_not_there_is_named_and_what_belongs_in_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"settings\.embeddings: .*nowhere is no folder .* en\.vec, el\.vec"):
        Embeddings(tmp_path / "nowhere")
    (tmp_path / "wiki.en.align.vec").write_text("1 1\na 1\n")
    (tmp_path / "en.vec").mkdir()
    with pytest.raises(UsageError, match=r"has no such file; .* en\.vec"):
        Embeddings(tmp_path)


@pytest.mark.parametrize(
    ("begins", "why"),
    [
        (b"", "does not say how many"),
        (b"the 1 0\nof 0 1\n", "does not say how many"),
        (b"\xff\xfe 2 0\n", "does not say how many"),
        (b"0 2\n", "does not say how many"),
        (b"2 0\n", "does not say how many"),
        (b"2 -2\n", "does not say how many"),
        (f"2 {MAX_DIMENSIONS + 1}\n".encode(), "1,025 dimensions are more than 1,024"),
        (b"2 999999999\n", "999,999,999 dimensions are more than 1,024"),
        (b"2 3\n", "3 dimensions, the file of another language 2"),
        (b"9" * (MAX_LINE_BYTES + 1), "longer than 32,768 bytes"),
    ],
)
def test_a_file_that_begins_otherwise_is_refused_at_once(tmp_path: Path, begins: bytes, why: str) -> None:
    (tmp_path / "ar.vec").write_bytes(b"1 2\na 1 0\n")
    (tmp_path / "en.vec").write_bytes(begins)

    with pytest.raises(UsageError, match=rf"en\.vec, line 1: .*{why}.* nothing is lost"):
        Embeddings(tmp_path)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"of 1\n", "1 numbers instead of 2"),
        (b"of 1 2 3\n", "3 numbers instead of 2"),
        (b"of  1 2\n", "3 numbers instead of 2"),
        (b"\n", "0 numbers instead of 2"),
        (b"of 1 two\n", "no number"),
        (b"of 1 \xff\n", "no number"),
        (b"of 1 \x00\n", "no number"),
        (b"of 1 nan\n", "no finite number"),
        (b"of -inf 1\n", "no finite number"),
        (b"of 1e999 1\n", "no finite number"),
        (b"o\xff 1 2\n", "not UTF-8"),
        (b"of 1 " + b"2" * MAX_LINE_BYTES, "longer than 32,768 bytes"),
    ],
)
def test_a_damaged_line_is_refused_by_its_number(tmp_path: Path, line: bytes, why: str) -> None:
    (tmp_path / "en.vec").write_bytes(b"3 2\nthe 1 0\n" + line + b"and 0 1\n")

    with pytest.raises(UsageError, match=rf"en\.vec, line 3: .*{why}.* nothing is lost"):
        Embeddings(tmp_path).vectors(["the"], "en")


def test_a_file_that_ends_too_soon_is_refused(model: Path, tmp_path: Path) -> None:
    (tmp_path / "en.vec").write_bytes(b"1200 2\nthe 1 0\nof 0 1\n")
    (tmp_path / "el.vec").write_bytes(b"1 2\n")

    with pytest.raises(UsageError, match=r"en\.vec, line 3: the file ends here, after 2 of 1,200 words"):
        Embeddings(tmp_path).vectors(["the"], "en")
    with pytest.raises(UsageError, match=r"el\.vec, line 1: the file ends here, after 0 of 1 words"):
        Embeddings(tmp_path).vectors(["the"], "el")


def test_a_file_that_goes_away_or_changes_meanwhile_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "en", MEANING)
    changing, leaving = Embeddings(tmp_path), Embeddings(tmp_path)

    path.write_text("1 2\nthe 1 0\n")
    with pytest.raises(UsageError, match=r"line 1: it has 2 dimensions"):
        changing.vectors(["the"], "en")
    path.unlink()
    with pytest.raises(UsageError, match=r"en\.vec, line 1: the file cannot be read"):
        leaving.vectors(["the"], "en")


@given(st.binary(max_size=60))
def test_no_bytes_are_worse_than_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("any")
    (folder / "en.vec").write_bytes(b"2 2\n" + content)
    embeddings = Embeddings(folder)
    try:
        found = embeddings.vectors(["a the", "of"], "en")
    except UsageError:
        return
    assert found is not None
    assert np.isfinite(found).all()


def test_a_home_whose_vectors_are_not_there_says_so_when_its_sources_are_checked(
    aggregator: Aggregator, tmp_path: Path
) -> None:
    (tmp_path / "sources.yaml").write_text(
        "settings: {min_free: 1MB, embeddings: ./nowhere}\nsources: [{id: a, url: 'http://a.example/'}]\n"
    )

    for offline in ([], ["--offline"]):
        said = aggregator("--home", tmp_path, "sources", "check", *offline)
        assert (said.code, "nowhere is no folder" in said.err) == (2, True)


def test_a_home_whose_vectors_are_not_there_is_crawled_and_says_so(aggregator: Aggregator, tmp_path: Path) -> None:
    (tmp_path / "sources.yaml").write_text(
        "settings: {min_free: 1MB, embeddings: ./nowhere}\nsources: [{id: a, url: 'http://127.0.0.1:9/'}]\n"
    )

    said = aggregator("--home", tmp_path, "crawl", "--json")

    assert (said.code, [run["source"] for run in said.json["runs"]]) == (1, ["a"])
    assert said.err.count("nowhere is no folder") == 1
    assert "nowhere is no folder" in aggregator("--home", tmp_path, "status", "--json").json["untranslated"]
    assert "nowhere is no folder" in aggregator("--home", tmp_path, "status").err


class Bilingual:
    """A home with an article and its translation into another script, each of a source of its own."""

    def __init__(self, root: Path) -> None:
        self.home = Home(root / "home")
        self.model = root / "model"
        self.sources = tuple(source(name) for name in "ab")
        english, greek = said(0)
        self.articles = [candidate(self.sources[0], english), candidate(self.sources[1], greek, language="el")]
        self.home.index.mkdir(parents=True)
        self.home.archive.mkdir()
        with Catalogue(self.home.catalogue, writing=True) as known:
            self.come(known, *self.articles)

    def come(self, known: Catalogue, *articles: Candidate) -> None:
        with known.transaction():
            for one in articles:
                known.put_article(one.article, one.article.url, one.versions, one.credits)

    def write(self, *, damage: str = "") -> None:
        """Put word vectors there."""
        written(self.model, "en", MEANING)
        path = written(self.model, "el", {WORDS[english]: vector for english, vector in MEANING.items()})
        path.write_text(path.read_text().replace("νησί", f"νησί {damage}") if damage else path.read_text())

    def found(self, *more: Candidate, without: bool = False) -> list[Match]:
        """What is found when some more articles come."""
        with Catalogue(self.home.catalogue, writing=True) as known:
            self.come(known, *more)
            reposts = find_reposts(self.home, known, following(*self.sources), lambda _: None)
            Translations(known, None if without else self.model).find(*reposts, lambda _: None)
            assert known.to_translate() == []
            return known.matches_of(known.article_ids())

    def why(self) -> str:
        with Catalogue(self.home.catalogue) as known:
            return known.note(UNTRANSLATED) or ""


def test_damaged_vectors_lose_nothing_and_all_is_looked_for_anew_when_they_are_sound(tmp_path: Path) -> None:
    kept = Bilingual(tmp_path)
    later = candidate(kept.sources[0], said(1)[0], title="Later", at="2026-11-03T10:00")

    kept.write(damage="x")
    assert kept.found() == []
    assert "el.vec, line 13: it has 25 numbers" in kept.why()

    kept.write()
    [match] = kept.found()
    assert not kept.why()

    kept.write(damage="x")
    assert kept.found() == [match]
    assert "line 13" in kept.why()
    assert kept.found(later) == []

    kept.write()
    assert kept.found() == [match]
    assert not kept.why()


def test_while_vectors_are_damaged_nothing_is_looked_for_again_and_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Bilingual(tmp_path)
    kept.write(damage="x")
    kept.found()

    def never(*_: object, **__: object) -> None:
        raise AssertionError

    monkeypatch.setattr(dedupe, "translations", never)

    assert kept.found() == []
    shutil.rmtree(kept.model)
    assert kept.found() == []
    assert "is no folder" in kept.why()


def test_what_a_text_means_is_kept_from_one_look_to_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Bilingual(tmp_path)
    kept.write()
    meant, asked = Embeddings.vectors, list[str]()

    def counted(embeddings: Embeddings, texts: Sequence[str], language: str) -> NDArray[np.float32] | None:
        asked.extend(texts)
        return meant(embeddings, texts, language)

    monkeypatch.setattr(Embeddings, "vectors", counted)
    with Catalogue(kept.home.catalogue, writing=True) as known:
        translations = Translations(known, kept.model)
        for number in range(3):
            kept.come(known, candidate(kept.sources[0], said(number)[0], title=str(number)))
            translations.find(*find_reposts(kept.home, known, following(*kept.sources), lambda _: None), lambda _: None)

    assert sorted(asked) == sorted({said(0)[0], said(0)[1], said(1)[0], said(2)[0]})


def test_vectors_that_go_away_while_texts_are_asked_are_as_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Bilingual(tmp_path)
    kept.write()
    verify = Embeddings.verify

    def verified(embeddings: Embeddings) -> None:
        verify(embeddings)
        (kept.model / "el.vec").unlink()

    monkeypatch.setattr(Embeddings, "verify", verified)
    assert kept.found() == []
    assert "el.vec, line 1: the file cannot be read" in kept.why()

    monkeypatch.undo()
    kept.write()
    assert len(kept.found()) == 1


def test_with_damaged_vectors_all_else_is_done_and_told(tmp_path: Path) -> None:
    home = Home(tmp_path)
    settings = replace(following().settings, embeddings="model")
    sources = replace(following(source("a")), settings=settings)
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "en.vec").write_text("3 2\nthe 1 0\nof 1 two\nand 0 1\n")
    web = FakeWeb({"http://a.example/feed": feed("http://a.example/1"), "http://a.example/1": page(STORY)})

    with pipeline.opened(home, sources) as line:
        line.crawl(sources.sources, web)
    assert [hit.article.url for hit in search.search(home, parse("loft")).hits] == ["http://a.example/1"]
    what = takedown.target(home, ["http://a.example/1"], takedown.Scope.ARTICLE, erase=True)
    event = takedown.decide(
        home, what, scope=takedown.Scope.ARTICLE, reason="error", by="test", erase=True, until=None, now=NOON
    )
    takedown.carry_out(home, sources, event.number)

    assert takedown.erases(home) == []
    assert search.search(home, parse("loft")).hits == ()

    with Catalogue(home.catalogue) as known:
        assert "en.vec, line 3: something in it is no number" in (known.note(UNTRANSLATED) or "")


def test_other_vectors_or_none_have_translations_looked_for_anew(tmp_path: Path) -> None:
    kept = Bilingual(tmp_path)

    assert kept.found(without=True) == []
    kept.write()
    [match] = kept.found()
    assert (match.relation, match.a_coverage, match.b_coverage) == (Relation.TRANSLATION, 1.0, 1.0)
    written(kept.model, "el", dict(zip(WORDS.values(), reversed(MEANING.values()), strict=True)))
    assert kept.found() == []
    kept.write()
    assert kept.found() == [match]
    assert kept.found(without=True) == []
