"""The roll: which runners there are, as rows of `adc_runners`, and their signs of life, which are in no row."""

from collections.abc import Mapping, Sequence
from typing import final

import apsw

from adc.core.ids import RunnerId
from adc.core.instants import Instant, Span
from adc.core.liveness import Sign
from adc.ports.signs import AWAKE, Pulse, Rest, Signs
from adc.ports.store import Enrolled, Enrolment
from adc.ports.wakeup import Wake, Wakeup
from adc.stores.sqlite import queries, roll_rows, rows
from adc.stores.sqlite.loading import as_json


@final
class Roll:
    """What one store knows of runners; the transactions are the store's."""

    def __init__(self, signs: Signs, wakeup: Wakeup) -> None:
        self._signs = signs
        self._wakeup = wakeup
        self._wakes: dict[RunnerId, Wake] = {}
        """How the runners of this store are woken, those that listen."""
        self._heard: dict[RunnerId, bool] = {}
        """Whether other processes can wake them, too."""
        self._awake: set[RunnerId] = set()
        """Those that said so last."""
        self._own: dict[RunnerId, tuple[int, str]] = {}
        """The runners of this store: their slots, and in which place those are."""

    def enter(self, connection: apsw.Connection, runner: Enrolment) -> tuple[int, str]:
        """Write a runner's row, in a new slot; its death lock is taken before anybody can see the row."""
        slot = (rows.number(connection, queries.LAST_SLOT) or 0) + 1
        place = self._signs.hold(slot, runner.started_at)
        try:
            self.strike(connection, runner.runner)
            connection.execute(queries.ENROL, (slot, *_row(runner), place))
        except BaseException:
            self._signs.let_go(slot)
            raise
        return slot, place

    def leave(self, slot: int) -> None:
        """The row of a slot that was just taken wasn't committed."""
        self._signs.let_go(slot)

    def entered(self, runner: RunnerId, slot: int, place: str) -> None:
        """The row of a runner is committed. If it had another slot before, that is let go."""
        self._let_go(runner)
        self._own[runner] = slot, place
        if runner in self._wakes:
            self._heard[runner] = self._wakeup.listen(slot, self._wakes[runner])
        self._signs.enrolled(slot)

    def listen(self, runner: RunnerId, wake: Wake) -> None:
        """Wake a runner that way, as soon as it is on the roll."""
        self._wakes[runner] = wake

    def is_heard(self, runner: RunnerId) -> bool:
        """Whether other processes can wake it, too."""
        return self._heard.get(runner, False)

    def rest(self, runner: RunnerId, rest: Rest) -> None:
        """Let all see whether a runner rests."""
        own = self._own.get(runner)
        if own is None or (rest is AWAKE and runner in self._awake):
            return
        self._signs.rest(own[0], rest)
        if rest is AWAKE:
            self._awake.add(runner)
        else:
            self._awake.discard(runner)

    def sweep(self, connection: apsw.Connection) -> None:
        """Remove what runners that died left where they listened."""
        ears = self._wakeup.ears()  # before the rows are read: who listens has one
        if len(ears) > 1:
            for slot in ears - {place.slot for place in roll_rows.places(connection, queries.PLACES)}:
                self._wakeup.remove(slot)

    def beat(self, runner: RunnerId, at: Instant) -> bool:
        """Give a beat; whether others can still see it."""
        own = self._own.get(runner)
        if own is None:
            return False
        slot, place = own
        self._signs.beat(slot, at)
        return place == self._signs.name

    def let_go(self, runner: RunnerId) -> None:
        """End a runner's signs of life, and wake it no more."""
        self._let_go(runner)
        self._wakes.pop(runner, None)
        self._heard.pop(runner, None)

    def _let_go(self, runner: RunnerId) -> None:
        self._awake.discard(runner)
        own = self._own.pop(runner, None)
        if own is not None:
            slot, _ = own
            self._signs.rest(slot, AWAKE)
            self._wakeup.leave(slot)
            self._signs.let_go(slot)

    def let_all_go(self) -> None:
        """End the signs of life of all runners of this store."""
        for runner in tuple(self._own):
            self.let_go(runner)

    def strike(self, connection: apsw.Connection, runner: RunnerId) -> None:
        """Remove a runner's row."""
        connection.execute(queries.STRIKE, (runner,))

    def sign(self, connection: apsw.Connection, runner: RunnerId) -> Sign | None:
        """What can be seen of a runner; None: it isn't on the roll."""
        return self._seen(roll_rows.places(connection, queries.PLACE, (runner,))).get(runner)

    def signs(self, connection: apsw.Connection) -> Mapping[RunnerId, Sign | None]:
        """What can be seen of each runner; None: it holds jobs, but isn't on the roll."""
        return self._seen(roll_rows.places(connection, queries.PLACES))

    def all(self, connection: apsw.Connection) -> tuple[Enrolled, ...]:
        """All runners, in the order in which they enrolled."""
        listed = roll_rows.enrolments(connection, queries.ROLL)
        pulses = self._signs.see([(each.slot, each.side_file) for each in listed])
        return tuple(map(_enrolled, listed, pulses))

    def _seen(self, places: Sequence[roll_rows.Place]) -> dict[RunnerId, Sign | None]:
        """One look at all of them: each runner looks at all others each second, so it must cost little."""
        found: dict[RunnerId, Sign | None] = dict.fromkeys(place.runner for place in places)
        listed = [(place, place.slot) for place in places if place.slot is not None]
        pulses = self._signs.see([(slot, place.side_file) for place, slot in listed])
        for (place, slot), pulse in zip(listed, pulses, strict=True):
            found[place.runner] = _sign(slot, place.boot_id, place.lease, pulse)
        return found


def _enrolled(row: roll_rows.OnTheRoll, pulse: Pulse) -> Enrolled:
    enrolment = row.enrolment
    return Enrolled(enrolment, row.held, _sign(row.slot, enrolment.boot_id, enrolment.lease, pulse), pulse.beat_at)


def _sign(slot: int, boot_id: str, lease: Span | None, pulse: Pulse) -> Sign:
    return Sign(slot, boot_id, pulse.lock, pulse.beats, lease)


def _row(runner: Enrolment) -> rows.Row:
    wanted = runner.wanted
    return (
        *(runner.runner, runner.host, runner.pid, runner.boot_id, runner.driver),
        *(as_json(wanted.queues), as_json(wanted.kinds), runner.started_at, runner.lease),
    )
