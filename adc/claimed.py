"""Claimed: one job taken by hand, for programs that bring their own loop instead of a runner."""

from datetime import timedelta
from typing import Generic, final

from adc.codec.events import body_of
from adc.codec.payload import decode_with, encode_within
from adc.core.commands import Claim, Complete, Fail
from adc.core.ids import RunnerId
from adc.core.instants import Instant, datetime_of, soon, span_of
from adc.core.outcome import Failure, Outcome, Success
from adc.core.refusals import LeaseLost
from adc.core.states import Scheduled, Started
from adc.core.transition import Asked, Snapshot, transition
from adc.handling.job import Job
from adc.handling.notdone import NotDone
from adc.handling.said import Report, command_of, said_of
from adc.kind import JobKind, P, R
from adc.ports.clock import Clock, Dice
from adc.ports.store import Store, Wanted, Writing
from adc.refused import report_refused
from adc.shell import carry_out
