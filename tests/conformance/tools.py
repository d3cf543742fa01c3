"""Other people's programs, run in an environment of their own, and what they are asked."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from itertools import zip_longest
from pathlib import Path
from typing import Any

PATIENCE_S = 60.0
_CAPTURES = ("response", "revisit")


@dataclass(frozen=True, slots=True)
class Said:
    """What a program said."""

    code: int
    out: str
    """Standard output, then standard error."""

    @property
    def trouble(self) -> str | None:
        """Why it is not content: the end of what it said; None: it is."""
        return None if self.code == 0 else (" ".join(self.out.split())[-160:] or f"exit code {self.code}")


class Tools:
    """The programs of one environment.

    Args:
        folder: Where they are; None: wherever the system finds them.
    """

    def __init__(self, folder: Path | None) -> None:
        path = os.environ.get("PATH", "")
        self._environment = os.environ | {"PATH": f"{folder.resolve()}:{path}" if folder else path}
        self._environment.pop("PYTHONPATH", None)

    def run(self, *words: object, cwd: Path | None = None) -> Said:
        done = subprocess.run(
            [str(word) for word in words],
            capture_output=True,
            env=self._environment,
            cwd=cwd,
            timeout=300,
            stdin=subprocess.DEVNULL,
        )
        return Said(done.returncode, (done.stdout + done.stderr).decode("utf-8", "replace"))

    # --- one WARC file: each returns what is wrong, or None -----------------------------------------------------------

    def gzip(self, file: Path) -> str | None:
        return self.run("gzip", "-t", file).trouble

    def warcio(self, file: Path) -> str | None:
        return self.run("warcio", "check", file).trouble

    def fastwarc(self, file: Path) -> str | None:
        """Every block and payload has its digest.

        FastWARC takes a revisit's payload digest for that of the revisit, not of the record that it refers to (ISO
        28500, 5.9), and calls it wrong; that is passed over.
        """
        said = self.run("fastwarc", "check", "--verify-payloads", file)
        revisits = {record["warc-record-id"] for record in self.records(file) if record["warc-type"] == "revisit"}
        wrong = set(re.findall(r"<urn:uuid:[0-9a-f-]+>", said.out)) - revisits
        return self.run("fastwarc", "check", "--quiet", file).trouble or ", ".join(sorted(wrong)) or None

    def cdxj(self, file: Path) -> str | None:
        """The list is sorted; of web addresses it has a line for each response and revisit, and for nothing else."""
        said = self.run("cdxj-indexer", "--sort", file)
        lines = [line for line in said.out.splitlines() if " {" in line]
        web = [line for line in lines if json.loads(line.split(" ", 2)[2]).get("url", "").startswith("http")]
        captures = sum(record["warc-type"] in _CAPTURES for record in self.records(file))
        if said.trouble or lines != sorted(lines) or len(web) != captures:
            return said.trouble or f"{len(web)} lines of web addresses for {captures} captures, or unsorted"
        return None

    def extract(self, file: Path) -> str | None:
        """Every record can be had alone, by its offset."""
        for record in self.records(file):
            said = self.run("warcio", "extract", file, record["offset"])
            if said.trouble or record["warc-record-id"] not in said.out.partition("\r\n\r\n")[0]:
                return f"at {record['offset']}: {said.trouble or 'another record'}"
        return None

    def lacks(self, word: str) -> Callable[[Path], str | None]:
        """Return a look for a word in all that gzip reads of a file."""

        def look(file: Path) -> str | None:
            found = self.run("zgrep", "--text", "--count", "--ignore-case", "--fixed-strings", word, file)
            return None if (found.code, found.out.strip()) == (1, "0") else f"{file.name}: {found.out.strip()}"

        return look

    def dates(self, files: list[Path]) -> dict[str, datetime]:
        """Return the WARC-Date of every record, by its WARC-Record-ID."""
        found = (record for file in files for record in self.records(file))
        return {r["warc-record-id"]: datetime.fromisoformat(r["warc-date"]).astimezone(UTC) for r in found}

    def records(self, file: Path) -> list[dict[str, Any]]:
        said = self.run("warcio", "index", "-f", "offset,warc-type,warc-record-id,warc-date", file)
        return [json.loads(line) for line in said.out.splitlines()]

    # --- many -------------------------------------------------------------------------------------------------------

    def wacz(self, files: list[Path], folder: Path) -> str | None:
        """One can be made of them, and it is valid."""
        made = folder / "made.wacz"
        said = self.run("wacz", "create", "-o", made, "--detect-pages", *files, cwd=folder)
        return said.trouble or self.valid_wacz(made, folder)

    def valid_wacz(self, file: Path, folder: Path) -> str | None:
        return self.run("wacz", "validate", "-f", file.resolve(), cwd=folder).trouble

    def same_list(self, cdxj: Path) -> str | None:
        """Of web addresses, a list has the lines that cdxj-indexer makes of the files beside it, to the byte."""
        said = self.run("cdxj-indexer", "--sort", *sorted(cdxj.parent.glob("*.warc.gz")))
        theirs = [line for line in said.out.splitlines() if '{"url": "http' in line]
        ours = [line for line in cdxj.read_text().splitlines() if '{"url": "http' in line]
        if said.trouble or not ours or ours != theirs:
            other = next((pair for pair in zip_longest(ours, theirs) if pair[0] != pair[1]), "no line")
            return said.trouble or f"{cdxj.parent.name}: ours and theirs: {other}"
        return None

    def sums(self, manifest: Path) -> str | None:
        return self.run("sha256sum", "--check", "--strict", "--quiet", manifest.name, cwd=manifest.parent).trouble

    @contextmanager
    def pywb(self, files: list[Path], folder: Path, *, lists: Sequence[Path] = ()) -> Iterator[Replay]:
        """Replay WARC or WACZ files, in a collection of their own.

        Args:
            files: Which.
            folder: A new one.
            lists: The index, as CDXJ files; none: pywb makes it.
        """
        folder.mkdir()
        self.run("wb-manager", "init", Replay.COLLECTION, cwd=folder)
        collection = folder / "collections" / Replay.COLLECTION
        if lists:
            for file in files:
                shutil.copy(file, collection / "archive")
            lines = sorted(line for path in lists for line in path.read_text().splitlines(keepends=True))
            (collection / "indexes" / "index.cdxj").write_text("".join(lines))
        else:
            unpack = ("--unpack-wacz",) if files[0].suffix == ".wacz" else ()
            said = self.run("wb-manager", "add", Replay.COLLECTION, *unpack, *files, cwd=folder)
            if said.trouble:
                raise RuntimeError(f"wb-manager add: {said.trouble}")
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        with (folder / "log").open("wb") as log:
            words = ["wayback", "-p", str(port), "-b", "127.0.0.1", "-t", "2"]
            server = subprocess.Popen(words, cwd=folder, env=self._environment, stdout=log, stderr=subprocess.STDOUT)
            try:
                yield Replay(port)
            finally:
                server.terminate()
                server.wait(20)


@dataclass(frozen=True, slots=True)
class Replayed:
    """What pywb answered."""

    status: int
    headers: Message
    body: bytes
    """pywb undoes content encodings, unless it is asked not to."""


class Replay:
    """A running pywb."""

    COLLECTION = "c"

    def __init__(self, port: int) -> None:
        self._root = f"http://127.0.0.1:{port}/"
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                answer_of(self._root)
                return
            except OSError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.2)

    def get(self, url: str, stamp: str = "", how: str = "", **headers: str) -> Replayed:
        """What it answers for an address; ``stamp``: of the capture; ``how``: "id_" as it was, "mp_" rewritten."""
        return answer_of(
            f"{self._root}{self.COLLECTION}/{stamp}{how}{'/' if stamp or how else ''}{url}",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        )

    def timemap(self, url: str) -> Replayed:
        return answer_of(f"{self._root}{self.COLLECTION}/timemap/link/{url}")


def answer_of(address: str, **headers: str) -> Replayed:
    """What a server answers; no redirect is followed."""
    opener = urllib.request.build_opener(_Still, urllib.request.ProxyHandler({}))
    try:
        answer = opener.open(urllib.request.Request(address, headers=headers), timeout=PATIENCE_S)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        try:
            body = answer.read()
        except http.client.IncompleteRead as error:  # it was archived so
            body = error.partial
        return Replayed(answer.status, answer.headers, body)


class _Still(urllib.request.HTTPRedirectHandler):
    """Follows no redirect."""

    def redirect_request(self, *_: object) -> None:
        return None
