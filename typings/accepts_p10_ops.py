"""10 operations: dead jobs, history, redrive, verify; how the file lives, a backup of it, and its room."""

import sys
from collections.abc import Iterator
from typing import assert_type

import adc


def main(path: str) -> int:
    with adc.SqliteQueue.open(path) as queue:
        for row in queue.look(state="dead", kind="invoice"):
            print(row.jid, row.reason)
            for entry in queue.history(row.jid):
                print(" ", entry.seq, entry.at.isoformat(), entry.type, entry.actor, entry.data.get("message", ""))
            match queue.redrive(row.jid):
                case adc.Success(_):
                    print("  redriven")
                case adc.Failure(refusal):
                    print("  refused:", refusal)
        print(queue.counts())
        found = list(queue.verify())
    for finding in found:
        print(finding.jid, finding.problem, file=sys.stderr)
    return 1 if found else 0


def upkeep(path: str) -> Iterator[str]:
    found = adc.doctor(path)
    assert_type(found, adc.Diagnosis)
    assert_type(found.severity, adc.Severity)
    for each in found.observations:
        assert_type(each, adc.Observation)
        assert_type(each.about, adc.Aspect)
        if each.severity != "ok":
            yield f"{each.about}: {each.says} {each.advice} {each.details} {each.numbers.get('bytes')}"
    with adc.SqliteQueue.open(path) as queue:
        assert_type(queue.doctor(), adc.Diagnosis)
        made = queue.backup(f"{path}.backup")
        assert_type(made, adc.BackedUp)
        assert_type((made.path, made.events, made.jobs, made.bytes), tuple[str, int, int, int])
        done = queue.compact()
        assert_type(done, adc.Compacted)
        yield f"{done.before - done.after} {done.free} {done.wal} {done.gives_back}"
