"""Lenders: an application's connection by each library, with the transactions that the library has."""

import gc
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final, Protocol

import apsw
import django
import sqlalchemy
from django.conf import settings
from django.db import connections, transaction
from sqlalchemy.orm import Session
from typing_extensions import override

from adc.ports.lent import Lent


class Lender(Protocol):
    """A connection, and how its library begins and ends transactions."""

    @property
    def connection(self) -> Lent: ...
    def begin(self) -> None: ...
    def commit(self) -> None: ...
    def rollback(self) -> None: ...
    def run(self, sql: str) -> Sequence[Any]: ...
    def close(self) -> None: ...


class Sqlite3:
    """As it is: a transaction begins by itself, before an INSERT."""

    def __init__(self, path: Path) -> None:
        self.connection = sqlite3.connect(path)

    def begin(self) -> None:
        pass

    def commit(self) -> None:
        self.connection.commit()

    def rollback(self) -> None:
        self.connection.rollback()

    def run(self, sql: str) -> Sequence[Any]:
        return self.connection.execute(sql).fetchall()

    def close(self) -> None:
        self.connection.close()


class Sqlite3Immediate(Sqlite3):
    """Transactions are written out, rows are dicts and texts are bytes."""

    def __init__(self, path: Path) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None)
        self.connection.text_factory = bytes
        self.connection.row_factory = lambda cursor, row: dict(
            zip((name for name, *_ in cursor.description), row, strict=True)
        )

    @override
    def begin(self) -> None:
        self.connection.execute("BEGIN IMMEDIATE")

    @override
    def run(self, sql: str) -> Sequence[Any]:
        return [tuple(row.values()) for row in super().run(sql)]


class Apsw:
    """It has no transaction but one that is written out."""

    def __init__(self, path: Path) -> None:
        self.connection = apsw.Connection(str(path))
        self.connection.set_busy_timeout(5_000)  # it has none by itself

    def begin(self) -> None:
        self.connection.execute("BEGIN")

    def commit(self) -> None:
        self.connection.execute("COMMIT")

    def rollback(self) -> None:
        self.connection.execute("ROLLBACK")

    def run(self, sql: str) -> Sequence[Any]:
        return self.connection.execute(sql).fetchall()

    def close(self) -> None:
        self.connection.close()


class Sqlalchemy:
    """A Connection."""

    def __init__(self, path: Path) -> None:
        self.engine = sqlalchemy.create_engine(f"sqlite:///{path}")
        self.connection = self.engine.connect()

    def begin(self) -> None:
        pass

    def commit(self) -> None:
        self.connection.commit()

    def rollback(self) -> None:
        self.connection.rollback()

    def run(self, sql: str) -> Sequence[Any]:
        done = self.connection.execute(sqlalchemy.text(sql))
        return done.fetchall() if done.returns_rows else ()

    def close(self) -> None:
        self.connection.close()
        self.engine.dispose()


class SqlalchemySession:
    """A Session."""

    def __init__(self, path: Path) -> None:
        self.engine = sqlalchemy.create_engine(f"sqlite:///{path}")
        self.connection = Session(self.engine)

    def begin(self) -> None:
        pass

    def commit(self) -> None:
        self.connection.commit()

    def rollback(self) -> None:
        self.connection.rollback()

    def run(self, sql: str) -> Sequence[Any]:
        done = self.connection.connection().exec_driver_sql(sql)
        return done.all() if done.returns_rows else ()

    def close(self) -> None:
        self.connection.close()
        self.engine.dispose()


class Django:
    """`atomic`, which begins and ends transactions."""

    def __init__(self, path: Path) -> None:
        if not settings.configured:
            settings.configure(DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}})
            django.setup()
        connections["default"].close()
        connections["default"].settings_dict["NAME"] = str(path)
        self.connection = connections["default"]
        self._block = ExitStack()

    def begin(self) -> None:
        self._block.enter_context(transaction.atomic())

    def commit(self) -> None:
        self._block.close()

    def rollback(self) -> None:
        transaction.set_rollback(True)
        self._block.close()

    def run(self, sql: str) -> Sequence[Any]:
        with self.connection.cursor() as cursor:
            cursor.execute(sql)
            rows: Sequence[Any] = cursor.fetchall()
            return rows

    def close(self) -> None:
        self._block.close()
        self.connection.close()
        gc.collect()  # sqlite3 of Python keeps the file open until the last of its cursors is gone


LENDERS: Final[dict[str, Callable[[Path], Lender]]] = {
    "sqlite3": Sqlite3,
    "sqlite3, BEGIN IMMEDIATE": Sqlite3Immediate,
    "apsw": Apsw,
    "SQLAlchemy": Sqlalchemy,
    "SQLAlchemy, a session": SqlalchemySession,
    "Django": Django,
}
