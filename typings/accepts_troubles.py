"""A codec of one's own, and every exception with what it carries."""

from collections.abc import Generator
from datetime import timedelta
from typing import assert_type

from accepts_handlers import invoice
from accepts_models import INVOICE, Invoice

import adc
from adc import testing as t


class Hexadecimal:
    """It is a Codec[int] by its shape."""

    def encode(self, value: int, /) -> adc.Outcome[bytes, adc.Malformed]:
        return adc.Success(f"{value:x}".encode())

    def decode(self, stored: bytes, /) -> adc.Outcome[int, adc.Malformed]:
        try:
            return adc.Success(int(stored, 16))
        except ValueError:
            return adc.Failure(adc.Malformed("$", "no hexadecimal number"))


codec: adc.Codec[int] = Hexadecimal()
HEX = adc.JobKind("hex", int, codec=codec, result=int, result_codec=Hexadecimal(), payload_limit=8, result_limit=8)
assert_type(HEX, adc.JobKind[int, int])


def at_the_door(give_up_on: adc.Kinds) -> None:
    adc.fixed(max_retries=1, give_up_on=give_up_on)
    try:
        INVOICE.new(Invoice(7, 1))
    except adc.PayloadRefused as refused:
        assert_type((refused.kind, refused.path, refused.problem), tuple[str, str, str])
    except (
        adc.UnsupportedType,
        adc.NaiveDatetime,
        adc.OutOfRange,
        adc.HandlerTaken,
        adc.ResultRefused,
        adc.StepMisplaced,
    ) as error:
        print(error)


def from_outside(queue: adc.SqliteQueue, runner: adc.JobRunner) -> None:
    try:
        runner.run_until_idle()
    except adc.ReportsUnstored as lost:
        assert_type(lost.count, int)
    except adc.OutcomeUnknown as unknown:
        assert_type((unknown.jids, unknown.passing), tuple[tuple[adc.Xid, ...], bool])
    except (adc.StoreFull, adc.StoreReadOnly, adc.DiskError, adc.StoreClosed, adc.NoQueue) as trouble:
        assert_type((trouble.problem, trouble.passing), tuple[str, bool])
    except (adc.ReadOnlyArchive, adc.WrongArchive, adc.AlreadyThere, adc.UnsoundBackup) as trouble:
        assert_type(trouble.path, str)
    except (adc.UnsafeFile, adc.NetworkFileSystem) as trouble:
        assert_type((trouble.path, trouble.risk), tuple[str, str])
    except adc.OutOfMemory as starved:
        assert_type(starved.passing, bool)
    except (adc.UsedAfterFork, adc.StorageLocksLost, adc.DatabaseMoved, adc.SqliteTooOld) as trouble:
        assert_type(trouble.advice, str)
    except adc.NotCommitted as undone:
        assert_type(undone.advice, str)
    except adc.StoreTrouble as trouble:
        assert_type((trouble.path, trouble.operation, trouble.code), tuple[str, str, int])


def from_the_log(queue: adc.SqliteQueue, jid: adc.Xid) -> None:
    try:
        queue.history(jid)
    except adc.UnknownEvent as newer:
        assert_type(newer.jid, adc.Xid)
    except adc.DamagedEvent as damaged:
        assert_type((damaged.seq, damaged.version, damaged.problem), tuple[int, int, str])
    except adc.LogPruned as pruned:
        assert_type((pruned.after, pruned.next_seq), tuple[int, int])
    except (adc.UnreadableEvent, adc.ImpossibleHistory, adc.VersionConflict) as error:
        print(error)


def stopping(token: adc.CancellationToken, unreadable: adc.PayloadUnreadable) -> bool:
    return token.wait(timedelta(seconds=1)) or unreadable.problem == ""


def effects(job: adc.Job[Invoice]) -> Generator[adc.Effect, object, bytes]:
    return (yield from invoice(job))


def replies(reply: adc.Reply[int], handles: adc.Handles[Invoice, bytes]) -> None:
    print(reply, handles)


def refused(refusal: adc.ScheduleRefused | t.Refusal, given: t.Given, when: t.When, world: t.WorldQueue) -> None:
    print(refusal, given, when, world, t.START)
    try:
        when.then()
    except t.NoAnswer as missing:
        assert_type(missing.name, str)
