"""Columns: those that repeat what an event says, for indexes and other programs, agree with it."""

from adc.auditing.finding import SOUND, Finding, Findings
from adc.auditing.stored import StoredEvent
from adc.core.instants import Instant


def wrong_columns(stored: StoredEvent, at: Instant, job_type: str | None, key: str | None) -> Findings:
    """What is wrong with them, where the event says this."""
    if stored.at == at and stored.job_type == job_type and stored.key == key:
        return SOUND
    compared = (("at", stored.at, at), ("job_type", stored.job_type, job_type), ("key", stored.key, key))
    wrong = (f"{name} is {there!r}, but the event says {said!r}" for name, there, said in compared if there != said)
    return (Finding("columns", "; ".join(wrong), stored.jid, stored.seq),)
