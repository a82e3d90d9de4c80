"""adc schedule: a job is stored and its id printed; or one line says what is wrong, and nothing is stored."""

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from adc.core.ids import Xid, is_xid
from adc.core.states import Scheduled
from adc.core.terms import Terms
from adc.queue import SqliteQueue

Adc = Callable[..., CompletedProcess[str]]


def stored(db: Path, jid: str) -> tuple[Terms, bytes | None]:
    with SqliteQueue.open(db) as queue:
        state = queue.store.load((Xid(jid),))[Xid(jid)].state
        assert isinstance(state, Scheduled)
        return state.terms, queue.store.body(Xid(jid), 1)


def test_the_id_alone_is_printed(adc: Adc) -> None:
    done = adc("schedule", "mail", "--unchecked")

    assert (done.returncode, done.stderr) == (0, "")
    assert is_xid(done.stdout.removesuffix("\n"))


def test_an_application_gives_type_and_terms(adc: Adc, db: Path) -> None:
    jid = adc("schedule", "invoice", '{ "cents": 5, "customer": 7 }', "--app", "shop:router").stdout.strip()

    terms, payload = stored(db, jid)

    assert payload == b'{"customer":7,"cents":5}'  # read as an Invoice, and written as one
    assert (terms.queue, terms.priority, terms.retry.max_retries) == ("money", 3, 2)


@pytest.mark.parametrize("name", ["router", "make", "app", "services", "Services"])
def test_an_application_is_a_router_or_gives_one(adc: Adc, name: str) -> None:
    assert adc("schedule", "invoice", '{"customer": 7}', "--app", f"shop:{name}").returncode == 0


def test_the_context_of_an_application_is_closed(adc: Adc) -> None:
    from sys import modules

    adc("schedule", "invoice", '{"customer": 7}', "--app", "shop:app")

    assert modules["shop"].closed == [True]


