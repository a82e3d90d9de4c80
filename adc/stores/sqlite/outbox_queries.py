"""Outbox queries: what scheduling on somebody else's connection needs beside the statements of the store.

They, and the statements of the store that run there, are understood by SQLite 3.40, and have no `?` but for parameters.
"""

from typing import Final

LOCK: Final = "UPDATE adc_meta SET value = value WHERE 0"
"""Writes nothing, but takes the write lock: a transaction that reads first may find that it can't write any more."""

SAVEPOINT: Final = "SAVEPOINT adc_outbox"
RELEASE: Final = "RELEASE adc_outbox"
UNDO: Final = "ROLLBACK TO adc_outbox"

META: Final = "SELECT key, value FROM adc_meta WHERE key IN ('format', 'min_reader', 'archive_of')"
SOURCE_ID: Final = "SELECT sqlite_source_id()"
PATH: Final = "SELECT file FROM pragma_database_list WHERE name = 'main'"
