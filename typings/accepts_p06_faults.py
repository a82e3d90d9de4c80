"""6 failures as values; rules by exception."""

from datetime import timedelta

from accepts_models import MAIL, RESIZE, Mail, Resize
from returns.result import Result

import adc

router = adc.RunnerRouter()


@router.handles(RESIZE)
def resize(job: adc.Job[Resize]) -> adc.Outcome[int, adc.NotDone]:
    match job.payload["width"]:
        case 0:
            return adc.Failure(adc.Permanent("width is 0"))
        case w if w > 9000:
            return adc.Failure(adc.Snooze(timedelta(hours=8)))
        case w if job.attempt < 2:
            return adc.Failure(adc.Transient("busy", retry_in=timedelta(seconds=30)))
        case w:
            return adc.Success(w)


def culture(job: adc.Job[Mail]) -> Result[None, adc.NotDone]:
    return adc.Success(None)


router.add_job_handler(MAIL, culture)


def describe(why: adc.NotDone) -> str:
    match why:
        case adc.Transient():
            return "again"
        case adc.Permanent():
            return "never"
        case _:
            return "later"


def use(o: adc.Outcome[int, adc.NotDone]) -> str:
    match o:
        case adc.Success(n):
            return str(n + 1)
        case adc.Failure(why):
            return describe(why)
