"""Log table: events for people, as a table, or a line for each as it comes."""

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

from adc.cli.sentences import attempt_of, says
from adc.cli.tables import Column, show_table, to_a_terminal
from adc.cli.times import stamp
from adc.history import Told
from adc.reading import LogEntry, log_entry

Happened: TypeAlias = Told | LogEntry
"""An event; as an entry only, if a later adc wrote it, and this one doesn't know what it means."""

TIME: Final = "TIME"
WIDEST_EVENT: Final = len("JobRescheduled")
WIDEST_STATE: Final = len("cancelling")


def entry_of(happened: Happened) -> LogEntry:
    """The event as an entry."""
    return happened if isinstance(happened, LogEntry) else log_entry(happened.recorded, happened.state)


def show_history(happened: Sequence[Happened]) -> None:
    """Show the events of one job."""
    _show(happened, ())


def show_events(happened: Sequence[Happened]) -> None:
    """Show events of many jobs, and of the database."""
    _show(happened, (Column("JID"),))


def line_of_event(happened: Happened) -> str:
    """One event in a line: where nobody knows yet how wide the columns will be."""
    cells = _cells(happened)
    where = f"{cells['SEQ']:>6}  {stamp(entry_of(happened).at)}  {cells['JID']}"
    attempt = f"attempt {cells['ATTEMPT']}" if cells["ATTEMPT"] else ""
    said = ", ".join(filter(None, (attempt, cells["SAYS"])))
    because = f" (cause: {cells['CAUSE']})" if cells["CAUSE"] else ""
    what = f"{cells['EVENT']:{WIDEST_EVENT}}  {cells['STATE']:{WIDEST_STATE}}"
    return f"{where}  {what}  {cells['ACTOR']}  {said}{because}".rstrip()


def _show(happened: Sequence[Happened], whose: Sequence[Column]) -> None:
    """In a terminal, where there is little room, a day that all have in common is a title."""
    times = [stamp(entry_of(each).at) for each in happened]
    days = {time.partition("T")[0] for time in times}
    title = TIME
    if to_a_terminal() and len(days) == 1:
        title = f"{days.pop()} UTC"
        times = [time.partition("T")[2].removesuffix("Z") for time in times]
    rows = [{**_cells(each), title: time} for each, time in zip(happened, times, strict=True)]
    causes = (Column("CAUSE", least=10),) if any(row["CAUSE"] for row in rows) else ()
    columns = (
        *(Column("SEQ", is_number=True), *whose, Column(title), Column("EVENT"), Column("STATE")),
        *(Column("ATTEMPT", is_number=True), Column("ACTOR", least=8), *causes, Column("SAYS", least=12)),
    )
    show_table(columns, [[row[column.title] for column in columns] for row in rows])


def _cells(happened: Happened) -> Mapping[str, str]:
    """What stands in its columns, but for the time."""
    entry = entry_of(happened)
    event = None if isinstance(happened, LogEntry) else happened.recorded.event
    return {
        "SEQ": str(entry.seq),
        "JID": entry.jid,
        "EVENT": entry.type,
        "STATE": entry.state or "",
        "ATTEMPT": "" if event is None else attempt_of(event),
        "ACTOR": entry.actor,
        "CAUSE": entry.cause or "",
        "SAYS": "as a later adc wrote it (--json has all)" if event is None else says(event),
    }
