"""Lent: connections of other libraries, by what adc needs of them to store a job in their transactions."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol, TypeAlias

Parameters: TypeAlias = tuple[int | float | str | bytes | None, ...]


class Rows(Protocol):
    """What a statement found."""

    def fetchall(self) -> Sequence[Iterable[object]]:
        """All of it."""
        ...


class Executes(Protocol):
    """What adc needs: `sqlite3.Connection` and `apsw.Connection` have it, and what has it can be made of any other.

    `sql` is one statement, whose parameters are `?`. It runs in the transaction that the connection is in.
    """

    def execute(self, sql: str, params: Parameters, /) -> Rows:
        """Run a statement."""
        ...


class Dialect(Protocol):
    """Which database SQLAlchemy has there."""

    @property
    def name(self) -> str:
        """As SQLAlchemy calls it."""
        ...


class SqlalchemyConnection(Protocol):
    """`sqlalchemy.Connection`."""

    @property
    def dialect(self) -> Dialect:
        """Which database it is."""
        ...

    def exec_driver_sql(self, statement: str, parameters: Parameters, /) -> Rows:
        """Run a statement as it is."""
        ...


class SqlalchemySession(Protocol):
    """`sqlalchemy.orm.Session`, or a scoped one."""

    def get_bind(self) -> object:
        """That by which it is told from other connections."""
        ...

    def connection(self) -> SqlalchemyConnection:
        """The connection of the transaction that the session is in."""
        ...


class DjangoCursor(Protocol):
    """A cursor of Django, whose parameters are `%s`."""

    def __iter__(self) -> Iterator[Iterable[object]]: ...

    def execute(self, sql: str, params: Parameters | None, /) -> object:
        """Run a statement."""
        ...


class DjangoConnection(Protocol):
    """`django.db.connection`, or one of `django.db.connections`."""

    @property
    def vendor(self) -> str:
        """Which database it is."""
        ...

    def cursor(self) -> DjangoCursor:
        """A new cursor, in the transaction that the connection is in."""
        ...


Lent: TypeAlias = Executes | SqlalchemyConnection | SqlalchemySession | DjangoConnection
"""What `adc.outbox` takes."""
