"""From what was typed to what is looked for, and whether a text still has it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from aggregator.catalogue import Catalogue
from aggregator.home import Home
from aggregator.query import All, Any, Node, Not, Only, Phrase, Reach, Word


def resolved(node: Node | None, home: Home, catalogue: Catalogue) -> Node | None:
    """Return a query in which families are named by their articles, and tags by the sources that have them.

    Raises:
        SourcesError: A tag is asked for, and sources.yaml, which says whose it is, is refused.
    """

    def named(only: Only) -> Only:
        if only.field == "cluster":
            of_members = {cluster for cluster, _ in catalogue.memberships(only.values).values()}
            families = catalogue.clusters({*only.values, *of_members})
            return Only("id", tuple(member for family in families for member in family.members))
        if only.field == "tag":
            from aggregator import sources

            tags = {value.casefold() for value in only.values}
            followed = sources.load(home.sources_yaml).sources
            return Only("source", tuple(s.id for s in followed if tags & {tag.casefold() for tag in s.tags}))
        return only

    return None if node is None else _mapped(node, named)


def _mapped(node: Node, change: Callable[[Only], Node]) -> Node:
    match node:
        case All(nodes):
            return All(tuple(_mapped(each, change) for each in nodes))
        case Any(nodes):
            return Any(tuple(_mapped(each, change) for each in nodes))
        case Not(inner):
            return Not(_mapped(inner, change))
        case Only():
            return change(node)
        case _:
            return node


def relaxed(node: Node | None, *, phrases: bool) -> Node | None:
    """Return a query for which some of the words are enough; None: it demands no two.

    Args:
        node: The query.
        phrases: Whether phrases are no more than words, too; else they stay demanded.
    """
    if not isinstance(node, All):
        return None
    kinds = (Word, Phrase) if phrases else (Word,)
    words = tuple(each for each in node.nodes if isinstance(each, kinds))
    rest = tuple(each for each in node.nodes if not isinstance(each, kinds))
    if len(words) < 2:
        return None
    return All((Any(words), *rest)) if rest else Any(words)


def only_of(node: Node | None) -> Iterator[Only]:
    """Yield what a query says of articles besides their texts."""
    match node:
        case Only():
            yield node
        case Not(inner):
            yield from only_of(inner)
        case All(nodes) | Any(nodes):
            for each in nodes:
                yield from only_of(each)


def wanted_words(node: Node | None) -> list[Word]:
    """Return the words that a query looks for; those of phrases as they stand."""
    match node:
        case Word():
            return [node]
        case Phrase(words, place):
            return [Word(word, Reach.EXACT, place) for word in words]
        case All(nodes) | Any(nodes):
            return [word for each in nodes for word in wanted_words(each)]
        case _:
            return []
