"""Logged: what a runner does as records of the standard library's logging, one line each, with its fields in `extra`.

The logger is `adc.runner`. What goes as it should is INFO; what failed, or was taken from somebody, is WARNING.
Payloads, results and messages of exceptions are in no record: those may be secret, and can be vast.
"""

from collections.abc import Iterator, Mapping
from logging import INFO, WARNING, Logger, getLogger
from typing import Final

from msgspec.structs import asdict

from adc.core.events import JobCrashed, JobDied, JobRetried
from adc.core.ids import RunnerId
from adc.drivers.turn import Listener
from adc.running.events import Happened, RunnerEvent, RunnerStarted, RunnerStopped, RunnerStopping

LOGGER: Final = "adc.runner"

_AS_IT_SHOULD: Final = (RunnerStarted, RunnerStopping, RunnerStopped)
_FAILURES: Final = (JobRetried, JobDied, JobCrashed)
_TOLD: Final = ("attempt", "reason", "because", "why", "how")
"""The fields of a job's event that a record has."""


def logged(runner: RunnerId, listener: Listener | None) -> Listener | None:
    """A listener that writes records, then tells the given one; the given one, if nobody has set logging up."""
    logger = getLogger(LOGGER)
    return _Log(logger, runner, listener).tell if logger.hasHandlers() else listener


class _Log:
    """The records of one runner."""

    def __init__(self, logger: Logger, runner: RunnerId, listener: Listener | None) -> None:
        self._logger = logger
        self._runner = runner
        self._listener = listener

    def tell(self, event: RunnerEvent) -> None:
        """Write the record, and let the listener know."""
        level = INFO if _is_as_it_should_be(event) else WARNING
        if self._logger.isEnabledFor(level):
            fields = {"runner": self._runner, **dict(_fields(event))}
            shown = " ".join(f"{name}={value}" for name, value in fields.items() if name != "event")
            self._logger.log(level, "%s %s", fields["event"], shown, extra=fields)
        if self._listener is not None:
            self._listener(event)


def _is_as_it_should_be(event: RunnerEvent) -> bool:
    return not isinstance(event.event, _FAILURES) if isinstance(event, Happened) else isinstance(event, _AS_IT_SHOULD)


def _fields(event: RunnerEvent) -> Iterator[tuple[str, object]]:
    if isinstance(event, Happened):
        yield "event", type(event.event).__name__
        yield from (("jid", event.jid), ("kind", event.kind), ("actor", event.actor))
        yield from _some(asdict(event.event))
        if isinstance(event.event, JobRetried | JobDied) and event.event.fault is not None:
            yield "error", "".join(event.event.fault.names[:1])
        return
    yield "event", type(event).__name__
    for name, value in asdict(event).items():
        if name == "refusal":
            yield name, type(value).__name__
        else:
            yield ("gone" if name == "runner" and "because" in event.__struct_fields__ else name), _in_a_line(value)


def _some(fields: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    return ((name, _in_a_line(fields[name])) for name in _TOLD if name in fields)


def _in_a_line(value: object) -> object:
    """Texts come from files and processes: a line break in one would make two records of it."""
    return value.encode("unicode_escape").decode() if isinstance(value, str) and not value.isprintable() else value
