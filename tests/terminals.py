"""The program in a terminal of a width: a real one, as far as the program can tell."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

_STYLES = re.compile(r"\x1b\[[0-9;]*m")
_END = "---"
_ONE_BY_ONE = f"""
import json, sys
from aggregator.cli import main
for words in json.loads(sys.argv[1]):
    try:
        main(words)
    except SystemExit as left:
        assert not left.code, words
    print("{_END}", flush=True)
"""


def screen(home: Path, columns: int, *args: str, styled: bool = False) -> list[str]:
    """The lines that a command prints in a terminal, without colours, unless ``styled``; not what is said on stderr."""
    return _printed(columns, "-m", "aggregator", "--home", str(home), *args, styled=styled)


def screens(home: Path, columns: int, *commands: Sequence[str]) -> list[list[str]]:
    """What several commands print, each its lines; one process runs them, since it takes a second to start."""
    words = json.dumps([["--home", str(home), *command] for command in commands])
    found: list[list[str]] = [[]]
    for line in _printed(columns, "-c", _ONE_BY_ONE, words, styled=False):
        if line == _END:
            found.append([])
        else:
            found[-1].append(line)
    return found[:-1]


def _printed(columns: int, *args: str, styled: bool) -> list[str]:
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(columns), "TERM": "xterm-256color", "PYTHONUTF8": "1"}
    with subprocess.Popen(
        [sys.executable, *args], stdout=theirs, stderr=subprocess.DEVNULL, env=environment
    ) as process:
        os.close(theirs)
        said = b""
        try:
            while piece := os.read(ours, 65_536):
                said += piece
        except OSError:  # on Linux the end of a terminal is an error
            pass
    os.close(ours)
    assert process.returncode == 0, said
    shown = said.decode().replace("\r\n", "\n")
    return (shown if styled else _STYLES.sub("", shown)).splitlines()
