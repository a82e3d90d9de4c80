"""The runner's loop, played as scripts: what it wishes, and what it is answered. No store, no thread, no clock."""

from collections.abc import Sequence
from typing import TypeAlias

import pytest
from msgspec.structs import replace

from adc.core.ids import Xid
from adc.core.instants import SECOND, Instant, Span
from adc.core.states import Started
from adc.core.terms import Body, Tally, Terms, Token
from adc.handling.job import Held
from adc.handling.said import Dozed, Finished, GivenBack, Report, Said, timed_out
from adc.running.events import (
    AttemptAbandoned,
    AttemptCancelled,
    JobUnreadable,
    RunnerStarted,
    RunnerStopped,
    RunnerStopping,
    StoreTroubled,
    WalGrowing,
    Why,
)
from adc.running.growth import BOUND, INTERVAL
from adc.running.loop import HandlersHang, Plan, ReportsUnstored, Until, run
from adc.running.wishes import (
    Abandon,
    Answer,
    Cancel,
    Interrupt,
    Launch,
    NextDue,
    NotNow,
    Peek,
    Tell,
    Turn,
    Turned,
    Wait,
    Watch,
    Watched,
    Wish,
    Woken,
)
from adc.testing.samples import RUNNER

Script: TypeAlias = Sequence[tuple[Wish, Answer]]

NOW = Instant(1_000)
POLL = Span(1_000_000)
GRACE = Span(15_000_000)
DONE = Finished(b"null")


WATCH = Span(600_000_000)


def plan(
    until: Until = "stopped",
    concurrency: int = 2,
    *,
    watch_interval: Span = WATCH,
    most_hanging: int = 1,
    first_rest: Span = POLL,
    grace: Span = GRACE,
) -> Plan:
    return Plan(
        *(RUNNER, concurrency, POLL, until, GRACE),
        watch_interval=watch_interval,
        most_hanging=most_hanging,
        first_rest=first_rest,
        graces={("double", 1): grace},
    )


def job(number: int, *, attempt: int = 1, timeout: Span | None = None) -> Held:
    terms = Terms("double", Body("", 1), timeout=timeout)
    return Held(Xid(f"{number:020}"), Started(terms, Tally(attempt), Token(attempt, RUNNER), NOW), NOW, b"1")


def says(held: Held, said: Said = DONE) -> Report:
    return Report(held.jid, held.state.token, said)


def woken(*reports: Report, tick: int = 0, stopping: bool = False, called: bool = False, is_due: bool = False) -> Woken:
    return Woken(reports, Span(tick), stopping, called=called, due=is_due)


def turned(*held: Held, tick: int = 0) -> Turned:
    return Turned(held, NOW, Span(tick))


def due(ahead: int | None) -> NextDue:
    return NextDue(None if ahead is None else Instant(NOW + ahead), NOW)


def abandoned(held: Held, why: Why) -> Tell:
    return Tell(AttemptAbandoned(held.jid, "double", held.state.token.attempt, why))


def watched(*holding: Held, cancelled: Sequence[Held] = (), tick: int = 0) -> Watched:
    held = {each.jid: False for each in holding} | {each.jid: True for each in cancelled}
    return Watched(held, Span(tick))


BEGIN: Script = [
    (Tell(RunnerStarted(RUNNER)), None),
    (Watch(is_idle=True), watched()),
    (Wait(Span(0)), woken()),
]
STOPPED: Script = [(Tell(RunnerStopped(RUNNER)), None)]


def stopping(running: int) -> Script:
    return [(Tell(RunnerStopping(RUNNER, running)), None), (Interrupt(), None)]


def play(of: Plan, *scripts: Script) -> None:
    """Every wish is the expected one; after the last the loop is at its end.

    Whether the runner is idle, and how much room it has, isn't in the scripts: it follows from them.
    """
    loop = run(of)
    wish: Wish | None = next(loop)
    busy: set[tuple[Xid, Token]] = set()
    for number, (expected, answer) in enumerate(step for script in scripts for step in script):
        whole = replace(expected, is_idle=not busy) if isinstance(expected, Turn | Watch) else expected
        if isinstance(expected, Peek):
            whole = Peek(of.concurrency - len(busy), POLL)
        assert wish == whole, f"wish {number}"
        _follow(busy, expected, answer)
        try:
            wish = loop.send(answer)
        except StopIteration:
            wish = None
    assert wish is None


