"""The command serve: the pages of a home and its archived copies, for a browser."""

from __future__ import annotations

import ipaddress
import os
import secrets
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import click

from aggregator.cli import again, chosen_home, home_option
from aggregator.cli import output as show
from aggregator.errors import UsageError
from aggregator.home import Home

if TYPE_CHECKING:
    import socket
    from types import FrameType

    import uvicorn

    from aggregator.web.door import Door
    from aggregator.web.guard import Guard
    from aggregator.web.trying import Turns

_Command = TypeVar("_Command", bound=Callable[..., Any])
_Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

_LAST_PORT = 65535
_TOKEN = "AGGREGATOR_TOKEN"
"""The variable that a token is taken from."""
_MOST_TOKEN_BYTES = 1_000


@dataclass(frozen=True, slots=True)
class Served:
    """What is served, where, and to whom; it can be given to another process."""

    home: Home
    hosts: frozenset[str]
    """Names and addresses that it answers to, without ports."""
    door: Door | None
    """Who may come in; None: everybody who reaches it, to read."""
    pages: socket.socket
    copies: socket.socket
    """Both listen: whoever reads the addresses may ask at once."""
    called: str
    """The host in the addresses that are told."""
    command: str
    """How the program is called on the home; where others than this machine may read, nothing of its folders."""

    @property
    def address(self) -> str:
        """Where the pages are."""
        return f"http://{self.called}:{self.pages.getsockname()[1]}"

    @property
    def address_of_copies(self) -> str:
        """Where the archived copies are."""
        return f"http://{self.called}:{self.copies.getsockname()[1]}"


def options(command: _Command) -> _Command:
    """Give a command the options that say where pages are served, and to whom."""
    for option in reversed(
        (
            click.option(
                "--port",
                type=click.IntRange(0, _LAST_PORT),
                default=8080,
                show_default=True,
                help="Where to listen; 0: any free one.",
            ),
            click.option(
                "--archive-port",
                type=click.IntRange(0, _LAST_PORT),
                help="Where the archived copies are; 0: any free one.  [default: the one after --port]",
            ),
            click.option(
                "--host", default="127.0.0.1", show_default=True, help="The address to listen on; others need a token."
            ),
            click.option(
                "--name", "names", multiple=True, metavar="NAME", help="A name that the server is reached by, too."
            ),
            click.option(
                "--token-file",
                type=click.Path(exists=True, dir_okay=False, path_type=Path),
                help=f"Ask everybody for the token in this file (or in ${_TOKEN}) as a password.",
            ),
            click.option(
                "--write",
                "may_decide",
                is_flag=True,
                help="Let whoever has the token confirm and refuse matches, and try sources.",
            ),
        )
    ):
        command = option(command)
    return command


OPTIONS = ("port", "archive_port", "host", "names", "token_file", "may_decide")
"""By the names of their values."""


@click.command("serve")
@options
@home_option
@click.pass_context
def serve_command(ctx: click.Context, /, **asked: Any) -> None:
    """Serve pages to search and read the home, until Ctrl-C; to browsers on this machine only, unless told otherwise.

    The same is there for programs, as JSON, under /api/. Archived copies are on a port of their own.

    \b
    Example:
      aggregator serve --write
      aggregator serve --host 0.0.0.0 --name archive.example.org --token-file token
    """
    with listening(chosen_home(ctx), **asked) as served:
        show.line(f"{served.address}/")
        tell(served)
        sys.stdout.flush()  # also into a file, for it goes on
        serve(served)


def tell(served: Served) -> None:
    """Say what is served beside the pages, and the token that was made up."""
    show.say(f"archived copies: {served.address_of_copies}/")
    if served.door and served.door.may_decide and not served.door.is_for_reading:
        show.say(f"To decide, give your name as the user and this as the password: {served.door.token}")


