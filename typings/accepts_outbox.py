"""Jobs scheduled on connections of sqlite3, apsw, SQLAlchemy and Django, and on what only has `execute`."""

import sqlite3
from collections.abc import Sequence
from typing import assert_type

import apsw
import sqlalchemy
from accepts_models import INVOICE, Invoice
from django.db import connection as django_connection
from django.db import connections, transaction
from sqlalchemy.orm import Session, scoped_session

import adc
from adc import outbox
from adc.ports.lent import Parameters

job = INVOICE.new(Invoice(7, 1200), key="order-1")


class Mine:
    """A connection of one's own making."""

    def execute(self, sql: str, params: Parameters, /) -> "Mine":
        return self

    def fetchall(self) -> Sequence[tuple[int, ...]]:
        return []


def by_sqlite3(connection: sqlite3.Connection) -> None:
    with connection:
        assert_type(outbox.schedule(connection, job), adc.Xid)
        outbox.schedule(connection, job, actor="shop")


def by_apsw(connection: apsw.Connection) -> None:
    outbox.schedule(connection, job)
    outbox.make_tables(connection)


def by_sqlalchemy(
    engine: sqlalchemy.Engine, session: Session, scoped: scoped_session[Session]
) -> adc.Outcome[adc.Xid, adc.ScheduleRefused]:
    with engine.begin() as connection:
        outbox.make_tables(connection)
        outbox.schedule(connection, job)
    outbox.schedule(scoped, job)
    return outbox.try_schedule(session, job)


def by_django() -> None:
    with transaction.atomic():
        outbox.schedule(django_connection, job)
    outbox.schedule(connections["jobs"], job)


def by_mine(connection: Mine) -> str:
    match outbox.try_schedule(connection, job):
        case adc.Success(jid):
            return assert_type(jid, adc.Xid)
        case adc.Failure(refusal):
            match refusal:
                case adc.KeyTaken(key, _):
                    return key
                case adc.JidTaken(jid):
                    return jid


def unfit(trouble: adc.PastVersion | adc.MixedSqlite) -> str:
    return trouble.advice
