"""Differential: the same calls of a queue in memory and of one in a file; answers, errors, log and rows must be equal.

python -m tests.faults.differential [--steps 50000] [--seed 0] [--json FILE]
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Final, TypeAlias

import hypothesis.strategies as st
from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from typing_extensions import override

import adc
from adc.claimed import Poller
from adc.queue import StoreQueue
from adc.stores.memory import MemoryStore
from adc.testing import FixedClock, FixedDice, samples
from tests.faults.counting import Counting, options
from tests.faults.whence import memory

KINDS: Final = (
    adc.JobKind("a", str, result=int, retry=adc.exponential(max_retries=2)),
    adc.JobKind("b", str, result=int, queue="mail"),
)
STEPS_EACH: Final = 40
"""Steps of one pair of queues, at most."""
Call: TypeAlias = Callable[[StoreQueue], object]
AnyClaimed: TypeAlias = adc.Claimed[str, int]

kinds = st.sampled_from(KINDS)
numbers = st.integers(0, 7)
texts = st.one_of(st.sampled_from(["", "x", "\0 '; --", "\U0001f600" * 3]), st.text(max_size=5))
delays = st.sampled_from([0, 0, 1, 30, 86_400]).map(lambda seconds: timedelta(seconds=seconds))
keys = st.sampled_from([None, None, "k", "l"])


class Queues(RuleBasedStateMachine):
    """A queue in memory and one in a file, with one clock and one pair of dice."""

    asked = 0
    """Calls, of all pairs so far."""
    answers: dict[str, int] = {}  # noqa: RUF012  the same for all pairs

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(dir=memory())
        self.clock, self.dice = FixedClock(), FixedDice()
        in_memory = StoreQueue(MemoryStore(), clock=self.clock, dice=self.dice, actor="test")
        path = Path(self.folder.name) / "q.db"
        in_file = adc.SqliteQueue.open(path, durability="normal", actor="test", clock=self.clock, dice=self.dice)
        self.queues: tuple[StoreQueue, StoreQueue] = (in_memory, in_file)
        self.verify = in_file.verify
        for queue in self.queues:
            queue._poller = Poller(queue.store, self.clock, self.dice, samples.RUNNER)  # one name for both
        self.jobs: list[adc.NewJob] = []
        self.claimed: list[tuple[AnyClaimed, AnyClaimed]] = []

    @override
    def teardown(self) -> None:
        findings = [str(each) for each in self.verify()]  # also where a state isn't what its events lead to
        for queue in self.queues:
            queue.close()
        self.folder.cleanup()
        assert findings == []

    def both(self, name: str, call: Call) -> tuple[object, object]:
        """Ask both, and compare all that can be seen."""
        first, second = (answer(call, queue) for queue in self.queues)
        said = tuple(map(shown, (first, second)))
        assert said[0] == said[1], f"{name}: memory said {said[0]}, the file {said[1]}"
        Queues.asked += 1
        Queues.answers[name] = Queues.answers.get(name, 0) + 1
        seen = tuple(map(everything, self.queues))
        assert seen[0] == seen[1], f"after {name}: memory has {seen[0]}, the file {seen[1]}"
        return first, second

    @initialize()
    def begin(self) -> None:
        self.both("begin", lambda queue: queue.counts())

    @rule(kind=kinds, text=texts, key=keys, delay=delays, priority=st.integers(-2, 2))
    def schedule(
        self, kind: adc.JobKind[str, int], text: str, key: str | None, delay: timedelta, priority: int
    ) -> None:
        job = kind.new(text, key=key, priority=priority).after(delay)
        self.jobs.append(job)
        self.both("schedule", lambda queue: queue.try_schedule(job))

    @rule(number=numbers)
    def schedule_again(self, number: int) -> None:
        if self.jobs:
            job = self.jobs[number % len(self.jobs)]
            self.both("schedule again", lambda queue: queue.schedule(job))

    @rule(kind=kinds, several=st.lists(texts, max_size=4), key=keys)
    def schedule_many(self, kind: adc.JobKind[str, int], several: list[str], key: str | None) -> None:
        jobs = [kind.new(text, key=key if number == 1 else None) for number, text in enumerate(several)]
        self.jobs += jobs
        self.both("schedule_many", lambda queue: queue.schedule_many(jobs))

    @rule(kind=kinds)
    def poll(self, kind: adc.JobKind[str, int]) -> None:
        first, second = self.both("poll", lambda queue: queue.poll_next(kind))
        if isinstance(first, adc.Claimed) and isinstance(second, adc.Claimed):
            self.claimed.append((first, second))

    @rule(number=numbers, result=st.integers())
    def complete(self, number: int, result: int) -> None:
        self.report("complete", number, lambda claimed: claimed.complete(result))

    @rule(number=numbers, final=st.booleans())
    def fail(self, number: int, final: bool) -> None:
        self.report("fail", number, lambda claimed: claimed.fail((adc.Permanent if final else adc.Transient)("no")))

    @rule(number=numbers, delay=delays)
    def snooze(self, number: int, delay: timedelta) -> None:
        self.report("snooze", number, lambda claimed: claimed.snooze(delay))

    def report(self, name: str, number: int, say: Callable[[AnyClaimed], object]) -> None:
        """Of any attempt so far, also of one that has long said something."""
        if self.claimed:
            pair = self.claimed[number % len(self.claimed)]
            self.both(name, lambda queue: say(pair[self.queues.index(queue)]))

    @rule(number=numbers, verb=st.sampled_from(["cancel", "redrive", "erase", "reschedule", "unschedule", "result"]))
    def change(self, number: int, verb: str) -> None:
        kind = KINDS[number % 2]
        jid = self.jobs[number % len(self.jobs)].jid if self.jobs else samples.JOB
        due = self.clock.at + timedelta(seconds=number)
        verbs: dict[str, Call] = {
            "cancel": lambda queue: queue.cancel_job(jid),
            "redrive": lambda queue: queue.redrive(jid),
            "erase": lambda queue: queue.erase(jid),
            "reschedule": lambda queue: queue.reschedule(jid, due=due, priority=number),
            "unschedule": lambda queue: queue.unschedule_job(kind, jid),
            "result": lambda queue: queue.result(kind, jid),
        }
        self.both(verb, verbs[verb])

    @rule(name=st.sampled_from(["default", "mail", ""]), pauses=st.booleans())
    def pause(self, name: str, pauses: bool) -> None:
        self.both("pause" if pauses else "resume", lambda queue: (queue.pause if pauses else queue.resume)(name))

    @rule(before=st.sampled_from([-60, 0, 60]))
    def prune(self, before: int) -> None:
        moment = self.clock.at + timedelta(seconds=before)
        counts = self.queues[0].counts()
        if counts["done"] and counts["cancelled"]:
            return  # a file takes those that are done and those that were cancelled in batches of their own
        self.both("prune", lambda queue: (queue.prunable(done_before=moment), queue.prune(done_before=moment)))

    @rule(seconds=st.sampled_from([1, 40, 90_000]), jumps=st.booleans())
    def pass_time(self, seconds: int, jumps: bool) -> None:
        if jumps:
            self.clock.at = self.clock.at - timedelta(seconds=seconds)
        else:
            self.clock.advance(timedelta(seconds=seconds))
        self.both("time", lambda queue: queue.paused())


def answer(call: Call, queue: StoreQueue) -> object:
    try:
        return call(queue)
    except Exception as error:  # noqa: BLE001  it is compared
        return error


def shown(said: object) -> str:
    """An answer, as far as both must give the same."""
    if isinstance(said, adc.Claimed):
        return f"Claimed {said.job}"
    if isinstance(said, Exception):
        return f"{type(said).__name__}: {said}"
    return repr(said)


def everything(queue: StoreQueue) -> tuple[object, ...]:
    """The log with its digests, the states that the jobs are in, and what is counted of them."""
    log = tuple(map(repr, queue.store.events(0, 10_000)))
    return log, tuple(map(repr, queue.look(limit=1_000))), dict(queue.counts()), queue.paused()


def examine(steps: int, first: int) -> Counting:
    """So many calls at least; a failure tells the shortest way to it."""
    counting, round_ = Counting("differential", first), 0
    Queues.asked, Queues.answers = 0, {}
    while Queues.asked < steps and not counting.violations:
        wanted = max(1, min(100, (steps - Queues.asked) // STEPS_EACH))
        chosen = settings(
            max_examples=wanted,
            stateful_step_count=STEPS_EACH,
            deadline=None,
            database=None,
            verbosity=Verbosity.quiet,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        )
        try:
            run_state_machine_as_test(seed(first * 100_003 + round_)(Queues), settings=chosen)
        except Exception as error:  # noqa: BLE001  it is told
            counting.wrong(["\n".join([repr(error)[:2_000], *getattr(error, "__notes__", ())])])
        round_ += 1
    counting.count("steps", Queues.asked)
    counting.count_all(dict(sorted(Queues.answers.items())))
    return counting


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=50_000)
    options(parser)
    chosen = parser.parse_args()
    return examine(chosen.steps, chosen.seed).end(chosen.json, f"--steps {chosen.steps}")


if __name__ == "__main__":
    sys.exit(main())
