"""Watch: show that the runner lives, rescue what those held who don't, and see what it holds itself."""

from collections.abc import Iterator, Mapping

from adc.claiming import Desk
from adc.core.ids import Xid
from adc.drivers.turn import Listener, happened, not_now
from adc.ports.trouble import StoreTrouble
from adc.rescuing import Rescue, Watcher
from adc.running.events import JobUnreadable, RunnerEvent, RunnerGone, StruckOff
from adc.running.wishes import NotNow, Watch, Watched


def take_watch(desk: Desk, watcher: Watcher, wish: Watch, listener: Listener | None = None) -> Watched | NotNow:
    """Do it; a trouble that passes is an answer, any other one comes out."""
    tell = _nobody if listener is None else listener
    try:
        is_seen = desk.store.beat(desk.runner, desk.clock.now())
        looked = watcher.look()
        if not looked.is_enrolled or not is_seen:
            desk.enrol()
        holding: Mapping[Xid, bool] = {} if wish.is_idle else desk.store.holding(desk.runner)
    except StoreTrouble as trouble:
        return not_now(trouble)
    if not looked.is_enrolled:
        tell(StruckOff(desk.runner))
    for rescue in looked.rescues:
        for event in _told(desk, rescue):
            tell(event)
    unreadable = (JobUnreadable(jid, why) for rescue in looked.rescues for jid, why in rescue.unreadable)
    return Watched(holding, desk.clock.tick(), tuple(unreadable), desk.store.wal_bytes())


def _told(desk: Desk, rescue: Rescue) -> Iterator[RunnerEvent]:
    yield RunnerGone(rescue.gone.runner, rescue.gone.because, len(rescue.expired), desk.actor)
    yield from happened(desk, rescue.expired)


def _nobody(event: RunnerEvent) -> None:
    """Nobody listens."""
