"""Lines in which an article names its origin, in six languages; and lines that only look like it."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator import credits
from aggregator.model import Credit, Source
from tests.fakeweb import STORY, source

HARBOUR = source("harbour", name="Harbour Watch", aliases=("harbourwatch", "les veilleurs du port"))
LANTERNE = source("lanterne", name="La Lanterne d'Éole", url="https://www.lanterne-eole.example/")
SOURCES = (HARBOUR, LANTERNE)


def outlets(text: str) -> list[str]:
    return [credit.outlet for credit in credits.find_credits(text)]


@pytest.mark.parametrize(
    ("line", "outlet"),
    [
        ("(source: harbour watch)", "harbour watch"),
        ("Source: Harbour Watch", "Harbour Watch"),
        ("(press release from lanterne )", "lanterne"),
        ("via Harbour Watch", "Harbour Watch"),
        ("From: harbourwatch", "harbourwatch"),
        ("From:: harbourwatch", "harbourwatch"),
        ("[From: https://harbour.example/2026/11/vans]", "https://harbour.example/2026/11/vans"),
        ("Reposted from Harbour Watch", "Harbour Watch"),
        ("First published on Harbour Watch.", "Harbour Watch"),
        ("This article first appeared in Harbour Watch", "Harbour Watch"),
        ("Translated from La Lanterne", "La Lanterne"),
        ("Repris de La Lanterne", "La Lanterne"),
        ("Lu sur Harbour Watch", "Harbour Watch"),
        ("Source : La Lanterne", "La Lanterne"),
        ("Article paru dans La Lanterne", "La Lanterne"),
        ("(communiqué de La Lanterne)", "La Lanterne"),
        ("Quelle: Harbour Watch", "Harbour Watch"),
        ("Übernommen von Harbour Watch", "Harbour Watch"),
        ("(Pressemitteilung der Lanterne)", "Lanterne"),
        ("Fuente: Harbour Watch", "Harbour Watch"),
        ("Publicado originalmente en La Lanterne", "La Lanterne"),
        ("Fonte: Harbour Watch", "Harbour Watch"),
        ("Ripreso da La Lanterne", "La Lanterne"),
        ("(comunicato stampa di La Lanterne)", "La Lanterne"),
        ("Bron: Harbour Watch", "Harbour Watch"),
        ("Overgenomen van Harbour Watch", "Harbour Watch"),
        ("(persbericht van La Lanterne)", "La Lanterne"),
    ],
)
def test_a_credit_line_names_its_outlet(line: str, outlet: str) -> None:
    assert outlets(f"{STORY}\n{line}") == [outlet]
    assert outlets(f"{line}\n{STORY}") == [outlet]


@pytest.mark.parametrize(
    ("sentence", "outlet"),
    [
        ("(source: harbour watch) On Saturday the vans came back to the quay.", "harbour watch"),
        ("This article first appeared on harbourwatch and was shortened by us.", "harbourwatch"),
        ("We are republishing this statement from Harbour Watch with their permission.", "Harbour Watch"),
        ("Copied from harbour watch:", "harbour watch"),
        ("Text: harbour watch", "harbour watch"),
        ("Press release by Harbour Watch, 6 March 2026", "Harbour Watch"),
        ("Translation of a statement by La Lanterne d'Éole (8 December 2025)", "La Lanterne d'Éole"),
        ("With kind permission of Harbour Watch.", "Harbour Watch"),
        ("Originally published by harbour.example on 16 March.", "harbour.example"),
        ("(Harbour Watch, translated by the quay group)", "Harbour Watch"),
        ("Harbour Watch, 13 février 2026", "Harbour Watch"),
        ("by Harbour Watch (translated)", "Harbour Watch"),
        ("via Harbour Watch The vans came back on Saturday.", "Harbour Watch"),
        ("The vans came back <Ed.> Reposted from Harbour Watch", "Harbour Watch"),
        ("Lu sur Harbour Watch : « Les fourgons sont revenus. » Lire la suite ici", "Harbour Watch"),
        ("Ce texte a été repris de La Lanterne d'Eole, merci à eux.", "La Lanterne d'Eole"),
        ("Article paru dans La Lanterne d’Éole du 8 février", "La Lanterne d’Éole"),
        ("Supplément au Harbour Watch", "Harbour Watch"),
        ("Par la rédaction de Harbour Watch", "Harbour Watch"),
        ("Traduction d'un communiqué de Harbour Watch", "Harbour Watch"),
        ("(Übersetzung, Quelle: Harbour Watch)", "Harbour Watch"),
        ("Übersetzt aus dem Französischen, Original bei La Lanterne d'Éole", "La Lanterne d'Éole"),
        ("Dieser Text wurde zuerst auf Harbour Watch veröffentlicht.", "Harbour Watch"),
        ("Eine Erklärung von Harbour Watch, 20. Oktober", "Harbour Watch"),
        ("Traducción de un comunicado de Harbour Watch", "Harbour Watch"),
        ("El texto fue tomado de Harbour Watch y acortado.", "Harbour Watch"),
        ("Traduzione di un comunicato di Harbour Watch", "Harbour Watch"),
        ("Pubblicato originariamente su Harbour Watch.", "Harbour Watch"),
        ("Dit stuk is overgenomen van Harbour Watch.", "Harbour Watch"),
        ("Dit stuk verscheen eerder op Harbour Watch.", "Harbour Watch"),
        ("[From: https://elsewhere.example/2026/11/vans]", "https://elsewhere.example/2026/11/vans"),
    ],
)
def test_a_sentence_credits_an_outlet_that_is_known(sentence: str, outlet: str) -> None:
    for text in (f"{sentence}\n{STORY}", f"{STORY}\n{sentence}\n{STORY}"):
        found = credits.find_credits(text, SOURCES)

        assert [credit.outlet for credit in found] == [outlet]
        assert all(text[c.start : c.end].strip() == c.line and c.outlet in c.line for c in found)


@pytest.mark.parametrize(
    "sentence",
    [
        "Harbour Watch reported on Saturday that the vans were back.",
        "According to Harbour Watch the vans were back, and nobody knew why.",
        "A press release by Harbour Watch had announced it, the mayor said.",
        "The vans, says Harbour Watch, came from the ministry.",
        "People from Harbour Watch brought tea and blankets.",
        "The tea was taken from harbour to harbour.",
        "Selon La Lanterne d'Éole, les fourgons étaient là.",
        "Un communiqué de La Lanterne d'Éole accuse la mairie de mensonge.",
        "Laut Harbour Watch standen die Wagen seit Samstag dort.",
        "See also our report on Harbour Watch.",
        "Follow Harbour Watch on the radio.",
        "Support Harbour Watch!",
        "The tale is translated from German.",
        "(source lines of code)",
        "Send your news to post@harbour.example before noon.",
    ],
)
def test_who_is_only_named_is_not_credited(sentence: str) -> None:
    assert credits.find_credits(f"{STORY}\n{sentence}\n{STORY}", SOURCES) == []


@pytest.mark.parametrize(
    "line",
    [
        "From the window one could see the vans.",
        "From six there is soup in the yard behind the library.",
        "Via the back door, as always.",
        "Sources close to the ministry deny it.",
        "Sources of income for the winter",
        "Statement by the prisoners follows tomorrow.",
        "Lu sur le mur d'en face, à la craie.",
        "Publié par erreur, puis retiré.",
        "Quelle surprise pour la ville !",
        "Quelle honte pour le quartier !",
        "Fuentes del barrio lo confirman.",
        "Tomado de la mano cruzó la plaza.",
        "Fonti vicine al comune lo negano.",
        "Bronnen bij de gemeente spreken dat tegen.",
        "Bronnen",
        "Quellen",
        "Fromage",
        "Viaduct",
    ],
)
def test_an_ordinary_sentence_is_no_credit(line: str) -> None:
    assert outlets(f"{STORY}\n{line}\n{STORY}") == []


def test_a_text_without_credits_has_none() -> None:
    assert outlets(STORY) == []


def test_a_long_line_is_a_sentence_of_the_article() -> None:
    assert outlets("Source: " + "a very long tale about who said what " * 10) == []


def test_each_credit_tells_where_its_line_stands() -> None:
    text = f"(source: Harbour Watch)\n{STORY}\nRepris de La Lanterne"

    found = credits.find_credits(text)

    assert [text[c.start : c.end] for c in found] == ["(source: Harbour Watch)", "Repris de La Lanterne"]
    assert [c.line for c in found] == ["(source: Harbour Watch)", "Repris de La Lanterne"]


@pytest.mark.parametrize(
    ("outlet", "expected"),
    [
        ("Harbour Watch", HARBOUR),
        ("HARBOUR  WATCH", HARBOUR),
        ("harbour", HARBOUR),
        ("harbourwatch", HARBOUR),
        ("Les Veilleurs du Port", HARBOUR),
        ("harbour.example", HARBOUR),
        ("La Lanterne d’Eole", LANTERNE),
        ("lanterne-eole.example", LANTERNE),
        ("www.lanterne-eole.example", LANTERNE),
        ("https://www.lanterne-eole.example/2026/11/des-fourgons", LANTERNE),
        ("http://harbour.example/", HARBOUR),
        ("lanterne-eole.exmaple", LANTERNE),
        ("lantern-eole.example", LANTERNE),
        ("https://www.lanterne-eolle.example/2026/", LANTERNE),
    ],
)
def test_a_credit_is_resolved_by_name_id_alias_or_host(outlet: str, expected: Source) -> None:
    credit = Credit(start=0, end=1, line="x", outlet=outlet)

    assert credits.resolve(credit, SOURCES).source_id == expected.id


@pytest.mark.parametrize("outlet", ["Harbour", "Harbour Watchers", "the ministry", "eole.example", "…"])
def test_a_credit_to_somebody_else_stays_unresolved(outlet: str) -> None:
    known = (source("harbour-watch", name="Harbour Watch"), LANTERNE)

    assert credits.resolve(Credit(start=0, end=1, line="x", outlet=outlet), known).source_id is None


@pytest.mark.parametrize(
    "head",
    [
        "Joint statement of: A – B – C",
        "Communiqué commun de : A – B – C",
        "(Gemeinsame Pressemitteilung von A und B)",
        "Comunicado conjunto de A y B",
        "Comunicato congiunto di A e B",
        "Gezamenlijke verklaring van A en B",
    ],
)
def test_a_text_signed_by_several_says_so_at_its_head(head: str) -> None:
    assert credits.is_joint(f"{head}\n{STORY}")
    assert not credits.is_joint(f"{STORY}\nThe {head.lower()} was read aloud.")


def test_a_misspelt_host_that_may_mean_two_sources_means_none() -> None:
    twins = (source("a", url="https://quay-one.example/"), source("b", url="https://quay-two.example/"))
    credit = Credit(start=0, end=1, line="x", outlet="quay-oeo.example")

    assert credits.resolve(credit, twins).source_id is None


@given(st.text(st.characters(codec="utf-8")))
def test_no_text_makes_it_fail_and_every_span_is_a_line(text: str) -> None:
    for credit in credits.find_credits(f"Source: x{text}\n{text}"):
        assert credit.outlet.strip()
        assert 0 <= credit.start < credit.end
    credits.is_joint(text)


@pytest.mark.parametrize("line", ["(" * 150, "source " * 20, "(source:" + " " * 140, "via (" + "a(" * 70, ". " * 75])
def test_awkward_lines_end_quickly(line: str) -> None:
    began = time.process_time()

    credits.find_credits(f"{line}\n" * 300, SOURCES)

    assert time.process_time() - began < 2
