"""Playing: a handler run with the answers that a test gives to its steps, and no queue, thread or event loop of adc's."""

from collections.abc import Awaitable, Generator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType, coroutine
from typing import Final, Generic, cast, final

from typing_extensions import TypeVar

from adc.core.ids import Xid
from adc.core.instants import Instant, datetime_of, instant_of, timedelta_of
from adc.core.outcome import Failure, Outcome, Success
from adc.drivers.coroutines import Resumable, settle
from adc.drivers.inline import Inline
from adc.drivers.perform import perform
from adc.handling.effects import Call, Doze, Dozing, Drive, Effect, Now, Steps
from adc.handling.job import Job
from adc.handling.notdone import NotDone, Snooze

