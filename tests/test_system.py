"""The system: ids that never come twice, whoever draws them; clocks that go; and where this process is."""

import os
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adc import system
from adc.core.ids import XID_LENGTH, is_xid
from adc.core.instants import datetime_of

FORKED = """
import os
from adc import system
first = system.new_xid()
reader, writer = os.pipe()
if os.fork() == 0:
    os.write(writer, " ".join(system.new_xid() for _ in range(3)).encode())
    os._exit(0)
os.wait()
print(first, *(system.new_xid() for _ in range(3)), os.read(reader, 1000).decode())
"""


def test_an_id_is_20_characters_of_the_originals_alphabet() -> None:
    jid = system.new_xid()

    assert (len(jid), is_xid(jid), is_xid(system.new_runner_id())) == (XID_LENGTH, True, True)


def test_ids_of_one_process_begin_alike_and_end_one_after_the_other() -> None:
    first, second = system.new_xid(), system.new_xid()

    counted = [int(jid[-5:], 32) >> 4 for jid in (first, second)]  # 20 characters have 4 bits more than 12 bytes
    assert (counted[1] - counted[0]) % 2**21 == 1
    assert first[7:14] == second[7:14]


def test_threads_draw_different_ids() -> None:
    with ThreadPoolExecutor(8) as pool:
        drawn = list(pool.map(lambda _: [system.new_xid() for _ in range(500)], range(8)))

    assert len({jid for jids in drawn for jid in jids}) == 8 * 500


def test_a_forked_child_draws_its_own_ids() -> None:
    told = subprocess.run([sys.executable, "-c", FORKED], check=True, capture_output=True, text=True).stdout.split()

    assert (len(told), len(set(told))) == (7, 7)
    # 4 bytes of seconds, then 5 that each process draws for itself: characters 7 to 13 are made of these alone.
    parents, childs = ({jid[7:14] for jid in told[:4]}, {jid[7:14] for jid in told[4:]})
    assert (len(parents), len(childs), parents & childs) == (1, 1, set())


def test_the_clock_shows_the_time_in_utc() -> None:
    shown = datetime_of(system.SystemClock().now())

    assert abs(datetime.now(UTC) - shown) < timedelta(minutes=1)


def test_the_other_clock_only_goes_forward() -> None:
    ticks = [system.SystemClock().tick() for _ in range(100)]

    assert ticks == sorted(ticks)


def test_the_dice_show_numbers_from_0_up_to_1() -> None:
    drawn = [system.SystemDice().noise() for _ in range(1000)]

    assert all(0 <= noise < 1 for noise in drawn)
    assert len(set(drawn)) > 990


def test_this_process_has_a_place_and_a_name() -> None:
    here = system.place()

    assert (here.host, here.pid) == (socket.gethostname(), os.getpid())
    assert system.caller() == f"caller:{os.getpid()}@{socket.gethostname()}"


@pytest.mark.skipif(not Path("/proc/sys/kernel/random/boot_id").exists(), reason="only Linux says it")
def test_the_boot_id_is_the_same_until_the_machine_starts_again() -> None:
    assert system.place().boot_id == system.place().boot_id != ""


def test_database_ids_differ() -> None:
    assert len({system.new_database_id() for _ in range(100)}) == 100
