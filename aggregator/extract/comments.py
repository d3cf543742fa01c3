"""What readers wrote under an article: kept apart from its text, whatever the markup."""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import deepcopy

from aggregator.extract.tree import Element
from aggregator.extract.words import one_line

_MANY = (
    r"comments|additions|kommentare|ergänzungen|commentaires|compléments(?: d['’]infos?)?|messages du forum|comentarios"
    r"|commenti|reacties|aanvullingen"
)
_ONE = (
    r"comment|addition|kommentar|ergänzung|commentaire|complément(?: d['’]info)?|comentario|commento|reactie|aanvulling"
)
_HEADING = re.compile(
    rf"\W*(?:(?:\d+\s+|all |alle |inhaltliche |tous les |todos los |the )?(?:{_MANY})|1\s+(?:{_ONE}))\W*"
    r"(?:on this (?:article|post|story)\W*)?(?:\d+(?:\s*(?:of|/|von|sur|de)\s*\d+)?\W*)?"
    r"(?:(?:hide|show|display|ausblenden|anzeigen)\b.{0,30})?",
    re.IGNORECASE,
)
"""The whole of a heading above comments: "Comments (4 of 4)", "3 commentaires", "Comments (Hide Comments)". One in the
singular without a number is a label of an opinion ("Kommentar"), or an author's own addition."""
_NAMED = re.compile(
    r"(?:^|[\s_-])(?:comments?|commentlist|comment-?list|kommentare?|commentaires?|comentarios|ergaenzung(?:en)?"
    r"|additions?|forum-messages?)(?:$|[\s_-])",
    re.IGNORECASE,
)
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6", "b", "strong", "legend", "caption", "dt", "th", "summary")
_HEADING_CHARS = 60
_LEAST_ABOVE = 200
"""Characters outside links that stand above comments: without so many there is no article that they could be about."""


def taken_out(tree: Element, *, with_lines: bool) -> tuple[str, ...]:
    """Take what a heading says are comments out of a page's tree.

    Elements whose names say that they are comments are pruned by the extractor; on sites of 2003 nothing is named.

    Args:
        tree: The page; changed.
        with_lines: Whether to give the comments.

    Returns:
        Their lines, also those of comments that are named so; empty: there are none, or they were not asked for.
    """
    behind = _headed(tree)
    lines = tuple(_lines(tree, behind)) if with_lines else ()
    for element in behind:
        element.drop_tree()
    return lines


def _headed(tree: Element) -> list[Element]:
    """Return the first heading that says that comments begin here, with what follows; empty: none does."""
    for element in filter(_is_heading, tree.iter(*_HEADINGS)):
        above = element.xpath("preceding::text()[not(ancestor::a or ancestor::head)]")
        if sum(len(text.strip()) for text in above) >= _LEAST_ABOVE:
            return _behind(element)
    return []


def _lines(tree: Element, behind: list[Element]) -> Iterator[str]:
    """Give the lines of what is named or headed as comments; the tree is not changed."""
    from aggregator.extract.cascade import all_lines_of

    found = list(behind)
    for element in tree.iter("div", "section", "ol", "ul", "li", "article", "table"):
        label = f"{element.get('class') or ''} {element.get('id') or ''}"
        if len(label) > 1 and _NAMED.search(label) and not any(one in element.iterancestors() for one in found):
            found.append(element)
    if not found:
        return
    body = tree.makeelement("body")
    body.extend(deepcopy(one) for one in found)
    yield from (line.text for line in all_lines_of(body) if not _HEADING.fullmatch(line.text))


def _is_heading(element: Element) -> bool:
    return next(element.iterancestors("a"), None) is None and _says_comments(element)


def _says_comments(element: Element) -> bool:
    text = one_line(element.text_content())
    return 0 < len(text) <= _HEADING_CHARS and bool(_HEADING.fullmatch(text))


def _behind(heading: Element) -> list[Element]:
    """Return a heading, or what holds nothing but it, and the elements that follow."""
    start = heading
    while (around := start.getparent()) is not None and around.tag not in ("body", "html") and _says_comments(around):
        start = around
    return [start, *(one for one in start.itersiblings() if isinstance(one.tag, str))]
