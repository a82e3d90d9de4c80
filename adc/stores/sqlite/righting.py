"""Righting: the rows of a file are made what its log proves, in one transaction; what they were is backed up before."""

import os.path
from contextlib import closing
from typing import Final

import apsw
from msgspec import Struct

from adc.auditing.finding import Findings, Law
from adc.core.instants import Span
from adc.ports.trouble import StoreTrouble
from adc.stores.sqlite import auditing_queries, queries
from adc.stores.sqlite.authorizing import RIGHTS
from adc.stores.sqlite.custody import custody_of
from adc.stores.sqlite.differing import difference
from adc.stores.sqlite.examining import examined
from adc.stores.sqlite.jobwise import Paused, Proved, audited
from adc.stores.sqlite.migrating import refuse_archive
from adc.stores.sqlite.opening import open_connection
from adc.stores.sqlite.troubles import typed
from adc.stores.sqlite.verifying import verify

RIGHTED: Final[frozenset[Law]] = frozenset({"state", "paused"})
"""The laws of what follows from the log: what breaks one of these can be put right; nothing else is touched."""


class Righted(Struct, frozen=True):
    """What was wrong: `rows` were put right, unless there are `findings`: then nothing was changed."""

    rows: int
    findings: Findings
    """What can't be proved, or put right by writing rows."""


def put_right(path: str, backup: str, budget: Span) -> Righted:
    """Make the rows what the log proves, if it proves all of them; raises a StoreTrouble.

    The file as it was is written to `backup` before; if nothing is wrong, none is made.
    """
    writer = open_connection(path, "full", budget, "refuse", deeds=RIGHTS)
    try:
        with typed(path, "rebuild"):
            refuse_archive(writer, path, "rebuild")
            writer.execute(queries.BEGIN)  # from here on nobody else writes: what the reader sees is what there is
            with examined(path) as reader:
                righted = _put_right(writer, reader, path, backup)
            writer.execute(queries.COMMIT if righted.rows and not righted.findings else queries.ROLLBACK)
    finally:
        custody_of(writer, path).close(writer)  # which undoes what isn't committed
    return righted


def _put_right(writer: apsw.Connection, reader: apsw.Connection, path: str, backup: str) -> Righted:
    wrong = 0
    findings: Findings = ()
    for each in verify(reader, path):
        if each.law in RIGHTED:
            wrong += 1
        else:
            findings += (each,)
    if wrong and not findings:
        _back_up(reader, backup)
        _delete(writer, reader)
        _insert(writer, reader)
        findings = tuple(verify(writer, path))
    return Righted(wrong, findings)


def _back_up(reader: apsw.Connection, backup: str) -> None:
    if os.path.lexists(backup):
        raise StoreTrouble(backup, "back up", "there is a file of this name already")
    with (
        typed(backup, "back up"),
        closing(apsw.Connection(backup)) as target,
        target.backup("main", reader, "main") as run,
    ):
        run.step(-1)


def _delete(writer: apsw.Connection, reader: apsw.Connection) -> None:
    """All wrong rows first: a right one may need the place of another."""
    writer.execute(auditing_queries.DELETE_PAUSED)
    for each in audited(reader):
        if isinstance(each, Proved) and difference(each) is not None and each.found is not None:
            writer.execute(auditing_queries.DELETE_ROW, (each.found.seq,))


def _insert(writer: apsw.Connection, reader: apsw.Connection) -> None:
    for each in audited(reader):
        match each:
            case Proved(wanted=wanted, found=found) if wanted is not None and found != wanted:
                writer.execute(queries.INSERT_JOB, wanted)
            case Paused(wanted):
                writer.executemany(queries.PAUSE, wanted.items())
            case _:
                pass
