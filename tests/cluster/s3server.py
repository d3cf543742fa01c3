"""A server that answers as S3 does, with a door in front of it that can be shut and counts what passes."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from minio import Minio
from minio.commonconfig import ENABLED
from minio.versioningconfig import VersioningConfig

BIN = Path(os.environ.get("SERVERS", "build/cluster-servers/bin"))
USER, SECRET = "testing", "testing-secret"


class Door:
    """A port that leads to another.

    Attributes:
        sent: How many bytes the server has sent through it.
        open: Whether anybody is let through.
        requests_left: How many requests are let through; of the last the server gets to see, and its answer is lost.
            None: any number.
        broken_answers: How many answers break off before their last byte.
    """

    def __init__(self, to: int) -> None:
        self._to = to
        self.sent = 0
        self.open = True
        self.requests_left: int | None = None
        self.broken_answers = 0
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._pairs: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def shut(self) -> None:
        """Refuse everybody, and end what is under way."""
        self.open = False
        for each in list(self._pairs):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def reopen(self, *, requests: int | None = None) -> None:
        self.shut()  # no connection stays from before
        self.requests_left = requests
        self.open = True

    def end(self) -> None:
        self.shut()
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                here, _ = self._listening.accept()
            except OSError:
                return
            if not self.open:
                here.close()
                continue
            there = socket.create_connection(("127.0.0.1", self._to))
            self._pairs |= {here, there}
            threading.Thread(target=self._pass, args=(here, there, False), daemon=True).start()
            threading.Thread(target=self._pass, args=(there, here, True), daemon=True).start()

    def _pass(self, source: socket.socket, to: socket.socket, counted: bool) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 16):
                self.sent += len(data) if counted else 0
                if counted and self.broken_answers and _body(data):
                    self.broken_answers -= 1
                    to.sendall(data[:-1])
                    break
                to.sendall(data)
                if not counted and self.requests_left is not None:
                    self.requests_left -= data.count(b" HTTP/1.1\r\n")
                    if self.requests_left < 0:
                        self.shut()
        for each in (source, to):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
            self._pairs.discard(each)


def _body(data: bytes) -> bytes:
    """What of some bytes of an answer is not its head."""
    return data.partition(b"\r\n\r\n")[2] if data.startswith(b"HTTP/") else data


class Server:
    """The server, as a test sees it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.door = Door(port)
        self.client: Any = Minio(f"127.0.0.1:{port}", USER, SECRET, secure=False, region="us-east-1")

    @property
    def endpoint(self) -> str:
        """What settings.archive_server says: the door."""
        return f"http://127.0.0.1:{self.door.port}"

    def bucket(self, name: str, *, versioned: bool) -> str:
        self.client.make_bucket(name)
        if versioned:
            self.client.set_bucket_versioning(name, VersioningConfig(ENABLED))
        return name

    def keys(self, bucket: str) -> list[str]:
        return sorted(one.object_name for one in self.client.list_objects(bucket, recursive=True))

    def read(self, bucket: str, key: str, version: str | None = None) -> bytes:
        return bytes(self.client.get_object(bucket, key, version_id=version).read())

    def everything(self, bucket: str) -> dict[tuple[str, str | None], bytes]:
        """All versions of all objects."""
        found = self.client.list_objects(bucket, recursive=True, include_version=True)
        return {
            (one.object_name, one.version_id): self.read(bucket, one.object_name, one.version_id)
            for one in found
            if not one.is_delete_marker
        }

    def new_door(self) -> None:
        """Shut the door, and open another: the server has another address."""
        self.door.end()
        self.door = Door(self._port)


@contextmanager
def running() -> Iterator[Server]:
    """Start a server on a free port; it ends with the test."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    # its first line asks for the interpreter of another folder where the environment was moved
    process = subprocess.Popen(
        [BIN / "python", "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert process.poll() is None and time.monotonic() < until, "moto's server does not start"
                time.sleep(0.05)
        server = Server(port)
        yield server
        server.door.end()
    finally:
        process.terminate()
        process.wait(timeout=20)
