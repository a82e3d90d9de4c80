"""Diagnosis: how a queue's file lives: what was seen of it, side by side, and what to do about what isn't well."""

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias, final

from msgspec import Struct

Severity: TypeAlias = Literal["ok", "warning", "error"]
"""Warning: it will hurt, or somebody may see or do what he shouldn't. Error: it hurts now."""

Aspect: TypeAlias = Literal[
    "versions",
    "file",
    "durability",
    "runners",
    "locks",
    "readers",
    "wal",
    "space",
    "disk",
    "guards",
    "permissions",
]
"""What an observation is about.

`versions`: of adc, Python and SQLite. `file`: whether it can be read, and has a queue. `durability`: what a commit
waits for. `runners`: who runs jobs. `locks`: which processes have it open, and what they do. `readers`: who reads how
it was before, and so keeps the -wal from beginning anew. `wal`: how long that is, and what of it isn't in the file yet.
`space`: free pages in the file. `disk`: room for it to grow. `guards`: which of adc's guards this system has none of.
`permissions`: who may read and write it.
"""

_WORST_FIRST: Final[tuple[Severity, ...]] = ("error", "warning", "ok")


@final
class Observation(Struct, frozen=True):
    """What was seen of one aspect of a file."""

    about: Aspect
    severity: Severity
    says: str
    advice: str = ""
    """What to do; empty: nothing."""
    details: tuple[str, ...] = ()
    """One thing each, such as a process."""
    numbers: Mapping[str, int] = {}
    """The same for programs: bytes, pages, processes."""


@final
class Diagnosis(Struct, frozen=True):
    """All that was seen of a file."""

    path: str
    observations: tuple[Observation, ...]

    @property
    def severity(self) -> Severity:
        """The worst of them."""
        found = {each.severity for each in self.observations}
        return next(severity for severity in _WORST_FIRST if severity in found or severity == "ok")
