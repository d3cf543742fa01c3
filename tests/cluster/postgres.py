"""A PostgreSQL server of the tests' own: in a folder of its own, on a socket in it, gone afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from aggregator.cli.output import safe

DURABLE = ("fsync=on",)
HASTY = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


class Postgres:
    """A server that runs until ``end``.

    Args:
        durable: Whether what it commits survives its death by ``kill``.
        language: By which its database sorts, unless told otherwise.
    """

    def __init__(self, *, durable: bool = False, language: str = "C.UTF-8") -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
        self._as: tuple[str, ...] = ()
        if os.geteuid() == 0:  # it refuses to be root
            os.chown(self.folder, pwd.getpwnam("postgres").pw_uid, -1)
            self._as = ("runuser", "-u", "postgres", "--")
        said = ("listen_addresses=", f"unix_socket_directories={self.folder}", "max_connections=200")
        self._said = " ".join(f"-c {one}" for one in (*said, *(DURABLE if durable else HASTY)))
        self._run("initdb", "-A", "trust", "-U", "test", "-E", "UTF8", f"--locale={language}", "--no-sync")
        self.start()

    @property
    def address(self) -> str:
        return f"postgresql://test@/postgres?host={self.folder}"

    def start(self) -> None:
        self._run("pg_ctl", "-w", "-l", str(self.folder / "log"), "-o", self._said, "start")

    def start_again(self) -> None:
        """Start it, unless it runs."""
        if self._run("pg_ctl", "status", check=False):
            self.start()

    def kill(self) -> None:
        """End it as a power cut would, all its processes at once."""
        first = int((self.folder / "data" / "postmaster.pid").read_text().split()[0])
        os.kill(first, signal.SIGKILL)
        self._run("pg_ctl", "-m", "immediate", "stop", check=False)

    def end(self) -> None:
        self._run("pg_ctl", "-m", "immediate", "stop", check=False)
        shutil.rmtree(self.folder)

    def _run(self, program: str, *said: str, check: bool = True) -> int:
        command = [*self._as, _program(program), "-D", str(self.folder / "data"), *said]
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd="/"
        )
        if check and done.returncode:
            raise RuntimeError(safe(done.stdout.decode(errors="replace")))
        return done.returncode


def _program(name: str) -> str:
    """Return where a program of PostgreSQL's is: Debian keeps them beside the path."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4]))
    where = str(found[-1]) if found else shutil.which(name)
    if where is None:
        raise RuntimeError(f"PostgreSQL's {name} is needed. On Debian and Ubuntu: apt install postgresql")
    return where
