"""What was changed in an edit, as an entry of a feed shows it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from markupsafe import Markup

from aggregator import dedupe
from aggregator.dedupe import Change
from aggregator.dossier import changes
from aggregator.model import Version
from aggregator.periods import shown_minute
from aggregator.web.limits import FEED_COMPARED_CHARS, FEED_DIFF_CHARS
from aggregator.web.rendering import plain

_AROUND = 200
"""Characters before and behind a change that are shown with it."""
_CUT = " … "
_TAGS = {"inserted": "ins", "deleted": "del", "same": "span"}


def said_of(before: Version, after: Version) -> Markup | None:
    """Return what changed from one version to the next; None: nothing that is to be seen.

    Args:
        before: As it may be shown.
        after: Likewise.
    """
    said = Markup("<p>Seen at {} UTC, the version before at {} UTC: {}</p>")
    times = shown_minute(after.captured_at), shown_minute(before.captured_at)
    if len(before.text) + len(after.text) > FEED_COMPARED_CHARS:
        return said.format(*times, "too long to be compared here; the page does.")
    found = changes(before, after)
    inserted, deleted = dedupe.words_changed(found)
    if not inserted and not deleted:
        return None
    shown = Markup("").join(_marked(found))
    return said.format(*times, f"+{inserted:,} −{deleted:,} words.") + Markup("<p>{}</p>").format(shown)


def _marked(found: Iterable[Change]) -> Iterator[Markup]:
    """Yield changes with what stands around them, as far as there is room."""
    several, room = list(found), FEED_DIFF_CHARS
    for number, change in enumerate(several):
        text = change.text
        if change.what == "same":
            text = _around(text, is_first=number == 0, is_last=number == len(several) - 1)
        elif len(text) > room:
            text = text[:room] + _CUT
        yield _element(_TAGS[change.what], text)
        room -= len(text)
        if room <= 0:
            yield Markup("<em>There is more; the page shows it.</em>")
            return


def _around(text: str, *, is_first: bool, is_last: bool) -> str:
    head, tail = "" if is_first else text[:_AROUND], "" if is_last else text[-_AROUND:]
    return text if len(text) <= len(head) + len(tail) + len(_CUT) else f"{head}{_CUT}{tail}"


def _element(tag: str, text: str) -> Markup:
    lines = Markup("<br>").join(plain(text).split("\n"))
    return lines if tag == "span" else Markup(f"<{tag}>{{}}</{tag}>").format(lines)
