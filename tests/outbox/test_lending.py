"""Lending: what is no connection to SQLite, or none that answers at once, is told before anything is done."""

import asyncio
from typing import Any

import pytest

from adc import outbox
from adc.kind import JobKind

NOTE = JobKind("note", int)


class Dialect:
    name = "postgresql"


class Postgres:
    """As SQLAlchemy has it."""

    dialect = Dialect()

    def exec_driver_sql(self, statement: str, parameters: object, /) -> Any:
        raise AssertionError("nothing is asked of it")


class PostgresOfDjango:
    vendor = "postgresql"

    def cursor(self) -> Any:
        raise AssertionError("nothing is asked of it")


class AsyncOfSqlalchemy:
    def get_bind(self) -> object:
        return None

    def connection(self) -> Any:
        raise AssertionError("nothing is asked of it")

    async def run_sync(self) -> None: ...


class Eventually:
    """As aiosqlite has it: what `execute` gives has to be awaited."""

    def execute(self, sql: str, params: object, /) -> Any:
        return asyncio.Future(loop=LOOP)


LOOP = asyncio.new_event_loop()
LOOP.close()


def test_another_database_is_refused() -> None:
    for connection in (Postgres(), PostgresOfDjango()):
        with pytest.raises(ValueError, match="expected a connection to SQLite, got one to postgresql"):
            outbox.schedule(connection, NOTE.new(1))


def test_an_asynchronous_connection_is_refused() -> None:
    with pytest.raises(TypeError, match="run_sync"):
        outbox.schedule(AsyncOfSqlalchemy(), NOTE.new(1))
    with pytest.raises(TypeError, match="gives a cursor, got Future"):
        outbox.schedule(Eventually(), NOTE.new(1))
