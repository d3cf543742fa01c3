"""The main text of a tree, by the stages of trafilatura, each only where the one before may have failed.

They are those of its ``core.trafilatura_sequence`` in balanced mode, without comments; what differs: where the first
stage is sure, no second extractor is asked. Of 623 real pages it was sure on three in four, and one in a hundred came
out another way than by all stages.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from functools import cache
from typing import Any

from aggregator.extract.tree import Element

_SURE_CHARS = 500
_SURE_PARAGRAPHS = 5
_SURE_SHARE = (0.5, 1.5)
"""Length of the text against that of all paragraphs of the page."""
_SHORT_CHARS, _SHORT_SHARE = 3_000, 0.2
"""A text below both, of the text of the page, is looked for again with looser rules (trafilatura's ESCALATION_*)."""
_LONGER, _LONGER_JUSTEXT = 1.5, 2.0
_BLOCKS = frozenset("p head item quote code row list table lb div fw formula".split())
_APPENDED = ("mvp-post-add", "infinite", "elementor-share-buttons")
_COMMENTS = ("omment", "comol", "disqus_thread")
"""What classes and ids hold where trafilatura's RAW_TREE_PRUNE_XPATH and REMOVE_COMMENTS_AND_LISTS_XPATH can match:
to look for it takes a hundredth of the time of these."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a text, as the extractor gave it."""

    text: str
    linked: float
    """The share of its characters that are inside links, from 0.0 to 1.0."""
    heading: bool = False


def lines_of(tree: Element, *, shown_chars: int, is_thread: bool = False) -> list[Line]:
    """Return the lines of a page's main text, in order; the tree is changed.

    Args:
        tree: The root element; what is pruned from it is gone.
        shown_chars: How much text the page shows in all.
        is_thread: The page is a forum's thread: its posts are not comments.
    """
    return _lines(_body(tree, shown_chars, is_thread))


def all_lines_of(tree: Element) -> list[Line]:
    """Return every line of a page that is nothing but the main text; the tree is changed."""
    from trafilatura.htmlprocessing import convert_tags, tree_cleaning

    return _lines(convert_tags(tree_cleaning(tree, _options()), _options(), None))


@cache
def _names() -> Any:
    """Return what gives the classes and ids of a tree."""
    from lxml import etree

    return etree.XPath(".//@class|.//@id", smart_strings=False)


@cache
def _options() -> Any:
    from trafilatura.settings import Extractor

    return Extractor(comments=False, links=True)


def _body(tree: Element, shown_chars: int, is_thread: bool) -> Element:
    from trafilatura.baseline import baseline
    from trafilatura.external import compare_extraction, justext_rescue
    from trafilatura.htmlprocessing import convert_tags, prune_unwanted_nodes, tree_cleaning
    from trafilatura.main_extractor import extract_content
    from trafilatura.xpaths import RAW_TREE_PRUNE_XPATH, REMOVE_COMMENTS_AND_LISTS_XPATH

    options = _options()
    names = "\n".join(_names()(tree))
    if any(part in names for part in _APPENDED):
        tree = prune_unwanted_nodes(tree, RAW_TREE_PRUNE_XPATH)
    if not is_thread and any(part in names for part in _COMMENTS):
        tree = prune_unwanted_nodes(tree, REMOVE_COMMENTS_AND_LISTS_XPATH)
    cleaned = tree_cleaning(copy(tree), options)
    paragraphs = [len(paragraph.text_content()) for paragraph in cleaned.iter("p")]
    body, text = extract_content(convert_tags(cleaned, options, None), options)
    if _is_sure(len(text), shown_chars, paragraphs):
        return body
    body, text = compare_extraction(tree_cleaning(copy(tree), options), copy(tree), body, text, options)
    if len(text) < options.min_extracted_size:
        other, other_text, _ = baseline(tree)
        if len(other_text) > len(text):
            body, text = other, other_text
    if 0 < len(text) < _SHORT_CHARS and len(text) < _SHORT_SHARE * shown_chars:
        looser = copy(options)
        looser.focus = "recall"
        found = extract_content(convert_tags(tree_cleaning(copy(tree), looser), looser, None), looser)
        cleaned = tree_cleaning(copy(tree), looser)
        again, again_text = compare_extraction(cleaned, copy(tree), *found, looser)
        other, other_text = justext_rescue(copy(tree), options)
        if len(other_text) > max(len(again_text), _LONGER_JUSTEXT * len(text)):
            return other
        if len(again_text) >= options.min_extracted_size and len(again_text) > _LONGER * len(text):
            return again
    return body


def _is_sure(chars: int, shown_chars: int, paragraphs: list[int]) -> bool:
    least, most = _SURE_SHARE
    return (
        chars >= _SURE_CHARS
        and (chars >= _SHORT_CHARS or chars >= _SHORT_SHARE * shown_chars)
        and len(paragraphs) >= _SURE_PARAGRAPHS
        and least * sum(paragraphs) <= chars <= most * sum(paragraphs)
    )


def _lines(body: Element) -> list[Line]:
    lines: list[Line] = []
    pieces: list[tuple[str, bool]] = []

    def end(heading: bool = False) -> None:
        text = " ".join("".join(piece for piece, _ in pieces).split())
        if text:
            linked = sum(len("".join(piece.split())) for piece, is_link in pieces if is_link)
            lines.append(Line(text, min(1.0, linked / len(text.replace(" ", ""))), heading))
        pieces.clear()

    from lxml import etree

    links = 0
    for event, element in etree.iterwalk(body, events=("start", "end")):
        tag = element.tag
        if event == "start":
            if tag in _BLOCKS:
                end()
            links += tag == "ref"
            pieces.append((element.text or "", links > 0))
            continue
        links -= tag == "ref"
        if tag in _BLOCKS:
            end(tag == "head")
        elif tag == "cell":
            pieces.append((" ", False))
        if element is not body:
            pieces.append((element.tail or "", links > 0))
    end()
    return lines
