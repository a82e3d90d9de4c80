"""Log table: events for people, as a table, or a line for each as it comes."""

from collections.abc import Sequence
from typing import Final

from adc.cli.sentences import attempt_of, says
from adc.cli.tables import Column, show_table, to_a_terminal
from adc.cli.times import stamp
from adc.core.instants import datetime_of
from adc.history import Told

TIME: Final = "TIME"
WIDEST_EVENT: Final = len("JobRescheduled")
WIDEST_STATE: Final = len("cancelling")


def show_history(happened: Sequence[Told]) -> None:
    """Show the events of one job."""
    _show(happened, ())


def show_events(happened: Sequence[Told]) -> None:
    """Show events of many jobs, and of the database."""
    _show(happened, (Column("JID"),))


def line_of_told(each: Told) -> str:
    """One event in a line: where nobody knows yet how wide the columns will be."""
    recorded, event = each.recorded, each.recorded.event
    name, state = type(event).__name__, each.state or ""
    where = f"{recorded.seq:>6}  {stamp(datetime_of(event.at))}  {recorded.jid}"
    attempt = attempt_of(event)
    said = ", ".join(filter(None, (f"attempt {attempt}" if attempt else "", says(event))))
    because = f" (cause: {recorded.cause})" if recorded.cause else ""
    return f"{where}  {name:{WIDEST_EVENT}}  {state:{WIDEST_STATE}}  {recorded.actor}  {said}{because}".rstrip()


def _show(happened: Sequence[Told], whose: Sequence[Column]) -> None:
    """In a terminal, where there is little room, a day that all have in common is a title."""
    times = [stamp(datetime_of(each.recorded.event.at)) for each in happened]
    days = {time.partition("T")[0] for time in times}
    title = TIME
    if to_a_terminal() and len(days) == 1:
        title = f"{days.pop()} UTC"
        times = [time.partition("T")[2].removesuffix("Z") for time in times]
    causes = (Column("CAUSE", least=10),) if any(each.recorded.cause for each in happened) else ()
    columns = (
        *(Column("SEQ", is_number=True), *whose, Column(title), Column("EVENT"), Column("STATE")),
        *(Column("ATTEMPT", is_number=True), Column("ACTOR", least=8), *causes, Column("SAYS", least=12)),
    )
    show_table(columns, [tuple(_cells(each, time, columns)) for each, time in zip(happened, times, strict=True)])


def _cells(each: Told, time: str, columns: Sequence[Column]) -> Sequence[str]:
    recorded, event = each.recorded, each.recorded.event
    cells = {
        "SEQ": str(recorded.seq),
        "JID": recorded.jid,
        "EVENT": type(event).__name__,
        "STATE": each.state or "",
        "ATTEMPT": attempt_of(event),
        "ACTOR": recorded.actor,
        "CAUSE": recorded.cause or "",
        "SAYS": says(event),
    }
    return [cells.get(column.title, time) for column in columns]
