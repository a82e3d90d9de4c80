"""Referee: judges each commit by what handlers and clients saw, and by what truly became of the runners."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, TypeAlias, final

from adc.core.database import DatabaseTransition, QueuePaused, QueueResumed
from adc.core.events import Event, JobCrashed, JobStarted
from adc.core.ids import RunnerId, Xid
from adc.core.instants import SECOND, Instant
from adc.core.states import JobState
from adc.core.terms import Token
from adc.core.transition import Transition
from adc.handling.said import Failed, GivenBack, Report, Said
from adc.kind import NewJob
from adc.ports.store import Enrolment
from tests.simulation.life import OVER, Broken, Culprit, Life, is_crash_of_a_child, short
from tests.simulation.natures import Nature

if TYPE_CHECKING:
    from tests.simulation.process import Process
    from tests.simulation.world import World

Committed: TypeAlias = tuple[Xid, int, Event]

NOT_BEGUN: Final = GivenBack("outcome unknown")
"""What may be said of an attempt that was claimed, and of which nobody learned."""
APART_OR_NOT: Final = ("poll", "processes")
"""Who polls decides itself how much it takes at once; and where all jobs have processes of their own none does harm."""

UNNOTICED: Final = 7 * SECOND
"""So much of a stop may count as time that its handlers had: 5 s are let pass, and a wait may take 2 s."""


@final
class Referee:
    """Raises Broken."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self.lives: dict[Xid, Life] = {}
        self.offered: dict[Xid, tuple[NewJob, Nature]] = {}
        """What producers want to be stored."""
        self.stored: set[Xid] = set()
        """What they were told is."""
        self.refused: set[Xid] = set()
        self.log: list[Committed] = []
        self.pairs: set[tuple[type[Event], type[JobState]]] = set()
        self.starts: dict[tuple[Xid, Token], int] = {}
        """When each attempt was claimed, in ticks."""
        self.began: set[tuple[Xid, Token]] = set()
        """Those of which a handler began."""
        self._said: dict[tuple[Xid, Token], Said] = {}
        self._reported: dict[tuple[Xid, Token], Said] = {}
        self._held: dict[RunnerId, set[Xid]] = {}
        self._paused: set[str] = set()
        self._roll: dict[RunnerId, Enrolment] = {}
        self._beats: dict[RunnerId, int] = {}
        self._freed: set[RunnerId] = set()
        self._rebooted: set[RunnerId] = set()

    @property
    def open(self) -> list[Life]:
        """The jobs that aren't over."""
        return [life for life in self.lives.values() if life.phase not in OVER]

    def nature_of(self, jid: Xid) -> Nature:
        """How the handler of a job behaves."""
        return self.offered[jid][1]

    def acknowledged(self, job: NewJob, jid: Xid) -> None:
        """A producer was told that its job is stored."""
        life = self.lives.get(jid)
        if life is None or life.terms is None:
            raise Broken(f"{jid} was acknowledged, and isn't there")
        if jid != job.jid and (life.terms.key, life.terms.kind) != (job.terms.key, job.terms.kind):
            raise Broken(f"{jid} was given for {job.jid}, which has another key")
        self.stored.add(jid)

    def cancelled(self, jid: Xid) -> None:
        """A client was told that its job will not run any more, except for the attempt that runs."""
        life = self.lives[jid]
        if not (life.cancel_asked or life.phase in ("cancelled", "done")):
            raise Broken(f"it was acknowledged that {life.told()} is cancelled")

    def denied(self, jid: Xid, token: Token) -> None:
        """Who completed a job was told that the attempt doesn't hold it."""
        life = self.lives[jid]
        if life.phase == "done" and life.token == token:
            raise Broken(f"{token} was told that it doesn't hold {life.told()}, though its completion is stored")

    def enrolled(self, runner: Enrolment) -> None:
        """A runner is on the roll."""
        self._roll[runner.runner] = runner
        self._beats[runner.runner] = self._world.counted
        self._freed.discard(runner.runner)
        self._rebooted.discard(runner.runner)

    def beaten(self, runner: RunnerId) -> None:
        """It gave a sign of life."""
        self._beats[runner] = self._world.counted

    def freed(self, runner: RunnerId) -> None:
        """Its death lock is free."""
        self._freed.add(runner)

    def rebooted(self, runner: RunnerId) -> None:
        """It was of an earlier start of the machine."""
        self._rebooted.add(runner)
        self._freed.add(runner)

    def resigned(self, runner: RunnerId) -> None:
        """It is at its end."""
        self.freed(runner)
        if not self._held.get(runner):
            self._roll.pop(runner, None)

    def died(self, runner: RunnerId, killer: Xid | None) -> None:
        """Its process is no more; perhaps by the handler of a job."""
        for jid in self._held.get(runner, ()):
            culprit: Culprit = "outside" if killer is None else "own" if jid == killer else "neighbour"
            self.lives[jid].culprit = culprit

    def launched(self, jid: Xid, token: Token) -> None:
        """A handler began."""
        if (jid, token) not in self.starts or (jid, token) in self.began:
            raise Broken(f"{jid} is executed by {token}, which didn't claim it, or twice")
        self.began.add((jid, token))

    def said(self, report: Report) -> None:
        """A handler came to its end."""
        self._said[report.jid, report.token] = report.said

    def reported(self, reports: Sequence[Report], process: "Process | None" = None) -> None:
        """What is asked of the store for attempts: what their handlers said, or what the loop says for them."""
        for report in reports:
            key = (report.jid, report.token)
            if self._reported.get(key) == report.said:
                continue
            if self._said.get(key) != report.said:
                self._said_for_it(report, process)
            self._reported[key] = report.said

    def _said_for_it(self, report: Report, process: "Process | None") -> None:
        began = (report.jid, report.token) in self.began
        match report.said:
            case GivenBack("shutdown") if began:
                pass
            case Failed(fault) if began and process is not None and fault.names[0].endswith("TimedOut"):
                self._had_its_time(report, process)
            case said:
                raise Broken(f"{said} is reported for {short(report.jid)}, which its handler didn't say")

    def _had_its_time(self, report: Report, process: "Process") -> None:
        """Time in which its process was stopped while it rested doesn't count, but for a little."""
        claimed, timeout = self.starts[report.jid, report.token], self.offered[report.jid][0].terms.timeout
        stopped = sum(max(0, length - UNNOTICED) for at, length in process.stops if at >= claimed)
        had = self._world.tick - claimed - stopped
        if timeout is None or had < timeout:
            raise Broken(f"an attempt of {short(report.jid)} timed out by {process.name} after {had / SECOND} s")

    def committed(self, done: Sequence[Transition | DatabaseTransition], struck: Sequence[RunnerId]) -> None:
        """A transaction is in the file."""
        started: list[Life] = []
        for each in done:
            if isinstance(each, DatabaseTransition):
                self._pause(each)
                continue
            if not each.events:
                continue
            life = self.lives.get(each.before.jid)
            if life is None:
                life = self.lives[each.before.jid] = Life(each.before.jid)
            if each.before.version != life.version:
                raise Broken(f"what became of version {each.before.version} is stored of {life.told()}")
            for event in each.events:
                self._happened(life, event, each)
                if isinstance(event, JobStarted):
                    started.append(life)
        for runner in struck:
            self._roll.pop(runner, None)
            if self._held.get(runner):
                raise Broken(f"{runner} was struck off, though it holds {self._held[runner]}")
        for life in started:
            if self._roll[life.runner].driver not in APART_OR_NOT:
                self._are_apart(life)

    def _happened(self, life: Life, event: Event, done: Transition) -> None:
        if life.jid not in self.offered:
            raise Broken(f"{event} is of a job that nobody scheduled: {life.jid}")
        self._world.tell(life.jid, event, "by", done.actor)
        if isinstance(event, JobStarted):
            self._may_start(life, event)
        begun = (life.jid, life.token) in self.began
        said = self._reported.get((life.jid, life.token), None if begun else NOT_BEGUN)
        if isinstance(event, JobCrashed):
            self._is_gone(life, event, done.actor, said)
        if life.holds:
            self._held[life.runner].discard(life.jid)
        life.follow(event, done.actor, said)
        if life.holds:
            self._held.setdefault(life.runner, set()).add(life.jid)
        self.log.append((life.jid, life.version, event))
        self.pairs.add((type(event), type(done.before.state)))
        if isinstance(event, JobStarted):
            self.starts[life.jid, life.token] = self._world.tick

    def _may_start(self, life: Life, event: JobStarted) -> None:
        if event.runner not in self._roll:
            raise Broken(f"{life.told()} is claimed by {event.runner}, which isn't on the roll")
        assert life.terms is not None
        if life.terms.queue in self._paused:
            raise Broken(f"{life.told()} is claimed from queue {life.terms.queue}, which is paused")
        if life.due > event.at and self._roll[event.runner].driver != "poll":
            raise Broken(f"{life.told()} is claimed at {event.at}, and due at {Instant(life.due)}")

    def _is_gone(self, life: Life, event: JobCrashed, actor: str, said: Said | None) -> None:
        """Whether that is true for which it is taken from its runner."""
        runner = life.runner
        if is_crash_of_a_child(said, event.because) and actor == f"runner:{runner}":
            life.culprit = "own"
            return
        match event.because:
            case "died":
                gone = runner in self._freed
            case "rebooted":
                gone = runner in self._rebooted
            case "silent":
                lease = self._roll[runner].lease if runner in self._roll else None
                gone = lease is not None and self._world.counted - self._beats[runner] > lease
            case _:
                gone = False
        if not gone:
            since = (self._world.counted - self._beats.get(runner, 0)) / 1_000_000
            raise Broken(f"{life.told()} is taken as {event.because} by {actor}; its runner's last beat: {since} s ago")

    def _are_apart(self, life: Life) -> None:
        """A job that may have killed a runner has no neighbours."""
        held = [self.lives[jid] for jid in self._held.get(life.runner, ())]
        suspects = [each for each in held if each.crashes]
        if suspects and len(held) > 1:
            raise Broken(f"{suspects[0].told()} runs beside {[short(each.jid) for each in held]}")

    def _pause(self, done: DatabaseTransition) -> None:
        for event in done.events:
            self._world.tell("database", event)
            if isinstance(event, QueuePaused):
                self._paused.add(event.queue)
            elif isinstance(event, QueueResumed):
                self._paused.discard(event.queue)
