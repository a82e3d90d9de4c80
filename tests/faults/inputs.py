"""Inputs: each decoder of adc, and its command line, is given mutated bytes, guided by what of the code they reach.

python -m tests.faults.inputs [--seconds 600] [--seed 0] [--doors NAME ...] [--processes 2] [--json FILE]
python -m tests.faults.inputs --doors NAME --input HEX

A decoder gives a value, or one of adc's own refusals; in time, and in little memory. Coverage guides it where atheris
is installed (`pip install -e '.[faults]'`); elsewhere it mutates what is good, without a guide, and says so.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import Final

from tests.faults.counting import Counting, options
from tests.faults.input_doors import DOORS, seeds
from tests.faults.whence import memory

PATIENCE: Final = 20
"""So many seconds one input may take."""
MEMORY: Final = 1_024
"""Megabytes."""
LONGEST: Final = 16_384
TRIED: Final = re.compile(r"stat::number_of_executed_units: *(\d+)")
REACHED: Final = re.compile(r"cov: (\d+)")


@dataclass
class Tried:
    """What came of one door."""

    door: str
    inputs: int
    reached: int
    """Places in the code; 0: nobody looked."""
    broken: str = ""


def mutated(good: Sequence[bytes], random: Random) -> Iterator[bytes]:
    """Endless: pieces of good inputs, changed."""
    while True:
        given = bytearray(random.choice(good))
        for _ in range(random.randrange(1, 6)):
            at = random.randrange(len(given) + 1)
            match random.randrange(6):
                case 0 if given:
                    given[at % len(given)] ^= 1 << random.randrange(8)
                case 1:
                    given[at:at] = random.choice(PIECES)
                case 2:
                    del given[at : at + random.choice((1, 2, 8))]
                case 3:
                    given[at : at + 4] = random.randbytes(random.randrange(8))
                case 4:
                    given[at:at] = random.choice(good)[random.randrange(8) :][: random.randrange(1, 40)]
                case _:
                    given[at:at] = given[at : at + 8] * random.choice((1, 2, 200))
        yield bytes(given[:LONGEST])


PIECES: Final = (
    *(
        b"\0",
        b"\n",
        b"\r",
        b"\x1b[2J",
        "\u202e".encode(),
        "\u2028".encode(),
        b"\xff",
        b"\xed\xa0\x80",
        b"\\ud800",
        b"'; --",
    ),
    *(
        b"NaN",
        b"Infinity",
        b"-1",
        b"1e999",
        b"18446744073709551616",
        b"9223372036854775808",
        b"9" * 5_000,
        b"[" * 2_000,
    ),
    *(
        b'{"a":' * 500,
        b"null",
        b"true",
        b'""',
        b"../../",
        b"%s%n",
        b"2027-01-01T10:00:00",
        b"0001-01-01T00:00:00+23:59",
    ),
)


def by_mutation(name: str, seconds: float, seed: int) -> Tried:
    """Without a guide. The same seed gives the same inputs, in the same order."""
    ends = time.monotonic() + seconds
    tried = Tried(name, 0, 0)
    for given in mutated(seeds(name), Random(f"{seed}:{name}")):
        try:
            DOORS[name](given)
        except Exception as error:  # noqa: BLE001  that is what is looked for
            tried.broken = f"{type(error).__name__}: {error}; --doors {name} --input {given.hex()}"
            return tried
        tried.inputs += 1
        if time.monotonic() > ends:
            return tried
    raise AssertionError


def guided(name: str, seconds: float, seed: int) -> Tried:
    """With atheris, in a process of its own: it ends with the first input that breaks something."""
    with tempfile.TemporaryDirectory(dir=memory()) as folder:
        corpus = Path(folder) / "corpus"
        corpus.mkdir()
        for number, good in enumerate(seeds(name)):
            (corpus / str(number)).write_bytes(good)
        command = [sys.executable, "-m", "tests.faults.inputs", "--guided", name, f"-max_total_time={int(seconds)}"]
        command += [f"-seed={seed + 1}", f"-max_len={LONGEST}", f"-timeout={PATIENCE}", f"-rss_limit_mb={MEMORY}"]
        command += ["-print_final_stats=1", f"-artifact_prefix={folder}/", str(corpus)]
        here = {**os.environ, "TMPDIR": folder}
        ended = subprocess.run(command, env=here, capture_output=True, text=True, errors="replace", check=False)
        said = ended.stderr + ended.stdout
        counts = TRIED.findall(said)
        tried = Tried(name, int(counts[-1]) if counts else 0, int((REACHED.findall(said) or ["0"])[-1]))
        if ended.returncode or not counts:
            found = [each.read_bytes() for each in Path(folder).iterdir() if each.is_file()]
            trace = said[said.find("Uncaught") :][:3_000] if "Uncaught" in said else said[-1_500:]
            tried.broken = f"{trace}\n--doors {name} --input {found[0].hex() if found else '?'}"
        return tried


def fuzz(name: str, options: Sequence[str]) -> None:
    """The process in which atheris is at work; it doesn't return."""
    import atheris  # its types aren't told

    for module in [each for name, each in sys.modules.items() if name.startswith("adc.")]:
        for called in list(vars(module).values()):
            if (
                callable(called)
                and getattr(called, "__module__", None) == module.__name__
                and hasattr(called, "__code__")
            ):
                atheris.instrument_func(called)
    door = DOORS[name]
    door(seeds(name)[0])
    atheris.Setup([sys.argv[0], *options], door)
    atheris.Fuzz()


def run(names: Sequence[str], seconds: float, seed: int, processes: int) -> list[Tried]:
    """All of these doors, each for its share of the time."""
    from concurrent.futures import ThreadPoolExecutor

    each = max(seconds * processes / len(names), 1)
    if find_spec("atheris") is None:
        return [by_mutation(name, each / processes, seed) for name in names]
    with ThreadPoolExecutor(processes) as pool:  # their work is done in processes
        return list(pool.map(lambda name: guided(name, each, seed), names))


def main() -> int:
    if sys.argv[1:2] == ["--guided"]:
        fuzz(sys.argv[2], sys.argv[3:])
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options(parser)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--doors", nargs="+", choices=sorted(DOORS), default=list(DOORS))
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--input", help="only this one, in hexadecimal digits")
    chosen = parser.parse_args()
    if chosen.input is not None:
        for name in chosen.doors:
            DOORS[name](bytes.fromhex(chosen.input))
        return 0
    counting = Counting("inputs", chosen.seed)
    if find_spec("atheris") is None:
        counting.missing.append("a guide by coverage: atheris isn't installed (pip install -e '.[faults]')")
    for each in run(chosen.doors, chosen.seconds, chosen.seed, chosen.processes):
        counting.count("inputs", each.inputs)
        counting.count(f"{each.door}", each.inputs)
        counting.count(f"places reached by {each.door}", each.reached)
        counting.wrong([f"{each.door}: {each.broken}"] if each.broken else [])
    return counting.end(chosen.json, "--doors NAME --input HEX, as it says")


if __name__ == "__main__":
    sys.exit(main())
