"""Symptoms and rights: from what was measured to how bad it is."""

import doctest
import stat

import pytest

from adc.auditing.diagnosis import Severity
from adc.stores.sqlite import symptoms
from adc.stores.sqlite.rights import Place, observed
from adc.stores.sqlite.symptoms import LARGE_WAL, MIB, Reader
from adc.stores.sqlite.wal_index import WalIndex

PRIVATE = Place("mail", stat.S_IFDIR | 0o700, "ada")
OPEN = Place("mail", stat.S_IFDIR | 0o755, "ada")
EVERYBODYS = Place("mail", stat.S_IFDIR | 0o777, "ada")
STICKY = Place("tmp", stat.S_IFDIR | 0o1777, "root")


def file(mode: int = 0o600, owner: str = "ada", name: str = "jobs.db", links: int = 1) -> Place:
    return Place(name, stat.S_IFREG | mode, owner, links)


def test_the_examples_are_true() -> None:
    tried = doctest.testmod(symptoms)

    assert tried.attempted == 3
    assert tried.failed == 0


@pytest.mark.parametrize(
    ("directory", "files", "severity", "said"),
    [
        (OPEN, [file()], "ok", "nobody but owner and group"),
        (STICKY, [file()], "ok", "nobody but owner and group"),
        (OPEN, [file(0o660)], "ok", "nobody but owner and group"),
        (PRIVATE, [file(0o666)], "ok", "nobody but owner and group"),
        (OPEN, [file(0o644), file(name="jobs.db-wal")], "warning", "anybody may read jobs.db:"),
        (OPEN, [file(), file(0o604, name="jobs.db-wal")], "warning", "anybody may read jobs.db-wal:"),
        (OPEN, [file(0o602), file(0o644, name="jobs.db-wal")], "error", "anybody may write jobs.db"),
        (EVERYBODYS, [file()], "error", "anybody may put another file in its place"),
        (OPEN, [file(links=2)], "error", "it has another name too"),
        (OPEN, [Place("jobs.db", stat.S_IFLNK | 0o777, "ada")], "error", "symbolic link"),
        (OPEN, [file(), file(owner="root", name="jobs.db-shm")], "warning", "different owners"),
        (None, [], "ok", "nobody but owner and group"),
    ],
)
def test_rights(directory: Place | None, files: list[Place], severity: Severity, said: str) -> None:
    found = observed(directory, files)

    assert (found.severity, said in found.says) == (severity, True)
    assert bool(found.advice) == (severity != "ok")


@pytest.mark.parametrize(
    ("free", "kind", "is_limited", "severity"),
    [
        (1 << 40, "ext4", False, "ok"),
        (1 << 40, None, False, "ok"),
        (50 * MIB, "ext4", False, "warning"),
        (MIB // 2, "ext4", False, "error"),
        (1 << 40, "ext4", True, "error"),
        (1 << 40, "nfs4", False, "error"),
    ],
)
def test_room_on_the_disk(free: int, kind: str | None, is_limited: bool, severity: Severity) -> None:
    found = symptoms.disk(free, 1 << 41, kind, is_limited=is_limited)

    assert (found.severity, bool(found.advice)) == (severity, severity != "ok")


@pytest.mark.parametrize(
    ("version", "severity"), [("3.54.1", "ok"), ("3.40.1", "error"), ("3.51.2", "error"), ("3.50.7", "ok")]
)
def test_a_sqlite_with_the_bug_is_told(version: str, severity: Severity) -> None:
    assert symptoms.versions("1", "3.11", "3", version).severity == severity


def test_what_a_reader_does_not_see() -> None:
    index = WalIndex(4_120, last=100, written_back=40, marks=(0, 40, 90, 100, 0))

    assert index.waiting == 60 * 4_120
    assert [index.behind(mark) for mark in range(4)] == [100 * 4_120, 60 * 4_120, 10 * 4_120, 0]


@pytest.mark.parametrize(
    ("behind", "severity"), [(0, "ok"), (LARGE_WAL // 16, "ok"), (10 * MIB, "warning"), (LARGE_WAL + 1, "error")]
)
def test_readers(behind: int, severity: Severity) -> None:
    found = symptoms.readers([Reader(1, "psql", 61, 0), Reader(2, "", None, behind)])

    assert found.severity == severity
    assert set(found.details) == {
        "process 1 (psql), which began 1m1s ago: 0 bytes behind",
        f"process 2: {symptoms.sized(behind)} behind",
    }


def test_where_the_system_tells_nothing_that_is_said() -> None:
    assert "can't be told" in symptoms.readers(None).says
    assert "can't be told" in symptoms.wal(MIB, None).says
    assert symptoms.readers([]).says == "nobody reads at this moment"


def test_free_pages_are_told_when_they_are_much_of_the_file() -> None:
    assert symptoms.space(4_096, 100, 90, gives_back=True).severity == "ok"
    assert symptoms.space(4_096, 40_000, 15_000, gives_back=True).severity == "ok"
    assert symptoms.space(4_096, 40_000, 20_000, gives_back=True).advice == "adc compact gives them back."
    assert symptoms.space(4_096, 40_000, 20_000, gives_back=False).severity == "warning"


def test_absent_guards_are_told_and_are_no_fault_of_a_system_without_them() -> None:
    assert symptoms.guards((), could_be=True).severity == "ok"
    assert symptoms.guards(("lost locks",), could_be=True).severity == "warning"
    absent = symptoms.guards(("lost locks",), could_be=False)
    assert (absent.severity, absent.says.endswith("lost locks")) == ("ok", True)
