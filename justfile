# One line each says what a recipe is for; `just` lists them. All use the virtual environment .venv.

bin := justfile_directory() / ".venv" / "bin"

_default:
    @just --list

# Make .venv with everything for working on adc.
setup:
    python3 -m venv .venv
    {{bin}}/pip install -q -e '.[dev]'

# Run the main job: every file of the standard library, parsed by ten handlers at once.
demo:
    {{bin}}/adc demo

# All that must be green at every commit: format, lint, types, house, tests.
check: lint types complete house test cover

# Format the code.
format:
    {{bin}}/ruff format .
    {{bin}}/ruff check --fix .

# Check format and lint.
lint:
    {{bin}}/ruff format --check .
    {{bin}}/ruff check .

# Run the tests; arguments go to pytest.
test *args:
    {{bin}}/pytest -q -n auto {{args}}

# Check the types, with mypy and pyright, both strict.
types:
    {{bin}}/mypy
    {{bin}}/pyright

# Check that every public symbol is typed, on a regular install in an environment of its own.
complete:
    #!/usr/bin/env bash
    set -euo pipefail
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    python3 -m venv "$folder/venv"
    "$folder/venv/bin/pip" install -q '.[cli]'
    cd "$folder"
    PATH="$folder/venv/bin:$PATH" {{bin}}/pyright --verifytypes adc --ignoreexternal

# Check the layers and the house rules.
house:
    {{bin}}/lint-imports
    {{bin}}/pytest -q tests/test_house.py

# Measure branch coverage of the pure parts by their own tests: core, codec, auditing, handling and running must have all of it.
cover:
    {{bin}}/coverage run -m pytest -q tests/core tests/codec tests/auditing tests/handling tests/running
    {{bin}}/coverage report --include='adc/core/*,adc/codec/*,adc/auditing/*,adc/handling/*,adc/running/*' --fail-under=100

# Measure speed beside other queues and a raw loop, all workloads or those that are named; writes docs/benchmarks.md.
bench *args:
    {{bin}}/pip install -q -e '.[bench]'
    {{bin}}/python -m tests.benchmarks.bench {{args}}

# Tell what one job costs, by part: of a drain, of schedule, of bulk.
profile *args:
    {{bin}}/pip install -q -e '.[bench]'
    {{bin}}/python -m tests.benchmarks.costs {{args}}

# Measure prune: events a second, and how long others wait meanwhile.
bench-prune *args:
    {{bin}}/python -m tests.benchmarks.prune {{args}}

# Measure claims beside a log of 10 million events, and in an empty file.
bench-big-log *args:
    {{bin}}/python -m tests.benchmarks.big_log {{args}}

# Measure verify: events a second, and peak memory.
bench-verify *args:
    {{bin}}/python -m tests.benchmarks.verify {{args}}

# Run the whole fault suite, or the parts that are named, and write docs/faults.md and build/faults.json.
faults *args:
    {{bin}}/pip install -q -e '.[faults]'
    {{bin}}/python -m tests.faults {{args}}

# Simulate runners, clients and faults; arguments choose the seeds: `just simulate --seed 7` shows one.
simulate *args:
    {{bin}}/python -m tests.simulation {{args}}

# Change adc in each of the ways that the simulation must notice, and say by which seed it does.
mutants *args:
    {{bin}}/python -m tests.simulation.mutants --processes 2 {{args}}

# Change the shell of adc in each of the ways that the fault suite must notice, and say which part of it does.
shell-mutants *args:
    {{bin}}/python -m tests.faults.mutants --processes 2 {{args}}

# Kill real producers and runners 1,000 times, and stop runners 200 times: nothing may be lost, nor run without a claim.
kills *args:
    {{bin}}/python -m tests.faults.kills {{args}}

# Run 8 processes for minutes or hours (--hours 8), with kills and prunes: nothing may be lost, nor grow.
soak *args:
    {{bin}}/python -m tests.faults.soak {{args}}

# Open 200,000 states in which a power cut may leave the disk: what was acknowledged is there. --control off: must fail.
powercut *args:
    {{bin}}/python -m tests.faults.powercut {{args}}

# Fail each call that SQLite makes to the system, in each public operation, in each way.
nth-call *args:
    {{bin}}/python -m tests.faults.nth_call {{args}}

# Kill a process at each system call that touches its files (needs strace): nothing may be lost.
system-calls *args:
    {{bin}}/python -m tests.faults.system_calls {{args}}

# Measure many processes on one file: what idle runners cost, how claims and writes are shared; arguments choose parts.
herd *args:
    {{bin}}/python -m tests.faults.herd {{args}}

# Flip 10,000 bits of a real file and edit 1,000 of its cells: verify must tell of each that changes a row.
flips *args:
    {{bin}}/python -m tests.faults.flips {{args}}

# Open and use 20,000 files that were damaged, spliced, edited or made to deceive: nothing may come of it but a refusal.
hostile *args:
    {{bin}}/python -m tests.faults.hostile {{args}}

# Give each decoder and the command line hostile input for ten minutes, guided by coverage.
inputs *args:
    {{bin}}/pip install -q -e '.[faults]'
    {{bin}}/python -m tests.faults.inputs {{args}}

# Mutate core, codec and running, and see whether their tests notice; arguments choose mutants.
mutate *args:
    rm -rf mutants
    {{bin}}/mutmut run --max-children 2 {{args}}
    {{bin}}/mutmut results

# Build the docs into site/ (needs: pip install -e '.[docs]').
docs:
    {{bin}}/zensical build --clean --strict

# Write the state diagram and the transition table into docs/architecture.md.
diagram:
    {{bin}}/python docs/transitions.py
