"""Finding: one thing in a file that isn't as adc wrote it."""

from typing import Final, Literal, TypeAlias, final

from msgspec import Struct

from adc.core.ids import Xid

Law: TypeAlias = Literal[
    "file", "schema", "meta", "sequence", "chain", "event", "history", "columns", "body", "state", "paused"
]
"""Which law a finding breaks.

`file`: SQLite finds the file sound, and all of it can be read. `schema`: adc's tables, indexes, triggers and views
are those that adc makes. `meta`: `adc_meta` says what adc writes there. `sequence`: the log has no gaps. `chain`:
each event has the digest that follows from it and from the one before it. `event`: each event can be read. `history`:
each follows from the state before it, and none is missing. `columns`: columns that repeat what an event says agree
with it. `body`: payloads and results are the bytes of which the events have hash and size. `state`: `adc_jobs` is
what follows from the log. `paused`: so is `adc_paused`.
"""


@final
class Finding(Struct, frozen=True):
    """One thing in a queue's file that isn't as adc wrote it: which law it breaks, where, and how."""

    law: Law
    problem: str
    """What was expected, and what is there."""
    jid: Xid | None = None
    """The job; None: it concerns the file, or it can't be said."""
    seq: int | None = None
    """The event, by its place in the log of all jobs; None: it concerns none, or it can't be said."""


Findings: TypeAlias = tuple[Finding, ...]
SOUND: Final[Findings] = ()
"""Nothing was found."""
