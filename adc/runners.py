"""Runners as people see them: who runs jobs, since when, and whether it still lives."""

from datetime import datetime

from msgspec import Struct

from adc.core.ids import RunnerId
from adc.core.instants import Span, datetime_of
from adc.core.liveness import Because, sighting, why_gone
from adc.ports.store import Enrolled


class RunnerRow(Struct, frozen=True):
    """One runner that is on the roll."""

    runner: RunnerId
    driver: str
    """Who runs its handlers: `threads`, `inline`, `processes`, `loop` for `serve`, or `poll` for `poll_next`."""
    host: str
    pid: int
    started_at: datetime
    """In UTC."""
    queues: tuple[str, ...]
    kinds: tuple[tuple[str, int], ...]
    """The kinds that it has handlers for, by name and payload version."""
    jobs: int
    """How many it holds."""
    beat_at: datetime | None
    """When it last gave a sign of life, in UTC; None: that can't be seen. One that polls by hand gives only one."""
    gone: Because | None
    """Why it is gone, and waits to be struck off by another runner; None: it lives, as far as one look can tell."""


def runner_row(enrolled: Enrolled, boot_id: str) -> RunnerRow:
    """What is shown of a runner, to somebody who looks during this start of the machine."""
    who, sign = enrolled.enrolment, enrolled.sign
    return RunnerRow(
        *(who.runner, who.driver, who.host, who.pid, datetime_of(who.started_at)),
        *(who.wanted.queues, who.wanted.kinds, enrolled.held),
        beat_at=None if enrolled.beat_at is None else datetime_of(enrolled.beat_at),
        gone=why_gone(sign, boot_id, sighting(None, sign, Span(0))),
    )
