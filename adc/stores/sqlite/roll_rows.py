"""Roll rows: what `rows` does for jobs, for the runners on the roll."""

from typing import NamedTuple

import apsw
from msgspec.json import decode

from adc.core.ids import RunnerId
from adc.core.instants import Span
from adc.ports.store import Enrolment, Wanted
from adc.stores.sqlite import shapes
from adc.stores.sqlite.rows import Bindings
from adc.stores.sqlite.shapes import moment, shaped
from adc.stores.waking import Listed


class Place(NamedTuple):
    """Where the signs of a runner are; without a slot: it isn't on the roll, and there are none."""

    runner: RunnerId
    slot: int | None
    boot_id: str
    lease: Span | None
    side_file: str


class OnTheRoll(NamedTuple):
    """A row of adc_runners."""

    slot: int
    enrolment: Enrolment
    side_file: str
    held: int


def places(connection: apsw.Connection, query: str, bindings: Bindings = ()) -> list[Place]:
    """Where the signs of runners are."""
    return list(map(Place._make, shaped(connection.execute(query, bindings).fetchall(), shapes.PLACE)))


def enrolments(connection: apsw.Connection, query: str) -> list[OnTheRoll]:
    """The roll; raises DecodeError for a row with what isn't JSON."""
    return [_enrolled(*row) for row in shaped(connection.execute(query).fetchall(), shapes.ENROLMENT)]


def listed(connection: apsw.Connection, query: str, bindings: Bindings) -> list[Listed]:
    """Who is on the roll, and what each wants; raises DecodeError, as above."""
    return [
        Listed(slot, RunnerId(runner), _wanted(queues, kinds))
        for slot, runner, queues, kinds in shaped(connection.execute(query, bindings).fetchall(), shapes.LISTED)
    ]


def _enrolled(
    slot: int,
    runner: str,
    host: str,
    pid: int,
    boot_id: str,
    driver: str,
    queues: str,
    kinds: str,
    started_at: int,
    lease: int | None,
    side_file: str,
    held: int,
) -> OnTheRoll:
    wanted = _wanted(queues, kinds)
    span = None if lease is None else Span(lease)
    enrolment = Enrolment(RunnerId(runner), driver, wanted, host, pid, boot_id, moment(started_at), span)
    return OnTheRoll(slot, enrolment, side_file, held)


def _wanted(queues: str, kinds: str) -> Wanted:
    return Wanted(decode(queues, type=tuple[str, ...]), decode(kinds, type=tuple[tuple[str, int], ...]))
