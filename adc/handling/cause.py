"""Cause: what makes somebody ask, for all that its thread or task asks meanwhile; the log has it with each event."""

import re
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from adc.core.names import name_of
from adc.handling.job import Held

CAUSE_LIMIT: Final = 500
"""The longest cause, in characters."""

_FORMS: Final = re.compile("request:.+|job:[0-9a-v]{20}#[1-9][0-9]*")

_cause: Final[ContextVar[str | Held | None]] = ContextVar("adc_cause", default=None)


@contextmanager
def caused_by(cause: str, /) -> Generator[None, None, None]:
    """Within, all that is asked of a queue has this cause: `with adc.caused_by("request:7f3a"): ...`.

    It is `request:` and a text, at most 500 characters in all; or `job:`, an id, `#` and the version of an event, as
    for a process that a handler started. It holds in this thread or task. In a handler the cause is the attempt itself,
    unless this says otherwise.
    """
    text = name_of("cause", cause, limit=CAUSE_LIMIT)
    if not _FORMS.fullmatch(text):
        raise ValueError(f"expected a cause such as request:7f3a or job:<jid>#<version>, got {text!r:.100}")
    before = _cause.get()
    _cause.set(text)
    try:
        yield
    finally:
        if _cause.get() is text:  # else a generator that was thrown away ends elsewhere
            _cause.set(before)


def current_cause() -> str | None:
    """What the log says of what is asked here and now."""
    cause = _cause.get()
    if isinstance(cause, Held):
        return f"job:{cause.jid}#{cause.version}" if cause.version else None
    return cause


def begin_attempt(held: Held) -> str | Held | None:
    """From here on the attempt is the cause. Gives the one before, for `end_attempt`."""
    before = _cause.get()
    _cause.set(held)
    return before


def end_attempt(held: Held, before: str | Held | None) -> None:
    """Its end; it may come elsewhere than its beginning, where an attempt is thrown away: then nothing changes here."""
    if _cause.get() is held:
        _cause.set(before)