def test_the_application_may_be_in_the_environment(adc: Adc, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADC_APP", "shop:router")

    assert adc("schedule", "invoice", '{"customer": 7}').returncode == 0
    assert adc("schedule", "anything", "--unchecked").returncode == 0


def test_bytes_are_stored_as_they_are_typed(adc: Adc, db: Path) -> None:
    jid = adc("schedule", "scan", "größer {", "--app", "shop:router").stdout.strip()

    assert stored(db, jid)[1] == "größer {".encode()


def test_unchecked_json_is_stored_as_it_is_typed(adc: Adc, db: Path) -> None:
    jid = adc("schedule", "any", '{"n": 1.50, "n2": 18446744073709551615}', "--unchecked").stdout.strip()

    terms, payload = stored(db, jid)

    assert payload == b'{"n": 1.50, "n2": 18446744073709551615}'
    assert (terms.queue, terms.priority, terms.retry.max_retries, terms.payload_version) == ("default", 0, 0, 1)


def test_without_json_the_payload_is_null(adc: Adc, db: Path) -> None:
    assert stored(db, adc("schedule", "any", "--unchecked").stdout.strip())[1] == b"null"


def test_options_go_before_the_kinds_own(adc: Adc, db: Path) -> None:
    options = ("--queue", "fast", "--priority", "-5", "--key", "order-1")
    jid = adc("schedule", "invoice", '{"customer": 7}', "--app", "shop:router", *options).stdout.strip()

    terms, _ = stored(db, jid)

    assert (terms.queue, terms.priority, terms.key) == ("fast", -5, "order-1")


def test_the_same_key_and_payload_give_the_first_job(adc: Adc) -> None:
    first = adc("schedule", "any", "--unchecked", "--key", "k")

    assert adc("schedule", "any", "--unchecked", "--key", "k").stdout == first.stdout


def test_the_same_key_with_another_payload_is_refused(adc: Adc) -> None:
    first = adc("schedule", "any", "--unchecked", "--key", "k").stdout.strip()

    done = adc("schedule", "any", "1", "--unchecked", "--key", "k")

    assert (done.returncode, done.stdout) == (1, "")
    assert f"belongs to job {first}, which has another payload" in done.stderr


@pytest.mark.parametrize(
    ("options", "due"),
    [
        (("--at", "2027-01-01T10:00+02:00"), "2027-01-01T08:00:00.000000Z"),
        (("--at", "1999-01-01T00:00Z"), "1999-01-01"),
    ],
)
def test_a_job_may_be_due_at_a_time(adc: Adc, options: tuple[str, ...], due: str) -> None:
    jid = adc("schedule", "any", "--unchecked", *options).stdout.strip()

    assert f'"due": "{due}' in adc("show", jid, "--json").stdout


def test_a_job_may_be_due_later(adc: Adc) -> None:
    adc("schedule", "any", "--unchecked", "--in", "1d2h")

    assert "in 1d1h" in adc("list").stdout


def test_the_payload_may_come_from_stdin(command: Adc, db: Path) -> None:
    done = command("schedule", "any", "-", "--unchecked", given="[1,\n2]\n")

    assert stored(db, done.stdout.strip())[1] == b"[1,\n2]\n"


UNCHECKED = ("--unchecked",)
CHECKED = ("--app", "shop:router")
WRONG: list[tuple[tuple[str, ...], int, str]] = [
    (
        ("any", "[1,", *UNCHECKED),
        1,
        "the payload isn't JSON: expecting value at line 1, column 4\n",
    ),
    (
        ("any", "", *UNCHECKED),
        1,
        "the payload isn't JSON: expecting value at line 1, column 1\n",
    ),
    (
        ("any", "{'a': 1}", *UNCHECKED),
        1,
        "expecting property name enclosed in double quotes at line 1, column 2\n",
    ),
    (("any", "[NaN]", *UNCHECKED), 1, "the payload isn't JSON: NaN is no JSON number\n"),
    (("any", "[" * 5000, *UNCHECKED), 1, "the payload is nested too deeply\n"),
    (
        ("any", "\udcff", *UNCHECKED),
        1,
        "the payload isn't UTF-8: invalid start byte at byte 0\n",
    ),
    (
        ("invoice", "[1,", *CHECKED),
        1,
        "the payload isn't JSON: expecting value at line 1, column 4\n",
    ),
    (
        ("invoice", '{"customer": "7"}', *CHECKED),
        1,
        "the payload doesn't fit kind invoice: Expected `int`, got `str` - at $.customer",
    ),
    (("invoice", *CHECKED), 1, "the payload doesn't fit kind invoice: Expected `object`, got `null` - at $"),
    (("invoyce", *CHECKED), 1, "the application has no kind invoyce; it has: invoice, scan"),
    (("any", "--app", "shop:empty"), 1, "the application has no kind any; it has: none"),
    (
        ("any",),
        2,
        "expected --app MODULE:NAME or ADC_APP, which know the kind; or --unchecked. See adc schedule --help",
    ),
    (
        ("any", *UNCHECKED, *CHECKED),
        2,
        "--unchecked does without the application: leave out --app. See adc schedule --help",
    ),
    (
        ("any", *UNCHECKED, "--in", "1s", "--at", "now"),
        2,
        "--in and --at both say when: leave out one. See adc schedule --help",
    ),
    (
        ("any", *UNCHECKED, "--in", "soon"),
        2,
        "'--in': expected a duration such as 250ms, 90s, 5m, 1h30m or 2d, got 'soon'. See adc schedule --help",
    ),
    (("any", *UNCHECKED, "--in", "999999999d"), 1, "past the year 9999"),
    (
        ("any", *UNCHECKED, "--at", "2027-01-01T10:00"),
        2,
        "'--at': '2027-01-01T10:00' has no zone: write 2027-01-01T10:00Z for UTC, or an offset such as +02:00.",
    ),
    (
        ("any", *UNCHECKED, "--priority", "500"),
        2,
        "Invalid value for '--priority': 500 is not in the range -128<=x<=127. See adc schedule --help",
    ),
    (
        ("any", *UNCHECKED, "--queue", ""),
        2,
        "Invalid value for '--queue': expected a queue, got an empty text. See adc schedule --help",
    ),
    (
        ("a\x1b[31m", *UNCHECKED),
        2,
        r"Invalid value for 'KIND': expected a kind of printable characters, got 'a\x1b[31m'. See adc schedule --help",
    ),
    (
        ("any", "--app", "shop"),
        2,
        "'--app': expected MODULE:NAME, such as shop.jobs:router, got 'shop'. See adc schedule --help",
    ),
    ((), 2, "Missing argument 'KIND'. See adc schedule --help"),
]


@pytest.mark.parametrize(("arguments", "code", "line"), WRONG, ids=lambda value: str(value)[:60])
def test_what_is_wrong_is_said_in_one_line(
    adc: Adc, db: Path, arguments: tuple[str, ...], code: int, line: str
) -> None:
    done = adc("schedule", *arguments)

    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.startswith("adc: ")
    assert line in done.stderr
    assert done.stderr.count("\n") == 1
    with SqliteQueue.open(db) as queue:
        assert sum(queue.counts().values()) == 0


def test_no_file_is_made_for_a_job_that_is_refused(adc: Adc, db: Path) -> None:
    adc("schedule", "any", "[1,", "--unchecked")

    assert not db.exists()


def test_a_payload_over_the_limit_is_refused(adc: Adc) -> None:
    done = adc("schedule", "any", f'"{"x" * 1_048_576}"', "--unchecked")

    assert done.returncode == 1
    assert "more than the limit of 1048576" in done.stderr


@pytest.mark.parametrize(
    ("payload", "flaw"),
    [
        ("18446744073709551616", "an integer beyond 64 bits (-2**63 to 2**64 - 1) - at $"),
        ('{"n": [-9223372036854775809]}', "an integer beyond 64 bits (-2**63 to 2**64 - 1) - at $.n[0]"),
        ("9" * 5000, "an integer beyond 64 bits (-2**63 to 2**64 - 1) - at $"),
        ("1e999", "inf can't be written as JSON - at $"),
        (r'{"name": "\ud800"}', "a lone surrogate, at character 0, can't be written as UTF-8 - at $.name"),
        (r'{"\udfff": 1}', "a lone surrogate, at character 0, can't be written as UTF-8 (in a key) - at $"),
        ("[" * 101 + "]" * 101, "nested deeper than 100 - at $[0][0]"),
    ],
    ids=lambda value: value[:40],
)
def test_what_no_runner_could_read_is_refused(adc: Adc, db: Path, payload: str, flaw: str) -> None:
    done = adc("schedule", "any", "--unchecked", "--", payload)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"adc: the payload can't be stored: {flaw}")
    assert not db.exists()


