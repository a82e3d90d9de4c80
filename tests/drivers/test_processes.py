"""Processes: children that are used again, die, hang, or are left behind; and a runner that goes on, or is gone."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from select import POLLIN, poll

import pytest

from adc.codec.events import body_of
from adc.core.ids import Xid
from adc.core.instants import SECOND, Span
from adc.core.states import Started
from adc.core.terms import Tally, Terms, Token
from adc.drivers.children import told_of
from adc.drivers.portable import in_processes
from adc.drivers.processes import Children, Sent
from adc.drivers.threads import Threads
from adc.handling.job import Held
from adc.handling.said import Crashed, Failed, Finished, Said
from adc.testing.fixed import FixedClock
from adc.testing.samples import DUE, JOB, NOW, RUNNER
from tests.drivers.acts import ACTS, routes

LONG = Span(30 * SECOND)
ROOT = Path(__file__).parent.parent.parent

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="tells by Linux's descriptors who has ended")


@pytest.fixture(scope="module")
def hands_of_all() -> Iterator[Threads]:
    with closing(Threads(in_processes(routes(ACTS)), FixedClock())) as hands:
        yield hands


@pytest.fixture
def hands(hands_of_all: Threads) -> Iterator[Threads]:
    """The same for all tests: whatever one did to its process, the next job runs."""
    yield hands_of_all
    assert said_by(hands_of_all, "plain", "answer") == Finished(b'"done"')


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    """Handlers say there that they have begun, and who they are."""
    path = tmp_path / "begun"
    os.mkfifo(path)
    return path


def held(kind: str, payload: str = "", jid: Xid = JOB) -> Held:
    stored = f'"{payload}"'.encode()
    return Held(jid, Started(Terms(kind, body_of(stored)), Tally(1), Token(1, RUNNER), NOW), DUE, stored)


def said_by(hands: Threads, kind: str, payload: str = "") -> Said:
    hands.launch(held(kind, payload))
    (report,) = hands.wait(LONG).reports
    return report.said


def pid_of(said: Said) -> int:
    assert isinstance(said, Finished)
    return int(said.encoded.strip(b'"'))


def is_gone(pid: int) -> bool:
    """Whether a process ends, within half a minute."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        waiting = poll()
        waiting.register(descriptor, POLLIN)
        return bool(waiting.poll(30_000))
    finally:
        os.close(descriptor)


def test_a_child_is_used_again(hands: Threads) -> None:
    first, second = (pid_of(said_by(hands, "telling_its_process")) for _ in range(2))

    assert first == second != os.getpid()


def test_two_at_once_have_a_child_each(hands: Threads, pipe: Path) -> None:
    jobs = [held("waiting", str(pipe), Xid(str(number) * 20)) for number in range(2)]
    pids = set[str]()
    for job in jobs:
        hands.launch(job)
        pids.add(pipe.read_text())
    hands.interrupt()

    said = list[Said]()
    while len(said) < 2:
        said += [report.said for report in hands.wait(LONG).reports]
    assert said == [Finished(b'"told"')] * 2
    assert len(pids) == 2


ENDS = [
    ("exiting", "0", "exit code 0"),
    ("exiting", "7", "exit code 7"),
    ("killed", str(int(signal.SIGKILL)), "signal SIGKILL"),
    ("killed", str(int(signal.SIGSEGV)), "signal SIGSEGV"),
    ("killed", str(int(signal.SIGABRT)), "signal SIGABRT"),
]


@pytest.mark.parametrize(("kind", "payload", "because"), ENDS)
def test_a_child_that_dies_ends_its_attempt(hands: Threads, kind: str, payload: str, because: str) -> None:
    assert said_by(hands, kind, payload) == Crashed(because)


def test_an_end_is_told_in_words() -> None:
    assert told_of(-62) == "signal 62"
    assert told_of(None) == "an exit code that somebody else was told"


def test_the_neighbours_of_one_that_dies_go_on(hands: Threads, pipe: Path) -> None:
    neighbour = held("waiting", str(pipe), Xid("1" * 20))
    hands.launch(neighbour)
    pipe.read_text()
    assert said_by(hands, "exiting", "3") == Crashed("exit code 3")
    hands.interrupt()

    assert [report.said for report in hands.wait(LONG).reports] == [Finished(b'"told"')]


def test_a_copy_that_lives_on_hides_nothing_and_is_ended_too(hands: Threads, pipe: Path) -> None:
    hands.launch(held("survived_by_a_copy", str(pipe)))
    copy = int(pipe.read_text())

    assert [report.said for report in hands.wait(LONG).reports] == [Crashed("exit code 5")]
    assert is_gone(copy)


def test_a_child_that_dies_between_two_jobs_costs_none(hands: Threads) -> None:
    pid = pid_of(said_by(hands, "telling_its_process"))
    os.kill(pid, signal.SIGKILL)
    assert is_gone(pid)

    assert pid_of(said_by(hands, "telling_its_process")) != pid


