"""Messages between a runner and its child processes: MessagePack, each of a declared class."""

from typing import Final, TypeAlias

from msgspec import Struct
from msgspec.msgpack import Decoder, Encoder

from adc.core.instants import Instant
from adc.handling.job import Held
from adc.handling.said import Said


class Run(Struct, frozen=True, tag=True):
    """Run this attempt. Another comes when it has said how it ended."""

    held: Held


class Interrupted(Struct, frozen=True, tag=True):
    """The runner stops."""


class Cancelled(Struct, frozen=True, tag=True):
    """The job that runs was cancelled."""


class Time(Struct, frozen=True, tag=True):
    """The time by the runner's clock."""

    now: Instant


class Leave(Struct, frozen=True, tag=True):
    """There is nothing more to do."""


class Ready(Struct, frozen=True, tag=True):
    """The child has all that it needs for any attempt."""


class AskTime(Struct, frozen=True, tag=True):
    """What time is it?"""


Order: TypeAlias = Run | Interrupted | Cancelled | Time | Leave
"""What a child is told."""

Word: TypeAlias = Ready | AskTime | Said
"""What a child says; a Said is the end of its attempt."""

ORDERS: Final[Decoder[Order]] = Decoder(Order)
WORDS: Final[Decoder[Word]] = Decoder(Word)

packed: Final = Encoder().encode
"""A message as bytes."""

LINE_LOST: Final = 76
"""How a child exits whose handler closed the descriptor over which it talks (EX_PROTOCOL in sysexits.h)."""
