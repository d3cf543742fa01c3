"""The command serve: the pages of a home, for a browser on this machine."""

from __future__ import annotations

import click

from aggregator.cli import chosen_home, home_option
from aggregator.cli import output as show


@click.command("serve")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="Where to listen; 0: any free one."
)
@home_option
@click.pass_context
def serve_command(ctx: click.Context, port: int) -> None:
    """Serve pages to search and read the home, until Ctrl-C; to browsers on this machine only.

    The same is there for programs, as JSON, under /api/.

    \b
    Example:
      aggregator serve --port 8080
    """
    import socket

    import uvicorn

    from aggregator.errors import UsageError
    from aggregator.web.serving import application

    home = chosen_home(ctx)
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(("127.0.0.1", port))
        except OSError as error:
            raise UsageError(
                f"port {port} cannot be listened on ({error.strerror}). Choose another: --port 0."
            ) from None
        show.line(f"http://127.0.0.1:{listening.getsockname()[1]}/")
        # nobody's queries are written down
        server = uvicorn.Server(
            uvicorn.Config(application(home), log_level="warning", access_log=False, server_header=False)
        )
        server.run(sockets=[listening])
