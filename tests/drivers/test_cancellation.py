"""Cancellation: set once, seen by all who wait."""

from datetime import timedelta
from threading import Thread

import pytest

from adc.drivers.cancellation import Cancellation

LONG = timedelta(seconds=30)


def test_a_wait_ends_with_its_timeout() -> None:
    assert Cancellation().wait(timedelta(0)) is False
    assert Cancellation().wait(timedelta(seconds=-1)) is False


@pytest.mark.parametrize("timeout", [LONG, timedelta.max])
def test_all_who_wait_are_woken(timeout: timedelta) -> None:
    token, woken = Cancellation(), list[bool]()
    threads = [Thread(target=lambda: woken.append(token.wait(timeout))) for _ in range(3)]
    for thread in threads:
        thread.start()

    token.cancel("shutdown")
    for thread in threads:
        thread.join()

    assert woken == [True, True, True]
    assert token.cancelled
    assert token.wait(timeout)