def _follow(busy: set[tuple[Xid, Token]], wish: Wish, answer: Answer) -> None:
    """What runs after a wish."""
    match wish, answer:
        case Launch(held), _:
            busy.add((held.jid, held.state.token))
        case Abandon(jid, token), _:
            busy.discard((jid, token))
        case _, Woken(reports):
            busy.difference_update((report.jid, report.token) for report in reports)
        case _:
            pass


A, B, C = job(1), job(2), job(3)


def test_it_looks_before_it_takes_a_turn() -> None:
    play(
        plan(),
        BEGIN,
        [
            (Peek(), due(None)),
            (Wait(POLL), woken()),
            (Peek(), due(0)),
            (Turn((), 2), turned(A, B)),
            (Launch(A), None),
            (Launch(B), None),
            (Wait(POLL), woken(says(A), says(B), stopping=True)),
        ],
        stopping(0),
        [(Turn((says(A), says(B)), 0), turned())],
        STOPPED,
    )


def test_who_is_told_that_a_job_is_due_need_not_look() -> None:
    play(
        plan("empty", concurrency=1),
        BEGIN,
        [
            (Peek(), due(500)),
            (Wait(Span(500)), woken(is_due=True)),
            (Turn((), 1), turned(A)),
            (Launch(A), None),
            (Wait(POLL), woken(is_due=True)),  # there is no room
            (Wait(POLL), woken()),
            (Wait(POLL), woken(says(A))),
            (Turn((says(A),), 1), turned()),
            (Peek(), due(None)),
        ],
        STOPPED,
    )


def test_where_it_may_claim_only_so_many_at_once_it_takes_another_turn() -> None:
    play(
        replace(plan("idle", concurrency=4), most_claims=2),
        BEGIN,
        [
            (Peek(), due(0)),
            (Turn((), 2), turned(A, B)),
            (Launch(A), None),
            (Launch(B), None),
            (Wait(Span(0)), woken(says(A))),
            (Turn((says(A),), 2), turned(C)),
            (Launch(C), None),
            (Peek(), due(None)),
            (Wait(POLL), woken(says(B), says(C))),
            (Turn((says(B), says(C)), 2), turned()),
        ],
        STOPPED,
    )


def test_a_turn_stores_what_finished_and_fills_the_free_places() -> None:
    play(
        plan("idle"),
        BEGIN,
        [
            (Peek(), due(-5)),
            (Turn((), 2), turned(A, B)),
            (Launch(A), None),
            (Launch(B), None),
            (Wait(POLL), woken(says(A))),
            (Turn((says(A),), 1), turned(C)),
            (Launch(C), None),
            (Wait(POLL), woken(says(C), says(B, Dozed(SECOND)))),
            (Turn((says(C), says(B, Dozed(SECOND))), 2), turned()),
        ],
        STOPPED,
    )


def test_while_all_places_are_taken_the_store_is_left_alone() -> None:
    play(
        plan("idle", concurrency=1),
        BEGIN,
        [
            (Peek(), due(0)),
            (Turn((), 1), turned(A)),
            (Launch(A), None),
            (Wait(POLL), woken()),
            (Wait(POLL), woken()),
            (Wait(POLL), woken(says(A))),
            (Turn((says(A),), 1), turned()),
        ],
        STOPPED,
    )


def test_it_rests_until_the_next_job_is_due_but_no_longer_than_the_poll_interval() -> None:
    play(
        plan(),
        BEGIN,
        [
            (Peek(), due(300)),
            (Wait(Span(300)), woken()),
            (Peek(), due(POLL + 1)),
            (Wait(POLL), woken(stopping=True)),
        ],
        stopping(0),
        STOPPED,
    )


