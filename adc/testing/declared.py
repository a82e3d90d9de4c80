"""Declared: the kind that a handler's own annotations tell of, for where no kind is given."""

import inspect
from collections.abc import Awaitable, Coroutine, Generator
from types import UnionType
from typing import Final, TypeAlias, Union, cast, get_args, get_origin, get_type_hints

from returns.result import Result

from adc.core.outcome import Success
from adc.core.terms import Terms
from adc.handling.forms import function_of
from adc.handling.job import Job
from adc.kind import JobKind, P, R
from adc.router import JobHandler

Form: TypeAlias = object
"""A type of any form, as an annotation has it."""

_LAST: Final = (Generator, Coroutine, Awaitable)
"""Forms whose last argument is what they give in the end."""


def declared_kind(handler: JobHandler[P, R], terms: Terms) -> JobKind[P, R]:
    """The kind of a job, with the handler's types; raises TypeError if its annotations don't tell them."""
    try:
        payload, result = _forms(handler)
    except (NameError, ValueError, TypeError, AttributeError) as error:
        raise TypeError(f"the types of {handler!r:.200} can't be told, so give its kind: {error}") from error
    forms = cast("type[P]", payload), cast("type[R]", result)  # what was declared is P and R
    return JobKind(terms.kind, forms[0], result=forms[1], version=terms.payload_version)


def _forms(handler: object) -> tuple[Form, Form]:
    if not callable(handler):
        raise TypeError("it can't be called")
    hints: dict[str, Form] = get_type_hints(function_of(handler))
    name = next(iter(inspect.signature(handler).parameters), "")
    declared = hints.get(name)
    if get_origin(declared) is not Job:
        raise TypeError(f"its parameter {name or '(it has none)'} isn't annotated with a Job, such as Job[Invoice]")
    return get_args(declared)[0], _result_of(hints.get("return", object))


def _result_of(declared: Form) -> Form:
    """The result's type in what a handler is declared to give: bare, awaited, of a generator, or as an Outcome."""
    origin, arguments = get_origin(declared), get_args(declared)
    if origin in _LAST:
        return _result_of(arguments[-1])
    if origin in {Success, Result}:
        return cast("Form", arguments[0])
    if origin in {Union, UnionType}:
        for member in arguments:
            if get_origin(member) in {Success, Result}:
                return _result_of(member)
    return declared
