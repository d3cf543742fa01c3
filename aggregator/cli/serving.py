"""The command serve: the pages of a home and its archived copies, for a browser on this machine."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import click

from aggregator.cli import chosen_home, home_option
from aggregator.cli import output as show

if TYPE_CHECKING:
    import socket

    import uvicorn

    from aggregator.web.guard import Guard

_HOST = "127.0.0.1"
_LAST_PORT = 65535


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
@home_option
@click.pass_context
def serve_command(ctx: click.Context, port: int, archive_port: int | None) -> None:
    """Serve pages to search and read the home, until Ctrl-C; to browsers on this machine only.

    The same is there for programs, as JSON, under /api/. Archived copies are on a port of their own.

    \b
    Example:
      aggregator serve --port 8080
    """
    from aggregator.replay import serving as replaying
    from aggregator.web import serving as pages

    home = chosen_home(ctx)
    if archive_port is None:
        archive_port = (port + 1) % (_LAST_PORT + 1) if port else 0
    with _listening(port, "--port") as first, _listening(archive_port, "--archive-port") as second:
        copies = _address(second)
        show.line(f"{_address(first)}/")
        show.say(f"archived copies: {copies}/")
        behind = _server(replaying.application(home))
        thread = threading.Thread(target=behind.run, kwargs={"sockets": [second]}, daemon=True)
        thread.start()
        try:
            _server(pages.application(home, copies=copies)).run(sockets=[first])
        finally:
            behind.should_exit = True
            thread.join()


def _listening(port: int, option: str) -> socket.socket:
    """Return a socket at a port of this machine.

    Raises:
        UsageError: Something else has it.
    """
    import socket

    from aggregator.errors import UsageError

    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((_HOST, port))
        listening.listen()  # whoever reads the address may ask at once
    except OSError as error:
        listening.close()
        raise UsageError(f"port {port} cannot be listened on ({error.strerror}). Choose another: {option} 0.") from None
    return listening


def _address(listening: socket.socket) -> str:
    return f"http://{_HOST}:{listening.getsockname()[1]}"


def _server(app: Guard) -> uvicorn.Server:
    import uvicorn

    # nobody's queries are written down
    return uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False, server_header=False))
