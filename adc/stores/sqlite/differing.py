"""Differing: what a row is that should be another one, in words."""

from adc.auditing.finding import Finding
from adc.stores.sqlite.jobwise import Proved
from adc.stores.sqlite.scanning import StoredJob


def difference(proved: Proved) -> Finding | None:
    """How the row of a job differs from what its log proves; None: it doesn't."""
    wanted, found = proved.wanted, proved.found
    if isinstance(found, Finding):
        return found
    if found == wanted:
        return None
    if found is None:
        assert wanted is not None
        return Finding("state", f"it has no row, though it is {proved.state}", wanted.jid, wanted.seq)
    if wanted is None:
        why = "the log has no such job in its place" if proved.state is None else f"it is {proved.state}"
        return Finding("state", f"it has a row, though {why}", found.jid, found.seq)
    return Finding("state", f"its row has {_columns(wanted, found)}", wanted.jid, wanted.seq)


def _columns(wanted: StoredJob, found: StoredJob) -> str:
    compared = zip(StoredJob._fields, wanted, found, strict=True)
    return ", ".join(
        f"{name} {_shown(there)}, not {_shown(should)}" for name, should, there in compared if should != there
    )


def _shown(value: object) -> str:
    """A cell, as SQL would write it."""
    match value:
        case None:
            return "NULL"
        case bytes():
            return f"x'{value.hex()}'"
        case _:
            return repr(value)
