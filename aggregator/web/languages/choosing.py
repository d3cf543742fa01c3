"""What a browser asks for to a language. Pure."""

from __future__ import annotations

import re

LANGUAGES = {"en": "English", "fr": "Français", "de": "Deutsch"}
"""Those that the pages speak, with their names for themselves. The first where nothing is asked for."""
DEFAULT = next(iter(LANGUAGES))
COOKIE = "language"
"""The cookie that says which somebody chose: nothing else is in it."""
MAX_BACK_CHARS = 2_000
_RANGE = re.compile(r"([a-z]{1,8}|\*)(?:-[a-z0-9]{1,8}){0,9}[ \t]*(?:;[ \t]*q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?")
_MOST_RANGES = 50
_UNSEEN = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\ud800-\udfff]")


def chosen(cookie: str | None, accepted: str) -> str:
    """Return the language for somebody.

    Args:
        cookie: What they chose earlier; None, or no language of ours: they did not.
        accepted: The header Accept-Language (RFC 9110, section 12.5.4), empty if there is none; what of it is not
            understood says nothing.

    Returns:
        One of ``LANGUAGES``.
    """
    if cookie in LANGUAGES:
        return str(cookie)
    wanted = _wanted(accepted)
    unnamed = wanted.get("*", 0.0)
    weights = {name: wanted.get(name, unnamed) for name in LANGUAGES}
    accepts = [name for name in LANGUAGES if weights[name] > 0]
    order = list(wanted)  # of what is wanted as much as another, the one that is named first
    return min(
        accepts, key=lambda name: (-weights[name], order.index(name if name in wanted else "*")), default=DEFAULT
    )


def _wanted(accepted: str) -> dict[str, float]:
    """Return how much each language is wanted, those that are named first in front; ``fr-CH`` is French (RFC 4647).

    A language that is refused by its own name is refused, whatever is said of its kinds.
    """
    wanted: dict[str, float] = {}
    refused = set()
    for said in accepted.lower().split(",", _MOST_RANGES)[:_MOST_RANGES]:
        if hit := _RANGE.fullmatch(said.strip(" \t")):
            weight = float(hit[2] or 1)
            wanted[hit[1]] = max(weight, wanted.get(hit[1], 0.0))
            if not weight and said.partition(";")[0].strip(" \t") == hit[1]:
                refused.add(hit[1])
    return {name: 0.0 if name in refused else weight for name, weight in wanted.items()}


def is_own_path(back: str) -> bool:
    """Whether an address is a path of this server, and no way for a link to lead elsewhere through it.

    A browser takes what begins with two slashes, of either kind or with a line end between, for an address of others.
    """
    path = back.partition("?")[0]
    is_path = path.startswith("/") and "//" not in path and "\\" not in back
    return is_path and len(back) <= MAX_BACK_CHARS and not _UNSEEN.search(back)
