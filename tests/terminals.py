"""The program in a terminal of a width: a real one, as far as the program can tell."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

_STYLES = re.compile(r"\x1b\[[0-9;]*m")


def screen(home: Path, columns: int, *args: str, styled: bool = False) -> list[str]:
    """The lines that a command prints in a terminal, without colours, unless ``styled``; not what is said on stderr."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(columns), "TERM": "xterm-256color", "PYTHONUTF8": "1"}
    command = [sys.executable, "-m", "aggregator", "--home", str(home), *args]
    with subprocess.Popen(command, stdout=theirs, stderr=subprocess.DEVNULL, env=environment) as process:
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
