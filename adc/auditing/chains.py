"""Chains: the events of one stream are all there, in order, each with the digest that follows from the one before."""

from adc.auditing.finding import SOUND, Finding, Findings
from adc.auditing.stored import StoredEvent, digest_of


class Chain:
    """The chain of a job's events, or the database's, so far."""

    __slots__ = ("_unread", "head", "seq", "version", "whole")

    def __init__(self) -> None:
        self.version: int = 0
        self.seq: int = 0
        self.head: bytes = b""
        """The digest of the last event as it is stored: so a wrong one is told once, not at each event behind it."""
        self.whole: bool = True
        """Whether no event is missing so far, and all could be read."""
        self._unread = False

    def add(self, stored: StoredEvent) -> Findings:
        """What is wrong with the place of the next one."""
        found = SOUND
        if stored.version != self.version + 1:
            self.whole = False
            found = (self._missing(stored),)  # and its digest can't be checked
        elif not self._unread and digest_of(self.head, stored) != stored.digest:
            behind = f" behind version {self.version}" if self.version else ""
            problem = f"its digest isn't that of what it says{behind}: one of them was changed"
            found = (Finding("chain", problem, stored.jid, stored.seq),)
        if stored.seq <= self.seq:
            problem = f"version {stored.version} has a sequence number that isn't above {self.seq}, the one before it"
            found += (Finding("sequence", problem, stored.jid, stored.seq),)
        self.version, self.seq, self.head, self._unread = stored.version, stored.seq, stored.digest, False
        return found

    def break_off(self) -> None:
        """The next one is there, but couldn't be taken from the file: the one behind it can't be checked against it."""
        self.version += 1
        self.whole, self._unread = False, True

    def _missing(self, stored: StoredEvent) -> Finding:
        expected, there = self.version + 1, stored.version
        problem = f"version {there} can't come after version {self.version}"
        if there > expected:
            lost = f"version {expected} is" if there == expected + 1 else f"versions {expected} to {there - 1} are"
            problem = f"{lost} missing before version {there}"
        return Finding("history", problem, stored.jid, stored.seq)
