"""What each origin's robots.txt allows (RFC 9309); the door to protego."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote

from protego import Protego

from aggregator import urls
from aggregator.clock import SYSTEM, Clock
from aggregator.fetch import limits
from aggregator.fetch.fetcher import AGENT

HOLD = timedelta(hours=24)
"""How long rules are obeyed before they are asked for again (RFC 9309, section 2.4)."""
MAX_HELD = 10_000
"""Origins whose rules are held; of more, those that were not asked about for longest are read again when need be."""
MAX_HELD_BYTES = 64 << 20
"""What the rules that are held may take in memory together, about; likewise. A hostile 500 KB take 100 MB."""
HOLD_NOTHING = timedelta(minutes=10)
"""How long an origin whose rules could not be had is left alone."""


_RULE = re.compile(r"\s*(?:user|allow|dis|dias|crawl)", re.IGNORECASE)
"""How the lines begin that make or fill a group, misspelt ones too; any other, as one that nobody knows, ends none."""
_AGENT_LINE = re.compile(r"(\s*user[\s-]*agent\s*:?\s*)(\*|[a-z_-]*)(?![a-z_-]).*", re.IGNORECASE)
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")
_TAKES = {"\n": 400, "*": 100, "$": 1_000, "index.html": 500, "": 16}
"""What a line takes in memory when it is read, a sign more, and every character, in bytes; as measured."""


@dataclass(slots=True)
class _Rules:
    """One robots.txt, read twice: by RFC 9309 ``%7E`` and ``~`` match, elsewhere they do not; the stricter decides."""

    text: str
    """The lines that make or fill groups."""
    is_long: bool
    """Whether they are too long to be read for what a page shows."""
    read: tuple[Protego, ...] = ()
    """The rules, and those with their escapes taken for what they look like; empty: nobody needed them yet."""

    @classmethod
    def of(cls, body: bytes) -> _Rules:
        lines = _whole_lines(body).decode("utf-8-sig", "replace").splitlines()
        text = "\n".join(_AGENT_LINE.sub(_ours_or_not, line) for line in lines if _RULE.match(line))
        return cls(text, len(body) > limits.MAX_ROBOTS_BESIDE_BYTES)

    @property
    def takes(self) -> int:
        """How many bytes of memory they take when they are read, about."""
        once = sum(self.text.count(sign) * each for sign, each in _TAKES.items())
        return once * 2 if "%" in self.text else once

    def allow(self, url: str) -> bool:
        decoded, *literal = self._as_read()
        if not decoded.can_fetch(url, AGENT):
            return False
        return all(each.can_fetch(_literal(url), AGENT) for each in literal)

    def crawl_delay_s(self) -> float:
        return float(self._as_read()[0].crawl_delay(AGENT) or 0.0)

    def _as_read(self) -> tuple[Protego, ...]:
        if not self.read:
            texts = (self.text, _literal(self.text)) if "%" in self.text else (self.text,)
            self.read = tuple(map(Protego.parse, texts))
        return self.read


def _ours_or_not(line: re.Match[str]) -> str:
    """Return the line that begins a group with the product token of RFC 9309 alone: ours, everybody's or another's."""
    return line[1] + (line[2] if line[2].lower() in ("*", AGENT.lower()) else "another")


def _literal(text: str) -> str:
    """Hide escapes from whoever would undo them."""
    return _NOT_ASCII.sub(lambda match: quote(match[0]), text).replace("%", "%25")


def _whole_lines(body: bytes) -> bytes:
    """Return the lines within the limit; half a rule could forbid more than it said."""
    if len(body) <= limits.MAX_ROBOTS_BYTES:
        return body
    return body[: max(body.rfind(end, 0, limits.MAX_ROBOTS_BYTES) for end in (b"\n", b"\r")) + 1]


class Robots:
    """What each origin's robots.txt allows us (RFC 9309).

    Args:
        clock: What time it is: rules are forgotten after a while.
    """

    def __init__(self, clock: Clock = SYSTEM) -> None:
        self._clock = clock
        self._rules: dict[str, tuple[_Rules | bool, datetime]] = {}
        """Rules, or whether everything is allowed; and until when that holds."""
        self._takes = 0
        """What the rules take together, about."""

    @staticmethod
    def address(url: str) -> str:
        """Return where the rules for ``url`` are."""
        return urls.origin(url) + "/robots.txt"

    def knows(self, url: str) -> bool:
        """Whether the rules for ``url`` have been learned, and still hold."""
        origin = urls.origin(url)
        known = self._rules.pop(origin, None)
        if known is None:
            return False
        self._rules[origin] = known  # behind all others: it was asked about last
        return self._clock.now() <= known[1]

    def learn(self, url: str, status: int | None, body: bytes, *, at: datetime | None = None) -> None:
        """Take in an origin's answer to robots.txt.

        RFC 9309, section 2.3.1: 2xx is read; 4xx and redirects without end mean that everything is allowed; anything
        else (``None``: no answer at all) that nothing is. Section 2.4: rules hold for a day; that there is no answer,
        for a few minutes.

        Args:
            url: Of the origin.
            status: Of the answer.
            body: Of the answer.
            at: When it was given; None: now.
        """
        rules: _Rules | bool = status is not None and 300 <= status < 500 and status != 429
        if status is not None and 200 <= status < 300:
            rules = _Rules.of(body)
        self._forget(urls.origin(url))
        self._takes += _takes(rules)
        while self._rules and (len(self._rules) >= MAX_HELD or self._takes > MAX_HELD_BYTES):
            self._forget(next(iter(self._rules)))
        self._rules[urls.origin(url)] = rules, (at or self._clock.now()) + (HOLD if rules else HOLD_NOTHING)

    def _forget(self, origin: str) -> None:
        if known := self._rules.pop(origin, None):
            self._takes -= _takes(known[0])

    def refusal(self, url: str, *, is_beside: bool = False) -> tuple[str, bool] | None:
        """Return why ``url`` may not be asked for, and whether that may change soon; None: it may.

        Args:
            url: In its canonical form: rules are compared with addresses as they are sent, and others never are.
            is_beside: Whether it is only asked for because a page shows it: for such, long rules are not read
                if no page had them read.
        """
        rules, _ = self._rules.get(urls.origin(url), (False, None))
        if rules is False:
            return "robots.txt could not be had, so nothing may be asked for (RFC 9309)", True
        if is_beside and isinstance(rules, _Rules) and rules.is_long and not rules.read:
            return "robots.txt is longer than is read for what a page shows", False
        if not url.isascii() or (isinstance(rules, _Rules) and not rules.allow(url)):
            return "robots.txt forbids it", False
        return None

    def pace_s(self, url: str, pace_s: float) -> float:
        """Return the pause to keep on this host: ours, or the crawl-delay if that is longer, up to a minute."""
        rules, _ = self._rules.get(urls.origin(url), (None, None))
        delay_s = rules.crawl_delay_s() if isinstance(rules, _Rules) else 0.0
        return max(pace_s, min(delay_s, limits.MAX_CRAWL_DELAY_S))


def _takes(rules: _Rules | bool) -> int:
    return rules.takes if isinstance(rules, _Rules) else 0