def test_a_job_scheduled_meanwhile_is_claimed_at_once() -> None:
    play(
        plan("idle"),
        BEGIN,
        [
            (Peek(), due(0)),
            (Turn((), 2), turned(A)),
            (Launch(A), None),
            (Peek(), due(0)),
            (Wait(Span(0)), woken()),
            (Peek(), due(0)),
            (Turn((), 1), turned(B)),
            (Launch(B), None),
            (Wait(POLL), woken(says(A), says(B))),
            (Turn((says(A), says(B)), 2), turned()),
        ],
        STOPPED,
    )


def test_what_is_due_and_cannot_be_had_is_not_asked_for_without_rest() -> None:
    play(
        plan("empty"),
        BEGIN,
        [
            (Peek(), due(0)),
            (Turn((), 2), turned()),
            (Peek(), due(0)),
            (Wait(POLL), woken()),
            (Peek(), due(None)),
        ],
        STOPPED,
    )


def test_a_job_that_cannot_be_read_is_told_once() -> None:
    problem = JobUnreadable(A.jid, "it is damaged")
    nothing = Turned((), NOW, Span(0), (problem,))
    play(
        plan("empty"),
        BEGIN,
        [
            (Peek(), due(0)),
            (Turn((), 2), nothing),
            (Tell(problem), None),
            (Peek(), due(0)),
            (Wait(POLL), woken()),
            (Peek(), due(0)),
            (Turn((), 2), nothing),
            (Peek(), due(None)),
        ],
        STOPPED,
    )


def test_what_became_due_since_the_turn_is_claimed_without_rest() -> None:
    play(
        plan("empty"),
        BEGIN,
        [
            (Peek(), due(0)),
            (Turn((), 2), turned()),
            (Peek(), NextDue(Instant(NOW + 5), at=Instant(NOW + 10))),
            (Wait(Span(0)), woken()),
            (Peek(), due(None)),
        ],
        STOPPED,
    )


@pytest.mark.parametrize("until", ["idle", "empty"])
def test_with_nothing_to_do_it_is_at_its_end(until: Until) -> None:
    play(plan(until), BEGIN, [(Peek(), due(None))], STOPPED)


def test_idle_waits_for_no_retry_and_empty_does() -> None:
    play(plan("idle"), BEGIN, [(Peek(), due(500))], STOPPED)
    play(plan("empty"), BEGIN, [(Peek(), due(500)), (Wait(Span(500)), woken()), (Peek(), due(None))], STOPPED)


def test_idle_waits_for_what_runs() -> None:
    play(
        plan("idle"),
        BEGIN,
        [
            (Peek(), due(0)),
            (Turn((), 2), turned(A)),
            (Launch(A), None),
            (Peek(), due(500)),
            (Wait(Span(500)), woken()),
            (Peek(), due(None)),
            (Wait(POLL), woken(says(A))),
            (Turn((says(A),), 2), turned()),
        ],
        STOPPED,
    )


# -- time limits -------------------------------------------------------------------------------------------------------

LIMITED = job(4, timeout=Span(400))
LATE = timed_out(Span(400))


def test_an_attempt_beyond_its_timeout_fails_and_its_place_is_free() -> None:
    again = job(4, attempt=2)
    play(
        plan("idle", concurrency=1),
        BEGIN,
        [
            (Peek(), due(0)),
            (Turn((), 1), turned(LIMITED, tick=1_000)),
            (Launch(LIMITED), None),
            (Wait(Span(400)), woken(tick=1_400)),
            (Abandon(LIMITED.jid, LIMITED.state.token), None),
            (abandoned(LIMITED, "timeout"), None),
            (Turn((says(LIMITED, LATE),), 1), turned(again)),
            (Launch(again), None),
            (Wait(POLL), woken(says(LIMITED))),  # what it says now isn't heard
            (Wait(POLL), woken(says(again))),
            (Turn((says(again),), 1), turned()),
        ],
        STOPPED,
    )


def test_one_that_finished_in_time_is_not_late_because_the_runner_was() -> None:
    play(
        plan("idle", concurrency=1),
        BEGIN,
        [
            (Peek(), due(0)),
            (Turn((), 1), turned(LIMITED, tick=1_000)),
            (Launch(LIMITED), None),
            (Wait(Span(400)), woken(says(LIMITED), tick=9_000)),
            (Turn((says(LIMITED),), 1), turned()),
        ],
        STOPPED,
    )


