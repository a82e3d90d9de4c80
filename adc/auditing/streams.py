"""Streams: what the log proves of one job, or of the database, or all that keeps it from proving that."""

from collections.abc import Iterable
from typing import Protocol

from adc.auditing.chains import Chain
from adc.auditing.database_course import DatabaseCourse
from adc.auditing.finding import SOUND, Finding, Findings
from adc.auditing.job_course import JobCourse, Proof
from adc.auditing.stored import StoredEvent
from adc.core.database import DatabaseState


class Course(Protocol):
    """What a stream's events say, one after the other."""

    def add(self, stored: StoredEvent) -> Findings:
        """What is wrong with what the next one says."""
        ...

    def lose(self) -> None:
        """An event is missing: what follows can't be judged by what came before."""
        ...


def check_job(events: Iterable[StoredEvent | Finding]) -> Proof | Findings:
    """What the events of one job prove, in the order of their versions; or what is wrong with them.

    A Finding among them stands for an event that couldn't be taken from the file.
    """
    course = JobCourse()
    chain, findings = _check(events, course)
    findings += course.missing()
    return findings or course.proof(chain)


def check_database(events: Iterable[StoredEvent | Finding]) -> DatabaseState | Findings:
    """The same for the database's own stream."""
    course = DatabaseCourse()
    _, findings = _check(events, course)
    return findings or course.state


def _check(events: Iterable[StoredEvent | Finding], course: Course) -> tuple[Chain, Findings]:
    chain, found = Chain(), SOUND
    for each in events:
        if isinstance(each, Finding):
            chain.break_off()
            course.lose()
            found += (each,)
            continue
        found += chain.add(each)
        if not chain.whole:
            course.lose()
        found += course.add(each)
    return chain, found
