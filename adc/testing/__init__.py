"""The public test kit: transitions, handlers and queues tested without a database, and the exam for stores."""

from adc.codec.exported import NotAnExport
from adc.core.commands import Command
from adc.core.events import Event
from adc.core.refusals import Refusal
from adc.testing.by_hand import NeedsEventLoop
from adc.testing.fixed import START, FixedClock, FixedDice
from adc.testing.memory_queue import MemoryQueue
from adc.testing.playing import NoAnswer, Played, play
from adc.testing.replaying import Replayed, replay
from adc.testing.scenario import Given, When, given
from adc.testing.trial import Trial, job
from adc.testing.world import World, WorldQueue

__all__ = [
    "START",
    "Command",
    "Event",
    "FixedClock",
    "FixedDice",
    "Given",
    "MemoryQueue",
    "NeedsEventLoop",
    "NoAnswer",
    "NotAnExport",
    "Played",
    "Refusal",
    "Replayed",
    "Trial",
    "When",
    "World",
    "WorldQueue",
    "given",
    "job",
    "play",
    "replay",
]