def test_an_attempt_whose_job_was_taken_makes_room_for_the_next_one() -> None:
    again = job(1, attempt=2)
    play(
        plan("idle"),
        BEGIN,
        [
            (Peek(), due(0)),
            (Turn((), 2), turned(A)),
            (Launch(A), None),
            (Peek(), due(0)),
            (Wait(Span(0)), woken()),
            (Peek(), due(0)),
            (Turn((), 1), turned(again)),
            (Abandon(A.jid, A.state.token), None),
            (abandoned(A, "lost"), None),
            (Launch(again), None),
            (Wait(POLL), woken(says(A), says(again))),
            (Turn((says(again),), 2), turned()),
        ],
        STOPPED,
    )


# -- trouble -----------------------------------------------------------------------------------------------------------


def test_what_finished_is_kept_while_the_store_is_busy() -> None:
    troubled = (Tell(StoreTroubled("busy")), None)
    play(
        plan("idle", concurrency=1),
        BEGIN,
        [
            (Peek(), NotNow("busy")),
            troubled,
            (Wait(POLL), woken()),
            (Peek(), due(0)),
            (Turn((), 1), NotNow("busy")),
            troubled,
            (Wait(POLL), woken()),
            (Peek(), due(0)),
            (Turn((), 1), turned(A)),
            (Launch(A), None),
            (Wait(POLL), woken(says(A))),
            (Turn((says(A),), 1), NotNow("busy")),
            troubled,
            (Wait(POLL), woken()),
            (Turn((says(A),), 1), turned()),
        ],
        STOPPED,
    )


# -- stopping ----------------------------------------------------------------------------------------------------------


def running(*held: Held, tick: int = 0) -> Script:
    launched: Script = [(Launch(each), None) for each in held]
    return [(Peek(), due(0)), (Turn((), len(held)), turned(*held, tick=tick)), *launched]


def test_asked_to_stop_before_it_began_it_claims_nothing() -> None:
    play(plan(), [*BEGIN[:2], (Wait(Span(0)), woken(stopping=True))], stopping(0), STOPPED)


def test_a_stop_lets_running_attempts_finish() -> None:
    play(
        plan(),
        BEGIN,
        running(A, B),
        [(Wait(POLL), woken(says(A), stopping=True, tick=100))],
        stopping(1),
        [
            (Turn((says(A),), 0), turned(tick=100)),
            (Wait(GRACE), woken(stopping=True, tick=700)),
            (Wait(Span(GRACE - 600)), woken(says(B), stopping=True, tick=800)),
            (Turn((says(B),), 0), turned(tick=800)),
        ],
        STOPPED,
    )


def test_those_that_do_not_finish_are_given_back() -> None:
    back = GivenBack("shutdown")
    play(
        plan(),
        BEGIN,
        running(A, B),
        [(Wait(POLL), woken(stopping=True))],
        stopping(2),
        [
            (Wait(GRACE), woken(says(B), stopping=True, tick=GRACE)),
            (Abandon(A.jid, A.state.token), None),
            (abandoned(A, "shutdown"), None),
            (Turn((says(B), says(A, back)), 0), turned(tick=GRACE)),
        ],
        STOPPED,
    )


def test_a_timeout_is_met_while_it_stops() -> None:
    play(
        plan(concurrency=1),
        BEGIN,
        running(LIMITED),
        [(Wait(Span(400)), woken(stopping=True, tick=100))],
        stopping(1),
        [
            (Wait(Span(300)), woken(stopping=True, tick=400)),
            (Abandon(LIMITED.jid, LIMITED.state.token), None),
            (abandoned(LIMITED, "timeout"), None),
            (Turn((says(LIMITED, LATE),), 0), turned(tick=400)),
        ],
        STOPPED,
    )


