"""The command serve: the pages of a home and its archived copies, for a browser."""

from __future__ import annotations

import ipaddress
import os
import secrets
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import click

from aggregator.cli import chosen_home, home_option
from aggregator.cli import output as show
from aggregator.errors import UsageError

if TYPE_CHECKING:
    import socket

    import uvicorn

    from aggregator.web.door import Door
    from aggregator.web.guard import Guard

_Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

_LAST_PORT = 65535
_TOKEN = "AGGREGATOR_TOKEN"
"""The variable that a token is taken from."""
_MOST_TOKEN_BYTES = 1_000


@click.command("serve")
@click.option(
    "--port",
    type=click.IntRange(0, _LAST_PORT),
    default=8080,
    show_default=True,
    help="Where to listen; 0: any free one.",
)
@click.option(
    "--archive-port",
    type=click.IntRange(0, _LAST_PORT),
    help="Where the archived copies are; 0: any free one.  [default: the one after --port]",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on; others need a token.")
@click.option("--name", "names", multiple=True, metavar="NAME", help="A name that the server is reached by, too.")
@click.option(
    "--token-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=f"Ask everybody for the token in this file (or in ${_TOKEN}) as a password.",
)
@click.option("--write", "may_decide", is_flag=True, help="Let whoever has the token confirm and refuse matches.")
@home_option
@click.pass_context
def serve_command(
    ctx: click.Context,
    port: int,
    archive_port: int | None,
    host: str,
    names: tuple[str, ...],
    token_file: Path | None,
    may_decide: bool,
) -> None:
    """Serve pages to search and read the home, until Ctrl-C; to browsers on this machine only, unless told otherwise.

    The same is there for programs, as JSON, under /api/. Archived copies are on a port of their own.

    \b
    Example:
      aggregator serve --write
      aggregator serve --host 0.0.0.0 --name archive.example.org --token-file token
    """
    from aggregator.replay import serving as replaying
    from aggregator.web import serving as pages

    home, address = chosen_home(ctx), _address(host)
    door = _door(_token(token_file), may_decide=may_decide, is_loopback=address.is_loopback)
    if archive_port is None:
        archive_port = (port + 1) % (_LAST_PORT + 1) if port else 0
    shown = f"[{address}]" if address.version == 6 else str(address)
    hosts = {*pages.LOOPBACK, *([] if address.is_unspecified else [shown]), *names}
    called = (
        names[0] if names else ("[::1]" if address.version == 6 else "127.0.0.1") if address.is_unspecified else shown
    )
    with _listening(address, port, "--port") as first, _listening(address, archive_port, "--archive-port") as second:
        copies = f"http://{called}:{second.getsockname()[1]}"
        show.line(f"http://{called}:{first.getsockname()[1]}/")
        show.say(f"archived copies: {copies}/")
        if door and may_decide and not door.is_for_reading:
            show.say(f"To decide, give your name as the user and this as the password: {door.token}")
        sys.stdout.flush()  # also into a file, for it goes on
        behind = _server(replaying.application(home, hosts, door))
        thread = threading.Thread(target=behind.run, kwargs={"sockets": [second]}, daemon=True)
        thread.start()
        try:
            _server(pages.application(home, hosts, door, copies=copies)).run(sockets=[first])
        finally:
            behind.should_exit = True
            thread.join()


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


def _server(app: Guard) -> uvicorn.Server:
    import uvicorn

    # nobody's queries are written down
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,  # whoever comes could say so that they are another
    )
    return uvicorn.Server(config)
