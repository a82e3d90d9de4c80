"""Upgrading: stored payloads of older versions become values of the payload type of today, one typed step a version."""

from collections.abc import Callable
from typing import Final, Generic, final

from typing_extensions import TypeForm, TypeVar

from adc.codec.payload import Codec, Decoder, Malformed, codec_for, decode_with
from adc.core.outcome import Failure, Outcome, Success

Old = TypeVar("Old")
New = TypeVar("New")
Newer = TypeVar("Newer")


@final
class Upgrades(Generic[New]):
    """What brings stored payloads of older versions to the next ones, up to a kind's own: made by `upgrade_from`."""

    def __init__(self, decoders: tuple[Decoder[New], ...]) -> None:
        self.decoders: Final = decoders
        """One for each older version, the oldest first."""

    def then(
        self, stored: TypeForm[New], upgrade: Callable[[New], Newer], /, *, codec: Codec[New] | None = None
    ) -> "Upgrades[Newer]":
        """And from that version, whose payloads are stored as this type, to the next one."""
        own = codec_for(stored) if codec is None else codec
        return Upgrades(tuple(_Upgraded(decoder, upgrade) for decoder in (*self.decoders, own)))


def upgrade_from(
    stored: TypeForm[Old], upgrade: Callable[[Old], New], /, *, codec: Codec[Old] | None = None
) -> Upgrades[New]:
    """From the oldest version that a kind still takes to the next one: `upgrade_from(OldInvoice, with_currency)`.

    `stored` is the type that payloads of that version have: the old class, or `dict[str, object]` where it is gone.
    `upgrade` is a pure function. What it raises makes the payload unreadable, which no other attempt can help.
    """
    own = codec_for(stored) if codec is None else codec
    return Upgrades((_Upgraded(own, upgrade),))


@final
class _Upgraded(Generic[Old, New]):
    """Reads a payload of one version as a value of the next one."""

    def __init__(self, decoder: Decoder[Old], upgrade: Callable[[Old], New]) -> None:
        self._decoder = decoder
        self._upgrade = upgrade

    def decode(self, stored: bytes, /) -> Outcome[New, Malformed]:
        outcome = decode_with(self._decoder, stored)
        if isinstance(outcome, Failure):
            return outcome
        return Success(self._upgrade(outcome.unwrap()))
