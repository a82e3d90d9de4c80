"""10 operations: dead jobs, history, redrive, verify."""

import sys

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
