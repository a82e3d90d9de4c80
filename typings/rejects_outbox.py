"""What is no connection, or none that answers at once, and what is no job made by `new`."""

import sqlite3

from accepts_models import INVOICE, Invoice
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from adc import outbox


class Eventually:
    """Its answer has to be awaited."""

    async def execute(self, sql: str, params: object, /) -> None: ...


def wrong(connection: sqlite3.Connection, a: AsyncConnection, b: AsyncSession) -> None:
    job = INVOICE.new(Invoice(7, 1200))
    outbox.schedule(connection.cursor, job)  # type: ignore[arg-type]
    outbox.schedule("jobs.db", job)  # type: ignore[arg-type]
    outbox.schedule(Eventually(), job)  # type: ignore[arg-type]
    outbox.schedule(a, job)  # type: ignore[arg-type]
    outbox.schedule(b, job)  # type: ignore[arg-type]
    outbox.schedule(connection, Invoice(7, 1200))  # type: ignore[arg-type]