def test_a_store_that_stays_busy_ends_the_shutdown_loudly() -> None:
    with pytest.raises(ReportsUnstored, match="what 1 finished attempts said was not stored"):
        play(
            plan(concurrency=1),
            BEGIN,
            running(A),
            [(Wait(POLL), woken(says(A), stopping=True))],
            stopping(0),
            [
                (Turn((says(A),), 0), NotNow("busy")),
                (Tell(StoreTroubled("busy")), None),
                (Wait(POLL), woken(stopping=True, tick=GRACE + 1)),
                (Turn((says(A),), 0), NotNow("busy")),
                (Tell(StoreTroubled("busy")), None),
            ],
        )


def test_results_that_are_lost_are_counted() -> None:
    lost = ReportsUnstored(3)

    expected = (
        "the store couldn't be written until the shutdown timeout was over: what 3 finished attempts said was not "
        "stored. Their jobs run again when another runner finds that this one is gone"
    )

    assert (str(lost), lost.count) == (expected, 3)


def test_results_are_not_given_up_because_the_store_is_busy() -> None:
    play(
        plan(concurrency=1),
        BEGIN,
        running(A),
        [(Wait(POLL), woken(says(A), stopping=True))],
        stopping(0),
        [
            (Turn((says(A),), 0), NotNow("busy")),
            (Tell(StoreTroubled("busy")), None),
            (Wait(POLL), woken(stopping=True, tick=GRACE + 1)),
            (Turn((says(A),), 0), turned()),
        ],
        STOPPED,
    )


def test_each_kind_has_its_own_grace_within_the_runner_s() -> None:
    back = GivenBack("shutdown")
    play(
        plan(concurrency=1, grace=Span(300)),
        BEGIN,
        running(A),
        [(Wait(POLL), woken(stopping=True))],
        stopping(1),
        [
            (Wait(Span(300)), woken(stopping=True, tick=300)),
            (Abandon(A.jid, A.state.token), None),
            (abandoned(A, "shutdown"), None),
            (Turn((says(A, back),), 0), turned(tick=300)),
        ],
        STOPPED,
    )


# -- watching ----------------------------------------------------------------------------------------------------------

OFTEN = Span(500_000)


def test_it_watches_once_an_interval_and_wakes_for_it() -> None:
    play(
        plan(watch_interval=OFTEN),
        BEGIN,
        [
            (Peek(), due(None)),
            (Wait(OFTEN), woken(tick=400_000)),
            (Peek(), due(None)),
            (Wait(Span(100_000)), woken(tick=500_000)),
            (Peek(), due(None)),
            (Watch(is_idle=True), watched(tick=500_000)),
            (Wait(OFTEN), woken(tick=500_001, stopping=True)),
        ],
        stopping(0),
        STOPPED,
    )


def test_a_busy_store_is_watched_again_an_interval_later() -> None:
    play(
        plan(watch_interval=OFTEN),
        [
            BEGIN[0],
            (Watch(is_idle=True), NotNow("busy")),
            (Tell(StoreTroubled("busy")), None),
            (Wait(Span(0)), woken()),
            (Peek(), due(None)),
            (Wait(OFTEN), woken(tick=OFTEN)),
            (Peek(), due(None)),
            (Watch(is_idle=True), watched(tick=OFTEN)),
            (Wait(OFTEN), woken(stopping=True)),
        ],
        stopping(0),
        STOPPED,
    )


def test_an_attempt_whose_job_is_cancelled_is_told_once_and_still_heard() -> None:
    told = AttemptCancelled(A.jid, "double", 1)
    play(
        plan("idle", concurrency=1, watch_interval=OFTEN),
        BEGIN,
        running(A),
        [
            (Wait(OFTEN), woken(tick=OFTEN)),
            (Watch(is_idle=False), watched(cancelled=[A], tick=OFTEN)),
            (Cancel(A.jid, A.state.token), None),
            (Tell(told), None),
            (Wait(OFTEN), woken(tick=2 * OFTEN)),
            (Watch(is_idle=False), watched(cancelled=[A], tick=2 * OFTEN)),
            (Wait(OFTEN), woken(says(A, GivenBack("cancelled")))),
            (Turn((says(A, GivenBack("cancelled")),), 1), turned()),
        ],
        STOPPED,
    )


