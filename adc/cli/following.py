"""Following: the log as it grows, without gap or repeat: what there is, and then what comes, until nobody asks."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from threading import Event
from typing import Final, TypeAlias

from adc.core.ids import Xid
from adc.history import Gaps, Told, page, told
from adc.ports.store import Store

Wait: TypeAlias = Callable[[], object]
"""Waits until it is time to look again."""

PAGE: Final = 1_000
"""So many events are read at a time."""

ENDS: Final = frozenset({"done", "cancelled"})
"""The states in which a job is over."""


def every(interval: timedelta) -> Wait:
    """Wait for so long; a signal wakes it."""
    nobody, seconds = Event(), interval.total_seconds()
    return lambda: nobody.wait(seconds)


def read_log(store: Store, after: int, gaps: Gaps = "refuse") -> Iterator[Told]:
    """What there is behind a place in the log."""
    while found := page(store, after, PAGE, gaps):
        yield from found
        after = found[-1].recorded.seq


def follow_log(store: Store, after: int, wait: Wait, gaps: Gaps = "refuse") -> Iterator[Told]:
    """What there is behind a place in the log, and then what comes. Once it has caught up it skips no gap any more."""
    while True:
        last = store.last_seq()
        for each in read_log(store, after, gaps):
            after = each.recorded.seq
            yield each
        after, gaps = max(after, last), "refuse"  # what wasn't there is behind it
        wait()


def follow_job(store: Store, jid: Xid, wait: Wait) -> Iterator[Told]:
    """A job's history, and then what happens to it, until it is done or cancelled."""
    seen, looked_at = 0, -1
    while True:
        last = store.last_seq()
        if last != looked_at:
            looked_at = last
            history = told(store.history(jid))
            yield from history[seen:]
            seen = len(history)
            if history and history[-1].state in ENDS:
                return
        wait()
