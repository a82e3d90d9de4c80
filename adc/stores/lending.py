"""Lending: connections of sqlite3, apsw, SQLAlchemy and Django, each as one that executes; none of them is imported."""

from collections.abc import Iterable, Sequence
from typing import final

from typing_extensions import TypeIs

from adc.ports.lent import (
    DjangoConnection,
    Executes,
    Lent,
    Parameters,
    Rows,
    SqlalchemyConnection,
    SqlalchemySession,
)


def executing(connection: Lent) -> Executes:
    """The connection as one that executes; raises TypeError for an asynchronous one, ValueError for one to PostgreSQL.

    They are told apart by what they have, as `isinstance` doesn't see through Django's proxies.
    """
    if hasattr(connection, "run_sync"):
        raise TypeError("expected a synchronous connection: call this within `await session.run_sync(...)`")
    if _is_session(connection):
        return _Sqlalchemy(connection.connection())
    if _is_sqlalchemy(connection):
        return _Sqlalchemy(connection)
    if _is_django(connection):
        return _Django(connection)
    return connection


def _is_session(given: Lent) -> TypeIs[SqlalchemySession]:
    return hasattr(given, "get_bind")


def _is_sqlalchemy(given: Executes | SqlalchemyConnection | DjangoConnection) -> TypeIs[SqlalchemyConnection]:
    return hasattr(given, "exec_driver_sql")


def _is_django(given: Executes | DjangoConnection) -> TypeIs[DjangoConnection]:
    return hasattr(given, "vendor")


@final
class _Sqlalchemy:
    def __init__(self, connection: SqlalchemyConnection) -> None:
        _refuse_others(connection.dialect.name)
        self._connection = connection

    def execute(self, sql: str, params: Parameters, /) -> Rows:
        return self._connection.exec_driver_sql(sql, params)


@final
class _Django:
    def __init__(self, connection: DjangoConnection) -> None:
        _refuse_others(connection.vendor)
        self._connection = connection

    def execute(self, sql: str, params: Parameters, /) -> Rows:
        cursor = self._connection.cursor()
        cursor.execute(sql.replace("?", "%s"), params or None)  # with parameters, Django takes each % for one
        return _Fetched(list(cursor))


@final
class _Fetched:
    def __init__(self, rows: Sequence[Iterable[object]]) -> None:
        self._rows = rows

    def fetchall(self) -> Sequence[Iterable[object]]:
        return self._rows


def _refuse_others(database: str) -> None:
    if database != "sqlite":
        raise ValueError(f"expected a connection to SQLite, got one to {database}")
