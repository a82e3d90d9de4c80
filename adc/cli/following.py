"""Following: the log as it grows, without gap or repeat: what there is, and then what comes, until nobody asks."""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from threading import Event
from typing import Final, TypeAlias

from adc.cli.log_table import Happened, entry_of
from adc.codec.events import UnknownEvent
from adc.core.ids import DATABASE, Xid
from adc.history import Gaps, Told, page, told
from adc.queue import StoreQueue
from adc.reading import raw_entry

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


def history_of_job(queue: StoreQueue, jid: Xid) -> Sequence[Happened]:
    """All that happened to a job, or to the database; with no states, if an event of a later adc is among it."""
    try:
        if jid == DATABASE:
            return tuple(Told(each, None) for each in queue.store.database_history())
        return told(queue.store.history(jid))
    except UnknownEvent:
        return queue.history(jid)


def read_log(queue: StoreQueue, after: int, gaps: Gaps = "refuse") -> Iterator[Happened]:
    """What there is behind a place in the log."""
    while found := _page(queue, after, gaps):
        yield from found
        after = entry_of(found[-1]).seq


def follow_log(queue: StoreQueue, after: int, wait: Wait, gaps: Gaps = "refuse") -> Iterator[Happened]:
    """What there is behind a place in the log, and then what comes. Once it has caught up it skips no gap any more."""
    while True:
        last = queue.store.last_seq()
        for each in read_log(queue, after, gaps):
            after = entry_of(each).seq
            yield each
        after, gaps = max(after, last), "refuse"  # what wasn't there is behind it
        wait()


def follow_job(queue: StoreQueue, jid: Xid, wait: Wait) -> Iterator[Happened]:
    """A job's history, and then what happens to it, until it is done or cancelled."""
    seen, looked_at = 0, -1
    while True:
        last = queue.store.last_seq()
        if last != looked_at:
            looked_at = last
            history = history_of_job(queue, jid)
            yield from history[seen:]
            seen = len(history)
            if history and history[-1].state in ENDS:
                return
        wait()


def _page(queue: StoreQueue, after: int, gaps: Gaps) -> Sequence[Happened]:
    try:
        return page(queue.store, after, PAGE, gaps)
    except UnknownEvent as unknown:
        return (raw_entry(unknown),)
