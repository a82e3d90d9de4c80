"""Loading: a job from its row, or folded from the log where it has none."""

from collections.abc import Iterable, Sequence
from itertools import groupby

import apsw
from msgspec.json import encode

from adc.codec.events import DamagedEvent
from adc.core.evolve import fold
from adc.core.ids import DATABASE, Xid
from adc.core.transition import Recorded, Snapshot
from adc.ports.store import Wanted
from adc.stores.sqlite import log_rows, queries, rows


def load(connection: apsw.Connection, jids: Sequence[Xid]) -> dict[Xid, Snapshot]:
    """The jobs as they are; one of which nothing is known is Absent."""
    if not jids:
        return {}
    found = {job.jid: job for job in rows.snapshots(connection, queries.LOAD, (as_json(jids),))}
    missing = [jid for jid in jids if jid not in found and jid != DATABASE]
    if missing:
        found |= _folded(log_rows.recorded(connection, queries.HISTORIES, (as_json(missing),)))
    return {jid: found.get(jid) or Snapshot.absent(jid) for jid in jids}


def at_places(connection: apsw.Connection, seqs: Sequence[int]) -> list[rows.WithPayload]:
    """The live jobs at these places, with their payloads; those that can't be read, as why."""
    try:
        return rows.with_payloads(connection, queries.BY_SEQ, (as_json(seqs),))
    except UnicodeDecodeError:  # SQLite gives no row behind it
        return [each for seq in seqs for each in _at_place(connection, seq)]


def wanted_bindings(wanted: Wanted) -> dict[str, str]:
    """What the queries over the claim index bind."""
    return {"queues": as_json(_once(wanted.queues)), "kinds": as_json(_once(wanted.kinds))}


def as_json(values: object) -> str:
    """A list for json_each."""
    return encode(values).decode()


def xids(texts: Iterable[str]) -> tuple[Xid, ...]:
    """Texts that the file has as ids."""
    return tuple(map(Xid, texts))


def _at_place(connection: apsw.Connection, seq: int) -> list[rows.WithPayload]:
    try:
        return rows.with_payloads(connection, queries.BY_SEQ, (as_json((seq,)),))
    except UnicodeDecodeError as error:
        jid = bytes.fromhex(rows.text(connection, queries.JID_IN_HEX, (seq,)) or "")
        said = f"a text of its job isn't UTF-8 ({error.reason})"
        return [(DamagedEvent(Xid(jid.decode(errors="backslashreplace")), seq, 1, said), None)]


def _once(values: Iterable[object]) -> list[object]:
    """What is wanted twice is given once."""
    return list(dict.fromkeys(values))


def _folded(log: Iterable[Recorded]) -> dict[Xid, Snapshot]:
    return {jid: _fold(jid, tuple(events)) for jid, events in groupby(log, key=lambda each: each.jid)}


def _fold(jid: Xid, events: Sequence[Recorded]) -> Snapshot:
    first, last = events[0], events[-1]
    if first.version != 1:
        raise DamagedEvent(jid, first.seq, 1, "it is missing, though the log has later ones of its job")
    return Snapshot(jid, fold(each.event for each in events), first.seq, last.version, last.digest)
