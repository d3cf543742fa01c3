"""Captures as one WARC file: the members of the archive byte for byte, each with its request."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from aggregator import archive
from aggregator.archive import cdxj
from aggregator.errors import StoreError
from aggregator.exports.aside import Sink
from aggregator.model import Capture

MayLeave = Callable[[Capture, archive.Copy], bool]


class WarcWriter:
    """Copies captures into a WARC file.

    Args:
        copier: Reads the archive.
        sink: Where the file goes.
        name: What it is called in its index.
        first: Its first member, a warcinfo record.
        may_leave: Looks into what is about to leave.

    Attributes:
        offsets: Where the record of each capture begins, by record id.
        lines: The CDXJ lines of the captures so far.
        problems: Captures that could not be copied: what is wrong, in words.
        withheld: The captures that may not leave, by record id.
    """

    def __init__(self, copier: archive.Copier, sink: Sink, *, name: str, first: bytes, may_leave: MayLeave) -> None:
        self._copier = copier
        self._sink = sink
        self._name = name
        self._may_leave = may_leave
        self.offsets: dict[str, int] = {}
        self.lines: list[str] = []
        self.problems: list[str] = []
        self.withheld: set[str] = set()
        sink.write(first)

    def add(self, captures: Iterable[Capture]) -> None:
        """Copy captures; one that is damaged or missing is named and passed over.

        One that says "as before" stays where what was before stays.
        """
        for capture in sorted(captures, key=lambda capture: capture.refers_to is not None):
            if capture.refers_to in self.withheld:
                self.withheld.add(capture.record_id)
                continue
            try:
                copied = self._copier.copy(capture)
                if not self._may_leave(capture, copied):
                    self.withheld.add(capture.record_id)
                    continue
                line = cdxj.line(replace(copied.record, offset=self._sink.size_bytes), self._name)
            except (StoreError, ValueError) as error:
                self.problems.append(f"{capture.url}: {error}")
                continue
            self.offsets[capture.record_id] = self._sink.size_bytes
            self.lines += [line] if line else []
            self._sink.write(copied.data)
