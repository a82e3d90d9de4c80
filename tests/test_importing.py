"""Importing: in every store the same, and an import that broke off goes on where it was."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from adc.codec.original import Original
from adc.core.ids import Xid
from adc.core.instants import Span
from adc.core.states import Dead, Scheduled
from adc.importing import BATCH, Imported, Wish, import_jobs, would_import
from adc.ports.store import Store
from adc.stores.memory import MemoryStore
from adc.stores.sqlite.opening import open_store
from adc.testing.store_laws import check_laws

WISH = Wish("cli:me", "request:adc import")


def waiting(number: int) -> Original:
    jid = f"{number:020x}".encode()
    return Original("0.2", False, jid, b"q", b"k", b"x", 0, b"2022-12-01", None, number, 0, None, None, None)


def dead(number: int) -> Original:
    jid = f"{number:020x}".encode()
    return Original("0.2", True, jid, b"q", b"k", b"x", 0, b"2022-12-01", 5, number, 0, 6, None, None)


def said(_: str) -> None:
    raise AssertionError("all of them can be stored")


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    makers: dict[str, Callable[[], Store]] = {
        "memory": MemoryStore,
        "sqlite": lambda: open_store(str(tmp_path / "jobs.db"), "full", Span(0)),
    }
    made = makers[request.param]()
    yield made
    made.close()


def test_the_state_is_what_follows_from_the_log(store: Store) -> None:
    assert import_jobs([dead(1), waiting(2), waiting(1)], store, WISH, said) == Imported(1, 1, 1, 0)

    jids = [Xid(f"{number:020x}") for number in (1, 2)]
    check_laws(store, jids)
    states = store.load(jids)
    assert [type(states[jid].state) for jid in jids] == [Dead, Scheduled]
    assert [type(recorded.event).__name__ for recorded in store.history(jids[0])] == [
        "JobScheduled",
        "JobStarted",
        "JobDied",
    ]


def test_what_broke_off_goes_on(store: Store) -> None:
    class Broken(Exception):
        pass

    def breaking() -> Iterator[Original]:
        yield from map(waiting, range(1, BATCH + 101))
        raise Broken

    with pytest.raises(Broken):
        import_jobs(breaking(), store, WISH, said)
    count = import_jobs(map(waiting, range(1, BATCH + 201)), store, WISH, said)

    assert count == Imported(waiting=200, known=BATCH)
    assert store.last_seq() == BATCH + 200


def test_what_would_be_done_is_what_is_done(store: Store) -> None:
    jobs = [dead(1), waiting(2), waiting(1), waiting(3)]

    assert would_import(jobs, store, WISH, said) == would_import(jobs, None, WISH, said) == Imported(2, 1, 1, 0)
    assert store.last_seq() == 0
    import_jobs(jobs[:2], store, WISH, said)
    assert would_import(jobs, store, WISH, said) == import_jobs(jobs, store, WISH, said) == Imported(1, 0, 3, 0)
