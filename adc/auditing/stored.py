"""Stored: an event as it stands in a file that may be damaged; nothing of it is believed yet."""

from typing import NamedTuple

from adc.codec.events import digest
from adc.codec.timed import with_time
from adc.core.ids import Xid


class StoredEvent(NamedTuple):
    """A row of `job_events`. Its columns are of the types that they should be; that is all that is sure."""

    seq: int
    jid: Xid
    version: int
    at: int
    type: str
    type_version: int
    actor: str
    cause: str | None
    data: str
    body: bytes | None
    job_type: str | None
    key: str | None
    digest: bytes

    @property
    def text(self) -> str:
        """The whole text of the event, time and all."""
        return with_time(self.at, self.data)


def digest_of(previous: bytes, stored: StoredEvent) -> bytes:
    """The digest that it should have, behind an event with the digest `previous`."""
    return digest(
        previous,
        stored.jid,
        stored.version,
        stored.type,
        stored.type_version,
        stored.actor,
        stored.cause,
        stored.text,
    )
