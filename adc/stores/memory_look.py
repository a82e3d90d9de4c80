"""Which jobs a look shows, said of one job."""

from adc.core.states import Absent, Scheduled, state_name
from adc.core.transition import Snapshot
from adc.ports.store import Look


def shows(wanted: Look, job: Snapshot) -> bool:
    """Whether a job has all the properties that are wanted."""
    state = job.state
    if isinstance(state, Absent):
        return False
    if wanted.due_before is not None and not (isinstance(state, Scheduled) and state.due < wanted.due_before):
        return False
    return (
        wanted.state in (None, state_name(state))
        and wanted.kind in (None, state.terms.kind)
        and wanted.queue in (None, state.terms.queue)
    )