def test_whoever_calls_about_what_runs_makes_it_watch_at_once() -> None:
    play(
        plan("idle", concurrency=1),
        BEGIN,
        running(A),
        [
            (Wait(POLL), woken(tick=7, called=True)),
            (Watch(is_idle=False), watched(cancelled=[A], tick=8)),
            (Cancel(A.jid, A.state.token), None),
            (Tell(AttemptCancelled(A.jid, "double", 1)), None),
            (Wait(POLL), woken(says(A, GivenBack("cancelled")), tick=9, called=True)),
            (Turn((says(A, GivenBack("cancelled")),), 1), turned(tick=10)),
        ],
        STOPPED,
    )


def test_an_attempt_whose_job_it_no_longer_holds_is_lost_and_the_others_go_on() -> None:
    play(
        plan("idle", watch_interval=OFTEN),
        BEGIN,
        running(A, B),
        [
            (Wait(OFTEN), woken(tick=OFTEN)),
            (Watch(is_idle=False), watched(B, tick=OFTEN)),
            (Abandon(A.jid, A.state.token), None),
            (abandoned(A, "lost"), None),
            (Wait(OFTEN), woken(says(A), says(B), tick=OFTEN)),  # what A says isn't heard
            (Turn((says(B),), 2), turned()),
        ],
        STOPPED,
    )


def test_jobs_of_a_dead_runner_that_cannot_be_read_are_told_once() -> None:
    problem = JobUnreadable(A.jid, "it is damaged")
    play(
        plan("idle", watch_interval=OFTEN),
        [
            BEGIN[0],
            (Watch(is_idle=True), Watched({}, Span(0), (problem,))),
            (Tell(problem), None),
            BEGIN[2],
            (Peek(), due(None)),
        ],
        STOPPED,
    )


def test_a_wal_that_grows_is_told() -> None:
    grown = Watched({}, INTERVAL, wal=2 * BOUND)
    play(
        plan(watch_interval=INTERVAL),
        BEGIN,
        [
            (Peek(), due(None)),
            (Wait(POLL), woken(tick=INTERVAL)),
            (Peek(), due(None)),
            (Watch(is_idle=True), grown),
            (Tell(WalGrowing(2 * BOUND)), None),
            (Wait(POLL), woken(tick=INTERVAL, stopping=True)),
        ],
        stopping(0),
        STOPPED,
    )


def test_runners_that_start_together_do_not_poll_together() -> None:
    play(
        plan(first_rest=Span(123)),
        BEGIN,
        [
            (Peek(), due(None)),
            (Wait(Span(123)), woken(tick=123)),
            (Peek(), due(None)),
            (Wait(POLL), woken(stopping=True)),
        ],
        stopping(0),
        STOPPED,
    )


# -- suspects ----------------------------------------------------------------------------------------------------------


def test_beside_a_suspect_nothing_runs() -> None:
    play(
        plan("idle"),
        BEGIN,
        [
            (Peek(), due(0)),
            (Turn((), 2), Turned((A,), NOW, Span(0), alone=True)),
            (Launch(A), None),
            (Wait(POLL), woken()),
            (Wait(POLL), woken(says(A))),
            (Turn((says(A),), 2), turned(B, C)),
            (Launch(B), None),
            (Launch(C), None),
            (Wait(POLL), woken(says(B), says(C))),
            (Turn((says(B), says(C)), 2), turned()),
        ],
        STOPPED,
    )


# -- handlers that hang ------------------------------------------------------------------------------------------------


def test_with_too_many_hanging_handlers_it_stops_and_says_so() -> None:
    hanging = Woken((), Span(1_400), stopping=False, hanging=2)
    with pytest.raises(HandlersHang, match="2 handlers hang"):
        play(
            plan(most_hanging=1),
            BEGIN,
            [(Peek(), due(None)), (Wait(POLL), hanging)],
            stopping(0),
            STOPPED,
        )


def test_some_may_hang() -> None:
    play(
        plan("empty", most_hanging=2),
        BEGIN,
        [
            (Peek(), due(500)),
            (Wait(Span(500)), Woken((), Span(1_400), stopping=False, hanging=2)),
            (Peek(), due(None)),
        ],
        STOPPED,
    )
