"""adc: a background job queue in one SQLite file, for typed Python."""

from adc.claimed import Claimed
from adc.codec.events import DamagedEvent, UnknownEvent, UnreadableEvent
from adc.codec.payload import Codec, Malformed, UnsupportedType
from adc.core.evolve import ImpossibleHistory
from adc.core.ids import Xid
from adc.core.instants import NaiveDatetime, OutOfRange
from adc.core.outcome import Failure, Outcome, Success
from adc.core.refusals import JidTaken, KeyTaken, LeaseLost, NotFound, Undecodable, WrongKind, WrongState
from adc.core.retry import NEVER, Kinds, RetryPolicy, exponential, fixed, linear
from adc.core.states import Reason, StateName
from adc.handling.effects import Effect, Steps
from adc.handling.job import CancellationToken, Job
from adc.handling.notdone import NotDone, PayloadUnreadable, Permanent, ResultRefused, Snooze, TimedOut, Transient
from adc.handling.steps import Step, StepMisplaced, StepOf, now, snooze, step
from adc.kind import AnyJobKind, JobKind, NewJob, PayloadRefused
from adc.ports.trouble import (
    CannotOpen,
    ForeignFile,
    FutureVersion,
    NoQueue,
    OutcomeUnknown,
    StoreBusy,
    StoreClosed,
    StoreDamaged,
    StoreFull,
    StoreReadOnly,
    StoreTrouble,
    VersionConflict,
)
from adc.queue import SqliteQueue
from adc.reading import JobRow, LogEntry
from adc.refused import CancelRefused, RedriveRefused, Refused, ScheduleRefused, UnscheduleRefused
from adc.router import HandlerTaken, Handles, JobHandler, Reply, RunnerRouter
from adc.runner import JobRunner
from adc.running.events import (
    AttemptAbandoned,
    EventsDropped,
    Happened,
    JobUnreadable,
    ReportRefused,
    RunnerEvent,
    RunnerStarted,
    RunnerStopped,
    RunnerStopping,
    StoreTroubled,
)
from adc.running.loop import ReportsUnstored
from adc.scheduling import Queue
from adc.stores.sqlite.migrations import SCHEMA_SQL

__all__ = [
    "NEVER",
    "SCHEMA_SQL",
    "AnyJobKind",
    "AttemptAbandoned",
    "CancelRefused",
    "CancellationToken",
    "CannotOpen",
    "Claimed",
    "Codec",
    "DamagedEvent",
    "Effect",
    "EventsDropped",
    "Failure",
    "ForeignFile",
    "FutureVersion",
    "HandlerTaken",
    "Handles",
    "Happened",
    "ImpossibleHistory",
    "JidTaken",
    "Job",
    "JobHandler",
    "JobKind",
    "JobRow",
    "JobRunner",
    "JobUnreadable",
    "KeyTaken",
    "Kinds",
    "LeaseLost",
    "LogEntry",
    "Malformed",
    "NaiveDatetime",
    "NewJob",
    "NoQueue",
    "NotDone",
    "NotFound",
    "OutOfRange",
    "Outcome",
    "OutcomeUnknown",
    "PayloadRefused",
    "PayloadUnreadable",
    "Permanent",
    "Queue",
    "Reason",
    "RedriveRefused",
    "Refused",
    "Reply",
    "ReportRefused",
    "ReportsUnstored",
    "ResultRefused",
    "RetryPolicy",
    "RunnerEvent",
    "RunnerRouter",
    "RunnerStarted",
    "RunnerStopped",
    "RunnerStopping",
    "ScheduleRefused",
    "Snooze",
    "SqliteQueue",
    "StateName",
    "Step",
    "StepMisplaced",
    "StepOf",
    "Steps",
    "StoreBusy",
    "StoreClosed",
    "StoreDamaged",
    "StoreFull",
    "StoreReadOnly",
    "StoreTrouble",
    "StoreTroubled",
    "Success",
    "TimedOut",
    "Transient",
    "Undecodable",
    "UnknownEvent",
    "UnreadableEvent",
    "UnscheduleRefused",
    "UnsupportedType",
    "VersionConflict",
    "WrongKind",
    "WrongState",
    "Xid",
    "exponential",
    "fixed",
    "linear",
    "now",
    "snooze",
    "step",
]
