"""Wake-ups of runners that are all in this process, as with a queue in memory."""

from typing import final

from adc.ports.wakeup import News, Wake


@final
class MemoryWakeup:
    """A dict of those who listen."""

    def __init__(self) -> None:
        self._wakes: dict[int, Wake] = {}

    def listen(self, slot: int, wake: Wake) -> bool:
        """From now on a call to this slot wakes the runner there."""
        self._wakes[slot] = wake
        return True

    def leave(self, slot: int) -> None:
        """Listen no longer."""
        self._wakes.pop(slot, None)

    def call(self, slot: int, news: News) -> None:
        """Wake the runner in a slot."""
        wake = self._wakes.get(slot)
        if wake is not None:
            wake(news)

    def ears(self) -> frozenset[int]:
        """The slots in which somebody listens."""
        return frozenset(self._wakes)

    def remove(self, slot: int) -> None:
        """Nobody listens in this slot any more."""
        self.leave(slot)
