"""adc: a background job queue in one SQLite file, for typed Python."""

from adc.auditing.diagnosis import Aspect, Diagnosis, Observation, Severity
from adc.auditing.finding import Finding, Law
from adc.claimed import Claimed
from adc.codec.events import DamagedEvent, UnknownEvent, UnreadableEvent
from adc.codec.payload import Codec, Malformed, UnsupportedType
from adc.codec.upgrading import Upgrades, upgrade_from
from adc.core.evolve import ImpossibleHistory
from adc.core.ids import DATABASE, Xid
from adc.core.instants import NaiveDatetime, OutOfRange
from adc.core.outcome import Failure, Outcome, Success
from adc.core.refusals import JidTaken, KeyTaken, LeaseLost, NotFound, Undecodable, WrongKind, WrongState
from adc.core.retry import NEVER, Kinds, RetryPolicy, exponential, fixed, linear
from adc.core.states import Reason, StateName
from adc.exporting import Redact
from adc.handling.cause import caused_by
from adc.handling.effects import Effect, Steps
from adc.handling.job import CancellationToken, Job
from adc.handling.notdone import NotDone, PayloadUnreadable, Permanent, ResultRefused, Snooze, TimedOut, Transient
from adc.handling.steps import Step, StepMisplaced, StepOf, now, snooze, step
from adc.kind import AnyJobKind, JobKind, NewJob, PayloadRefused
from adc.ports.store import PruneCount
from adc.ports.trouble import (
    AlreadyThere,
    CannotOpen,
    DatabaseMoved,
    DiskError,
    ForeignFile,
    FutureVersion,
    LogPruned,
    MixedSqlite,
    NetworkFileSystem,
    NoQueue,
    NotCommitted,
    OutcomeUnknown,
    OutOfMemory,
    PastVersion,
    ReadOnlyArchive,
    SqliteTooOld,
    StorageLocksLost,
    StoreBusy,
    StoreClosed,
    StoreDamaged,
    StoreFull,
    StoreReadOnly,
    StoreTrouble,
    UnsafeFile,
    UnsoundBackup,
    UsedAfterFork,
    VersionConflict,
    WrongArchive,
)
from adc.ports.upkeep import BackedUp, Compacted
from adc.queue import SqliteQueue
from adc.reading import JobRow, LogEntry
from adc.refused import CancelRefused, EraseRefused, RedriveRefused, Refused, ScheduleRefused, UnscheduleRefused
from adc.router import HandlerTaken, Handles, JobHandler, Reply, RunnerRouter
from adc.runner import JobRunner
from adc.runners import RunnerRow
from adc.running.events import (
    AttemptAbandoned,
    AttemptCancelled,
    EventsDropped,
    Happened,
    JobUnreadable,
    ReportRefused,
    RunnerEvent,
    RunnerGone,
    RunnerStarted,
    RunnerStopped,
    RunnerStopping,
    StoreTroubled,
    StruckOff,
    WalGrowing,
)
from adc.running.loop import HandlersHang, ReportsUnstored
from adc.scheduling import Queue
from adc.stores.sqlite.migrations import SCHEMA_SQL
from adc.stores.sqlite.trespassing import guard_files
from adc.upkeep import doctor

__all__ = [
    "DATABASE",
    "NEVER",
    "SCHEMA_SQL",
    "AlreadyThere",
    "AnyJobKind",
    "Aspect",
    "AttemptAbandoned",
    "AttemptCancelled",
    "BackedUp",
    "CancelRefused",
    "CancellationToken",
    "CannotOpen",
    "Claimed",
    "Codec",
    "Compacted",
    "DamagedEvent",
    "DatabaseMoved",
    "Diagnosis",
    "DiskError",
    "Effect",
    "EraseRefused",
    "EventsDropped",
    "Failure",
    "Finding",
    "ForeignFile",
    "FutureVersion",
    "HandlerTaken",
    "HandlersHang",
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
    "Law",
    "LeaseLost",
    "LogEntry",
    "LogPruned",
    "Malformed",
    "MixedSqlite",
    "NaiveDatetime",
    "NetworkFileSystem",
    "NewJob",
    "NoQueue",
    "NotCommitted",
    "NotDone",
    "NotFound",
    "Observation",
    "OutOfMemory",
    "OutOfRange",
    "Outcome",
    "OutcomeUnknown",
    "PastVersion",
    "PayloadRefused",
    "PayloadUnreadable",
    "Permanent",
    "PruneCount",
    "Queue",
    "ReadOnlyArchive",
    "Reason",
    "Redact",
    "RedriveRefused",
    "Refused",
    "Reply",
    "ReportRefused",
    "ReportsUnstored",
    "ResultRefused",
    "RetryPolicy",
    "RunnerEvent",
    "RunnerGone",
    "RunnerRouter",
    "RunnerRow",
    "RunnerStarted",
    "RunnerStopped",
    "RunnerStopping",
    "ScheduleRefused",
    "Severity",
    "Snooze",
    "SqliteQueue",
    "SqliteTooOld",
    "StateName",
    "Step",
    "StepMisplaced",
    "StepOf",
    "Steps",
    "StorageLocksLost",
    "StoreBusy",
    "StoreClosed",
    "StoreDamaged",
    "StoreFull",
    "StoreReadOnly",
    "StoreTrouble",
    "StoreTroubled",
    "StruckOff",
    "Success",
    "TimedOut",
    "Transient",
    "Undecodable",
    "UnknownEvent",
    "UnreadableEvent",
    "UnsafeFile",
    "UnscheduleRefused",
    "UnsoundBackup",
    "UnsupportedType",
    "Upgrades",
    "UsedAfterFork",
    "VersionConflict",
    "WalGrowing",
    "WrongArchive",
    "WrongKind",
    "WrongState",
    "Xid",
    "caused_by",
    "doctor",
    "exponential",
    "fixed",
    "guard_files",
    "linear",
    "now",
    "snooze",
    "step",
    "upgrade_from",
]
