"""What brings a catalogue on a server up to date; a file is made again instead.

A step for each number of ``tables.SCHEMA``: ``versions/NNNN_what.py``, with the number as its revision, which Alembic
runs. A new catalogue is made of ``tables`` alone; a test sees that the steps lead to the same.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.engine import Connection

from aggregator.catalogue import tables as t
from aggregator.errors import Outdated

FIRST = 11
"""The first schema that was on servers."""


def upgrade(connection: Connection, number: int) -> None:
    """Change the tables of a catalogue to what they are today; the caller commits.

    Args:
        connection: To it.
        number: Of its schema.

    Raises:
        Outdated: No steps lead from there.
    """
    from alembic.config import Config
    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    if number < FIRST:
        raise Outdated(
            f"The catalogue on the server has schema {number}, and nothing leads from there to {t.SCHEMA}. Nothing is "
            "lost: archive/ is whole. Run `aggregator rebuild`."
        )
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    steps = list(ScriptDirectory.from_config(config).iterate_revisions("head", f"{number:04d}"))
    with Operations.context(MigrationContext.configure(connection)):
        for step in reversed(steps):
            step.module.upgrade()
    connection.execute(t.schema.delete())
    connection.execute(t.schema.insert().values(number=t.SCHEMA))
