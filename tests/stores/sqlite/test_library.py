"""The library: releases of SQLite that can lose commits are refused."""

import apsw
import pytest

from adc.ports.trouble import SqliteTooOld
from adc.stores.sqlite import library
from adc.stores.sqlite.library import loses_commits, refuse_old_library

RELEASES = {
    "3.6.23": True,
    "3.7.0": True,
    "3.8.11.1": True,
    "3.40.1": True,
    "3.43.2": True,
    "3.44.0": True,
    "3.44.5": True,
    "3.44.6": False,
    "3.44.9": False,
    "3.45.0": True,
    "3.49.2": True,
    "3.50.6": True,
    "3.50.7": False,
    "3.51.0": True,
    "3.51.2": True,
    "3.51.3": False,
    "3.52.0": False,
    "3.54.1": False,
    "4.0.0": False,
}


@pytest.mark.parametrize(("version", "loses"), RELEASES.items(), ids=RELEASES)
def test_the_releases_with_the_bug(version: str, loses: bool) -> None:
    assert loses_commits(version) is loses


def test_that_of_apsw_is_sound() -> None:
    refuse_old_library("jobs.db")


def test_an_old_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "_is_sound", lambda: False)

    with pytest.raises(SqliteTooOld, match=rf"jobs.db: open: the SQLite of apsw is {apsw.sqlite_lib_version()}, which"):
        refuse_old_library("jobs.db")
