"""Growth: whether the log of commits beside the file grows beyond what is usual, so that somebody is told."""

from typing import Final, final

from adc.core.instants import SECOND, Span

BOUND: Final = 64 << 20
"""In bytes. It begins anew at 4 MiB or so, unless somebody reads how the file was before."""
INTERVAL: Final = Span(60 * SECOND)
"""So seldom it is compared with what it was."""


@final
class Growth:
    """What a runner has seen of it."""

    def __init__(self) -> None:
        self._next = Span(0)
        self._before: int | None = None
        self._told = 0

    def is_news(self, size: int, tick: Span) -> bool:
        """Whether it is larger than the bound and has grown for a minute; again when it is twice what was told."""
        if self._before is not None and tick < self._next:
            return False
        grew = self._before is not None and size > max(BOUND, self._before)
        self._next, self._before = Span(tick + INTERVAL), size
        if size <= BOUND:
            self._told = 0
        if not grew or size < 2 * self._told:
            return False
        self._told = size
        return True
