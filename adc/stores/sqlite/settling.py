"""Settling: after a COMMIT that failed, whether it is in the file all the same; by the digest of what it wrote last.

In WAL the commit may be on disk whole though SQLite couldn't finish it: nobody sees it then, until the file is opened
anew after a crash. So what isn't seen is written over, by a commit that changes nothing; and what is seen has to go
where no sync failed.
"""

from typing import TypeAlias

import apsw

from adc.core.ids import Xid
from adc.ports.trouble import StoreFull, StoreTrouble
from adc.stores.sqlite import queries, rows

Trace: TypeAlias = tuple[Xid, int, bytes]
"""What a transaction wrote last: the job, its version, and the digest of that event."""


def is_committed(connection: apsw.Connection, trace: Trace | None, trouble: StoreTrouble) -> bool | None:
    """Whether it is there, for good; None: it can't be told. Raises what SQLite raises.

    The frame that makes a commit is written last: where a write failed for lack of room, it isn't there.
    """
    if isinstance(trouble, StoreFull):
        return trace is not None and _is_there(connection, trace)
    if trace is None:
        return None
    connection.execute(queries.BEGIN)
    if not _is_there(connection, trace):
        connection.execute(queries.TOUCH)
        connection.execute(queries.UNTOUCH)
        connection.execute(queries.COMMIT)
        return False
    connection.execute(queries.ROLLBACK)
    total, done = connection.wal_checkpoint()
    return True if total == done else None


def _is_there(connection: apsw.Connection, trace: Trace) -> bool:
    jid, version, digest = trace
    return rows.blob(connection, queries.DIGEST, (jid, version)) == digest
