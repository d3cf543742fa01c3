"""The command serve: the pages of a home, for a browser."""

from __future__ import annotations

import ipaddress
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aggregator.cli import chosen_home, home_option
from aggregator.cli import output as show
from aggregator.errors import UsageError

if TYPE_CHECKING:
    from aggregator.web.door import Door

_TOKEN = "AGGREGATOR_TOKEN"
"""The variable that a token is taken from."""
_MOST_TOKEN_BYTES = 1_000


@click.command("serve")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="Where to listen; 0: any free one."
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
    ctx: click.Context, port: int, host: str, names: tuple[str, ...], token_file: Path | None, may_decide: bool
) -> None:
    """Serve pages to search and read the home, until Ctrl-C; to browsers on this machine only, unless told otherwise.

    The same is there for programs, as JSON, under /api/.

    \b
    Example:
      aggregator serve --write
      aggregator serve --host 0.0.0.0 --name archive.example.org --token-file token
    """
    import socket

    import uvicorn

    from aggregator.web.serving import LOOPBACK, application

    home = chosen_home(ctx)
    address = _address(host)
    door = _door(_token(token_file), may_decide=may_decide, is_loopback=address.is_loopback)
    shown = f"[{address}]" if address.version == 6 else str(address)
    with socket.socket(socket.AF_INET6 if address.version == 6 else socket.AF_INET) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((str(address), port))
        except OSError as error:
            raise UsageError(
                f"{shown}, port {port}, cannot be listened on ({error.strerror}). Choose another: --port 0."
            ) from None
        show.line(f"http://{shown}:{listening.getsockname()[1]}/")
        if door and may_decide and not door.is_for_reading:
            show.say(f"To decide, give your name as the user and this as the password: {door.token}")
        sys.stdout.flush()  # also into a file, for it goes on
        app = application(home, {*LOOPBACK, *([] if address.is_unspecified else [shown]), *names}, door)
        # nobody's queries are written down
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False, server_header=False))
        server.run(sockets=[listening])


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        return ipaddress.ip_address("127.0.0.1" if host == "localhost" else host.strip("[]"))
    except ValueError:
        raise UsageError(f"--host {host[:60]!r} is no address of IPv4 or IPv6, such as 127.0.0.1 or ::1.") from None


def _token(file: Path | None) -> str | None:
    """Return the token that is given; None: none is."""
    import os

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