def test_integers_of_64_bits_are_stored(adc: Adc, db: Path) -> None:
    payload = "[-9223372036854775808, 18446744073709551615]"

    assert stored(db, adc("schedule", "any", payload, "--unchecked").stdout.strip())[1] == payload.encode()


def test_a_typed_payload_with_a_lone_surrogate_is_refused(adc: Adc, here: Path) -> None:
    (here / "notes.py").write_text(
        "import adc\nrouter = adc.RunnerRouter()\nNOTE = adc.JobKind('note', str)\n"
        "@router.handles(NOTE)\ndef note(job): pass\n"
    )

    done = adc("schedule", "note", r'"\ud800"', "--app", "notes:router")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "adc: the payload doesn't fit kind note: a lone surrogate, at character 0, can't be written as UTF-8 - at $\n"
    )


def test_a_negative_number_goes_behind_two_dashes(adc: Adc, db: Path) -> None:
    done = adc("schedule", "any", "-1", "--unchecked")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "adc: No such option '-1'. A value goes behind --, as in: -- -1. See adc schedule --help\n"
    assert stored(db, adc("schedule", "any", "--unchecked", "--", "-1").stdout.strip())[1] == b"-1"


def test_what_an_application_says_is_not_on_stdout(adc: Adc, here: Path) -> None:
    (here / "chatty.py").write_text(
        "from contextlib import contextmanager\nfrom shop import router\nprint('loaded')\n"
        "@contextmanager\ndef app():\n    print('entered')\n    yield router\n    print('left')\n"
    )

    done = adc("schedule", "scan", "x", "--app", "chatty:app")

    assert is_xid(done.stdout.removesuffix("\n"))
    assert done.stderr == "loaded\nentered\nleft\n"
    assert "opened and closed" in " ".join(adc("schedule", "--help").stdout.split())
