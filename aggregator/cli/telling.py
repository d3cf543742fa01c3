"""A family as people read it: a table of its articles, what was decided, why each is in it, what it shares."""

from __future__ import annotations

from collections.abc import Iterable, Set
from typing import TYPE_CHECKING

from aggregator import periods
from aggregator.cli import output as show
from aggregator.model import Article, Match, Passage, Relation

if TYPE_CHECKING:
    from aggregator.reposts import Family

_PASSAGES_SHOWN = 3
_PASSAGE_CHARS = 150
_MATCHES_SHOWN = 20


def print_family(family: Family, *, passages: bool, new: Iterable[str] = ()) -> None:
    """Print a family: its articles as they were published, and if wanted why each is in it, with its longest passages.

    Args:
        family: Which.
        passages: Whether to give reasons and passages.
        new: The articles that are marked as new.
    """
    from aggregator.reposts import GIVEN

    if family.is_alone:
        _print_decisions(family)
        return
    first, best, parts = family.first, family.best_matches(), family.parts()
    show.line((_heading(family), "bold"))
    fresh = set(new)
    plain = {GIVEN, first} if len(family.articles) > 2 else family.members
    rows = []
    for article in family.in_order:
        match, round_up = best.get(article.id), family.round_ups.get(article.id)
        what = parts.get(article.id, "")
        shared = _share(match, article.id, plain) if match and article.id != first else ""
        if round_up:
            what = f"roundup of {show.counted(round_up.texts, 'text')}" if what == "roundup" else what
            shared = f"{shared}, {round_up.share:.0%} in all" if first and shared else f"{round_up.share:.0%} in all"
        mark = "●" if article.id == first else "○"
        rows.append(
            (
                mark,
                periods.shown_claim(article.claimed_at),
                "the text given" if article.id == GIVEN else show.one_line(article.source_id),
                article.language or "?",
                f"{what}{' (new)' if article.id in fresh else ''}",
                shared,
                "" if article.id == GIVEN else show.one_line(article.id),
                "" if article.id == GIVEN else show.one_line(article.title or "(no title)"),
            )
        )
    if show.is_narrow():
        for mark, when, source, language, what, share, ident, title in rows:
            said = share.replace("%", "% shared", 1)
            show.line((f"{mark} ", "bold"), "  ".join(filter(None, (when, source, language, what, said))))
            if ident:
                show.line((ident, "cyan"), f"  {title}", indent=4)
    else:
        show.table(("", "published (UTC)", "source", "in", "what", "shared", "id", "title"), rows)
    _print_decisions(family)
    if passages:
        _print_matches(family)
    show.line()


def _print_decisions(family: Family) -> None:
    for one in family.decisions:
        known = {**family.apart, **family.articles}
        names = ", ".join(called(known[i]) if i in known else i for i in one.articles)
        show.line((f"   {one.kind}", "magenta"), f" by {show.one_line(one.by)} on {show.day(one.at)}: {names}")


def _heading(family: Family) -> str:
    """Return in words who is in a family and who had the text first."""
    cluster = family.cluster
    from aggregator.reposts import GIVEN

    others = len(family.members - {GIVEN}) - (len(cluster.members) if cluster else 0)
    said = [show.counted(len(cluster.members), "article") + ", one text"] if cluster else []
    translated = {i for m in family.matches if m.relation is Relation.TRANSLATION for i in (m.a, m.b)}
    apart = len(translated - set(cluster.members if cluster else ()))
    if apart:
        said.append(show.counted(apart, "translation") if cluster else "a text and its translation")
        others -= apart
    if others > 0:
        said.append(f"{show.counted(others, 'article')} {'shares' if others == 1 else 'share'} a passage")
    if cluster and cluster.original:
        original = family.articles[cluster.original]
        said.append(f"probable original: {called(original)}")
    elif cluster and any(m.kind == "joint" for m in family.matches):
        said.append("a joint release, without an original")
    elif cluster:
        said.append("original undecided")
    return " · ".join(said)


def _share(match: Match, article_id: str, plain: Set[str | None]) -> str:
    """Return how much of an article's text stands in the other of a match; in which, if it is not a plain case."""
    share, other = (match.a_coverage, match.b) if match.a == article_id else (match.b_coverage, match.a)
    return f"{share:.0%}" if other in plain else f"{share:.0%} in {other}"


def _print_matches(family: Family) -> None:
    _print_credits(family)
    chosen = family.telling_matches()
    for match in chosen[:_MATCHES_SHOWN]:
        a, b = (family.articles[i] for i in family.ordered(match))
        show.line((f"   {match.kind}", "magenta"), f"  {called(a)} {'→' if match.first else '–'} {called(b)}")
        for reason in match.evidence:
            show.line(f"– {show.one_line(reason)}", indent=6)
        _print_passages(match, family)
    left = len(family.matches) - min(len(chosen), _MATCHES_SHOWN)
    if left > 0:
        show.line((f"   {show.counted(left, 'more pair')} among them: --json gives all", "dim"))


def _print_credits(family: Family) -> None:
    """Print what a text that was given credits, where no reason of a pair says so."""
    from aggregator.reposts import GIVEN

    told = [reason for match in family.matches if GIVEN in (match.a, match.b) for reason in match.evidence]
    for credit in family.credits.get(GIVEN, ()):
        if not any(repr(credit.line) in reason for reason in told):
            whom = f" ({credit.source_id})" if credit.source_id else ""
            show.line(f"– the text given credits {show.one_line(credit.outlet)}{whom}: {credit.line!r}", indent=6)


def called(article: Article) -> str:
    """Return what people call an article: its source and id."""
    from aggregator.reposts import GIVEN

    if article.id == GIVEN and not article.source_id:
        return "the text given"
    return show.one_line(f"{article.source_id} {article.id}".strip())


def _print_passages(match: Match, family: Family) -> None:
    longest = sorted(match.passages, key=lambda p: p.a_start - p.a_end)[:_PASSAGES_SHOWN]
    for p in sorted(longest):
        show.line((f"“{_cut(family.texts[match.a, match.a_version], p)}”", "dim"), indent=8)
        if match.relation is Relation.TRANSLATION:
            there = Passage(p.b_start, p.b_end, p.b_start, p.b_end)
            show.line((f"“{_cut(family.texts[match.b, match.b_version], there)}”", "dim"), indent=8)
    if len(match.passages) > _PASSAGES_SHOWN:
        show.line((f"and {len(match.passages) - _PASSAGES_SHOWN} more", "dim"), indent=8)


def _cut(text: str, passage: Passage) -> str:
    """Return a passage, or its beginning and end, in whole words."""
    said = " ".join(text[passage.a_start : passage.a_end].split())
    if len(said) <= _PASSAGE_CHARS:
        return said
    beginning, end = said[: 2 * _PASSAGE_CHARS // 3], said[-_PASSAGE_CHARS // 3 :]
    return f"{beginning.rpartition(' ')[0] or beginning} […] {end.partition(' ')[2] or end}"
