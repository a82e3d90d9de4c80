"""10 operations: dead jobs, history, redrive."""

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
        dead = queue.counts()["dead"]
    print(dead, "dead letters", file=sys.stderr)
    return 1 if dead else 0