@contextmanager
def listening(
    home: Home,
    *,
    port: int,
    archive_port: int | None,
    host: str,
    names: tuple[str, ...],
    token_file: Path | None,
    may_decide: bool,
) -> Iterator[Served]:
    """Listen where pages are to be served, and give what ``serve`` needs; nobody is answered before.

    Args:
        home: Whose pages.
        port: Where the pages are to be; 0: anywhere.
        archive_port: Where the archived copies are; None: at the port behind.
        host: The address to listen on.
        names: By which the server is reached, too.
        token_file: Holds the token that everybody is asked for; None: the environment may.
        may_decide: Whether anything may be decided from the pages.

    Raises:
        UsageError: A port is taken, the address is none, or others than this machine are to be let in without a token.
    """
    from aggregator.web.serving import LOOPBACK

    address = _address(host)
    door = _door(_token(token_file), may_decide=may_decide, is_loopback=address.is_loopback)
    if archive_port is None:
        archive_port = (port + 1) % (_LAST_PORT + 1) if port else 0
    shown = f"[{address}]" if address.version == 6 else str(address)
    called = (
        names[0] if names else ("[::1]" if address.version == 6 else "127.0.0.1") if address.is_unspecified else shown
    )
    with _listening(address, port, "--port") as first, _listening(address, archive_port, "--archive-port") as second:
        yield Served(
            home=home,
            hosts=frozenset({*LOOPBACK, *([] if address.is_unspecified else [shown]), *names}),
            door=door,
            pages=first,
            copies=second,
            called=called,
            command=again(home, "").strip() if door is None or not door.is_for_reading else "aggregator",
        )


def serve(served: Served, *, as_long_as: Callable[[], object] | None = None) -> None:
    """Answer browsers until Ctrl-C or SIGTERM.

    Args:
        served: What, where, and to whom.
        as_long_as: Waits for what else ends it; None: nothing else does.
    """
    from aggregator.replay import serving as replaying
    from aggregator.web import serving as pages
    from aggregator.web.trying import Turns

    copies = served.address_of_copies
    behind = _server(replaying.application(served.home, served.hosts, served.door, pages=served.address))
    turns = Turns()
    app = pages.application(served.home, served.hosts, served.door, copies=copies, turns=turns, command=served.command)
    before = _server(app, ending=turns.end)
    thread = threading.Thread(target=behind.run, kwargs={"sockets": [served.copies]}, daemon=True)
    thread.start()
    if as_long_as:
        threading.Thread(target=_end_after, args=(as_long_as, before, turns), daemon=True).start()
    try:
        before.run(sockets=[served.pages])
    finally:
        behind.should_exit = True
        thread.join()


def _end_after(wait: Callable[[], object], server: uvicorn.Server, turns: Turns) -> None:
    wait()
    turns.end()
    server.should_exit = True


def _address(host: str) -> _Address:
    try:
        return ipaddress.ip_address("127.0.0.1" if host == "localhost" else host.strip("[]"))
    except ValueError:
        raise UsageError(f"--host {host[:60]!r} is no address of IPv4 or IPv6, such as 127.0.0.1 or ::1.") from None


def _token(file: Path | None) -> str | None:
    """Return the token that is given; None: none is."""
    if file is None:
        return os.environ.get(_TOKEN, "").strip() or None
    try:
        with file.open("rb") as opened:
            return opened.read(_MOST_TOKEN_BYTES).decode().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--token-file {file} cannot be read: {error}.") from None


def _door(token: str | None, *, may_decide: bool, is_loopback: bool) -> Door | None:
    """Return who may come in; None: everybody, to read, which is only this machine.

    Raises:
        UsageError: It is for others than this machine, and there is no token; or it is too short.
    """
    from aggregator.web.door import Door

    if token is None and not is_loopback:
        raise UsageError(
            "other machines could read all that is here. Give a token: `--token-file FILE`, or the variable "
            f"{_TOKEN}; whoever comes is asked for it. Nothing was served."
        )
    if token is None and not may_decide:
        return None
    return Door(token or secrets.token_urlsafe(18), is_for_reading=token is not None, may_decide=may_decide)


def _listening(address: _Address, port: int, option: str) -> socket.socket:
    """Return a socket that listens.

    Raises:
        UsageError: Something else has the port, or the address is none of this machine.
    """
    import socket

    listening = socket.socket(socket.AF_INET6 if address.version == 6 else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((str(address), port))
        listening.listen()  # whoever reads the address may ask at once
    except OSError as error:
        listening.close()
        raise UsageError(
            f"{address}, port {port}, cannot be listened on ({error.strerror}). Choose another: {option} 0."
        ) from None
    return listening


def _server(app: Guard, ending: Callable[[], None] = lambda: None) -> uvicorn.Server:
    """Return what serves an application.

    Args:
        app: Which.
        ending: Called when a signal ends it, for it waits until all that was asked is answered.
    """
    import uvicorn

    class Server(uvicorn.Server):
        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            ending()
            super().handle_exit(sig, frame)

    # nobody's queries are written down
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,  # whoever comes could say so that they are another
    )
    return Server(config)
