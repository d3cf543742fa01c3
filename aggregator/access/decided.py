"""What was decided to be withdrawn, and what recognises it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from aggregator.access.marks import Marks, Recogniser
from aggregator.decisions import KEY, NAME, Decisions, Event, Stand
from aggregator.errors import StoreError
from aggregator.home import Home

_TOLD_BY = ("takedown", "lift", "carried-out", "surrounded")
"""The events that a takedown is told by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Takedown:
    """A decision to withdraw something, as its event says it."""

    number: int
    """Of the event; by it the decision is lifted."""
    at: datetime
    action: str
    """hide or erase."""
    scope: str
    """article, version, passage or name."""
    reason: str
    by: str
    until: datetime | None
    """When it ends; None: it does not."""
    lifted: bool
    finished: bool
    """Whether an erase has been carried out; a hide is in force at once."""
    marks: Marks
    reached: dict[str, Any]
    node: str = ""
    """The machine on which it was decided, where several write the archive; empty: this one."""
    around: Marks | None = None
    """Of a hide, what stands of its articles on the pages of others; None: that was not looked for (yet)."""

    @property
    def everywhere(self) -> Marks:
        """All that is withdrawn of captures, which hold more than the article that was read in them."""
        return self.marks | self.around if self.around else self.marks

    @property
    def is_to_be_carried_out(self) -> bool:
        """Whether it is an erase that is decided and not done."""
        return not (self.finished or self.lifted)

    def in_force(self, now: datetime) -> bool:
        """Whether it hides anything now."""
        return not self.lifted and (self.until is None or now < self.until)


def takedowns(home: Home) -> list[Takedown]:
    """Return every takedown that was decided here, oldest first.

    Raises:
        StoreError: The events cannot be read.
    """
    at = Decisions(home.archive).stand()
    return list(_takedowns(home.archive, at)) if at else []


@lru_cache(maxsize=4)
def _takedowns(folder: Path, _: Stand) -> tuple[Takedown, ...]:
    """Return the same; to understand them again for every page took longer than the page."""
    return tuple(_understood(folder / NAME, Decisions(folder).events(*_TOLD_BY)))


def withdrawals(home: Home) -> list[Takedown]:
    """Return every takedown that holds here: those that were decided here, then those of other machines.

    Raises:
        StoreError: The events cannot be read; or what another machine withdrew is not recognised by the key here.
    """
    return [*takedowns(home), *_of_others(home.archive, Decisions(home.archive).stands())]


@lru_cache(maxsize=4)
def _of_others(folder: Path, _: tuple[Stand, ...]) -> tuple[Takedown, ...]:
    decisions = Decisions(folder)
    found: list[Takedown] = []
    for node, events in decisions.of_others(*_TOLD_BY).items():
        signs = {event.said["key"] for event in events if event.kind == "takedown" and "key" in event.said}
        if signs - {sign for sign in (decisions.key_sign(),) if sign}:
            raise StoreError(
                folder / KEY,
                f"missing, or another than that by which {node} made what it withdrew recognisable. Nothing is shown. "
                "Copy the file from there; where both have withdrawn something, decide here again what was decided "
                "with the key that goes.",
            )
        found += (replace(each, node=node) for each in _understood(folder / "nodes" / f"{node}.jsonl", events))
    return tuple(found)


def _understood(path: Path, events: Sequence[Event]) -> Iterator[Takedown]:
    """Yield the takedowns of one chain.

    Raises:
        StoreError: One cannot be understood.
    """
    lifted = {event.said.get("takedown") for event in events if event.kind == "lift"}
    finished = {event.said.get("takedown") for event in events if event.kind == "carried-out"}
    said = {event.said.get("takedown"): event for event in events if event.kind == "surrounded"}  # the last of each
    try:
        around = {number: Marks.from_json(event.said["marks"]) for number, event in said.items()}
        for event in events:
            if event.kind == "takedown":
                each = _takedown(event, lifted=event.number in lifted, finished=event.number in finished)
                yield replace(each, around=around.get(each.number))
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise StoreError(path, f"a takedown cannot be read ({error}). Run `verify`.") from error


def _takedown(event: Event, *, lifted: bool, finished: bool) -> Takedown:
    said = event.said
    return Takedown(
        number=event.number,
        at=event.at,
        action=said["action"],
        scope=said["scope"],
        reason=said["reason"],
        by=said["by"],
        until=datetime.fromisoformat(said["until"]) if said.get("until") else None,
        lifted=lifted,
        finished=finished or said["action"] == "hide",
        marks=Marks.from_json(said["marks"]),
        reached=said.get("reached", {}),
    )


def recogniser(home: Home, now: datetime, *, erased_only: bool = False) -> Recogniser | None:
    """Return what recognises all that is withdrawn now; None: nothing is.

    Args:
        home: Whose decisions.
        now: Decisions that have ended by then do not count.
        erased_only: Leave out what is only hidden: it is still archived.

    Raises:
        StoreError: The events or the key cannot be read.
    """
    decided = (each for each in withdrawals(home) if not (erased_only and each.action == "hide"))
    return recogniser_of(home, (each.marks for each in decided if each.in_force(now)))


united = lru_cache(maxsize=4)(Marks.union)


def recogniser_of(home: Home, decided: Iterable[Marks]) -> Recogniser | None:
    """Return what recognises some marks; None: there are none.

    Raises:
        StoreError: The key cannot be read.
    """
    marks = united(tuple(decided))
    if marks == Marks():
        return None
    key = Decisions(home.archive).key()
    if key is None:
        raise StoreError(
            home.archive / "takedown.key",
            "missing, and something is withdrawn that only it makes recognisable. Nothing is shown. Restore the file.",
        )
    return Recogniser(key, marks)