@pytest.mark.parametrize("kind", ["closing_descriptors", "replacing_descriptors"])
def test_closed_descriptors_are_one_failed_attempt(hands: Threads, kind: str, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.touch()

    said = said_by(hands, kind, str(theirs))

    assert isinstance(said, Failed)
    assert said.fault.message == "the handler closed the descriptor by which its process reports"
    assert theirs.read_bytes() == b""


def test_an_abandoned_child_is_killed_and_doesnt_hang(hands: Threads, pipe: Path) -> None:
    job = held("hanging", str(pipe))
    hands.launch(job)
    pid = int(pipe.read_text())
    hands.abandon(job.jid, job.state.token)

    assert is_gone(pid)
    assert hands.wait(LONG).hanging == 0


def test_a_child_that_stands_still_holds_nobody_up(hands: Threads, pipe: Path) -> None:
    job = held("waiting", str(pipe))
    hands.launch(job)
    pid = int(pipe.read_text())
    os.kill(pid, signal.SIGSTOP)
    for _ in range(100_000):  # more than any pipe holds
        hands.cancel(job.jid, job.state.token)
    hands.abandon(job.jid, job.state.token)

    assert is_gone(pid)
    assert len(hands.wait(LONG).reports) == 1


def test_the_signals_that_stop_a_runner_do_nothing_to_a_child(hands: Threads, pipe: Path) -> None:
    hands.launch(held("ending_another", str(pipe)))
    pipe.read_text()

    assert [report.said for report in hands.wait(LONG).reports] == [Finished(b'"-15 -15"')]


def test_large_payloads_pass(hands: Threads) -> None:
    assert said_by(hands, "measuring", "x" * 1_000_000) == Finished(b'"1000000"')


def test_children_end_with_their_hands(pipe: Path) -> None:
    hands = Threads(in_processes(routes(ACTS)), FixedClock())
    stubborn = pid_of(said_by(hands, "leaving_a_thread"))
    hands.launch(held("hanging", str(pipe)))
    busy = int(pipe.read_text())
    hands.close()

    assert busy == stubborn  # it was used again
    assert is_gone(busy)


def test_a_child_that_does_not_leave_is_ended() -> None:
    hands = Threads(in_processes(routes(ACTS)), FixedClock())
    stubborn = pid_of(said_by(hands, "leaving_a_thread"))
    hands.close()

    assert is_gone(stubborn)


def test_after_the_end_nothing_begins() -> None:
    children = Children(in_processes(routes(ACTS)), FixedClock())
    children.close()
    said = children.perform(Sent(held("plain", "answer"))).said

    assert isinstance(said, Failed)
    assert said.fault.message == "the runner has ended, and its processes with it"


def test_a_child_that_cannot_begin_is_a_failure_and_no_crash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "only_here.py").write_text(
        f"import os\nif os.getpid() != {os.getpid()}: raise ImportError('not there')\ndef act(job): return 'done'\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    from only_here import act  # type: ignore[import-not-found]

    with closing(Threads(in_processes(routes({"act": act})), FixedClock())) as hands:
        said = said_by(hands, "act")

    assert isinstance(said, Failed)
    assert said.fault.message == (
        "its process ended before it could begin, with exit code 1: its standard error says why"
    )
    assert "ImportError: not there" in capfd.readouterr().err


PROGRAM = """
import os, signal, sys
from adc.drivers.portable import check_portable, in_processes
from adc.drivers.threads import Threads
from adc.testing.fixed import FixedClock
from tests.drivers.acts import routes
from tests.drivers.test_processes import LONG, held

def main():
    there = in_processes(routes())
    check_portable(there)
    hands = Threads(there, FixedClock())
    hands.launch(held(*sys.argv[1:]))
"""


def program(folder: Path, ending: str, *arguments: str) -> "subprocess.Popen[str]":
    path = folder / "program.py"
    path.write_text(PROGRAM + ending)
    return subprocess.Popen(
        [sys.executable, path, *arguments],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_child_ends_when_its_runner_is_killed(tmp_path: Path, pipe: Path) -> None:
    ending = "    hands.wait(LONG)\nif __name__ == '__main__':\n    main()\n"
    with program(tmp_path, ending, "hanging", str(pipe)) as runner:
        child = int(pipe.read_text())
        runner.kill()

    assert is_gone(child)


def test_a_fork_of_a_killed_runner_keeps_no_child_alive(tmp_path: Path, pipe: Path) -> None:
    ending = (
        "    print(os.fork() or signal.pause(), flush=True)\n"
        "    hands.wait(LONG)\nif __name__ == '__main__':\n    main()\n"
    )
    with program(tmp_path, ending, "hanging", str(pipe)) as runner:
        child = int(pipe.read_text())
        assert runner.stdout is not None
        copy = int(runner.stdout.readline())
        runner.kill()
        gone = is_gone(child)
        os.kill(copy, signal.SIGKILL)

    assert gone


def test_a_fork_of_the_runner_that_ends_leaves_its_children_alone(tmp_path: Path) -> None:
    ending = (
        "    hands.wait(LONG)\n"
        "    if not os.fork():\n        sys.exit(0)\n"
        "    os.wait()\n"
        "    hands.launch(held('telling_its_process'))\n"
        "    print(hands.wait(LONG).reports[0].said)\n    hands.close()\n"
        "if __name__ == '__main__':\n    main()\n"
    )
    with program(tmp_path, ending, "leaving_a_thread") as runner:
        told, _ = runner.communicate(timeout=30)

    assert told.startswith("Finished(")


def test_a_program_that_ends_without_a_word_ends_its_children(tmp_path: Path) -> None:
    ending = "    print(hands.wait(LONG).reports[0].said)\nif __name__ == '__main__':\n    main()\n"
    with program(tmp_path, ending, "telling_its_process") as runner:
        told, _ = runner.communicate(timeout=30)

    assert runner.returncode == 0
    assert is_gone(int(told.split('"')[1]))


def test_a_program_that_would_run_itself_in_its_children_is_told(tmp_path: Path) -> None:
    ending = "    print(hands.wait(LONG).reports[0].said.fault.message)\nmain()\n"
    with program(tmp_path, ending, "plain", "answer") as runner:
        told, complaint = runner.communicate(timeout=30)

    assert told.startswith("its process ended before it could begin, with exit code 1")
    assert 'write `if __name__ == "__main__":` before it' in complaint
