"""Servers that several tests share."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sql

from tests.cluster.postgres import Postgres
from tests.cluster.s3server import SECRET, USER

os.environ |= {"AWS_ACCESS_KEY_ID": USER, "AWS_SECRET_ACCESS_KEY": SECRET}
"""For all that is started here: workers are forked from a process that keeps the environment of its beginning."""


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    server = Postgres()
    yield server
    server.end()


@pytest.fixture
def database(postgres: Postgres) -> Callable[[], str]:
    """Makes empty databases; each call returns the address of a new one."""
    numbers = itertools.count()

    def new() -> str:
        name = f"d{next(_names)}_{next(numbers)}"
        engine = sql.create_engine(postgres.address.replace("postgresql:", "postgresql+psycopg:"))
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
        engine.dispose()
        return postgres.address.replace("/postgres?", f"/{name}?")

    return new


_names = itertools.count()
