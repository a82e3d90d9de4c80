"""Forms: which handlers are async def, and what can't be a handler."""

from collections.abc import AsyncGenerator, Awaitable, Generator
from functools import partial, wraps

import pytest

from adc.handling.forms import form_of


def plain(job: object) -> None: ...
async def coroutine(job: object) -> None: ...
def generator(job: object) -> Generator[object, object, None]:
    yield None


async def async_generator(job: object) -> AsyncGenerator[int, None]:
    yield 1


async def with_service(service: object, job: object) -> None: ...


@wraps(coroutine)
def gives_an_awaitable(job: object) -> Awaitable[None]:
    return coroutine(job)


class Plain:
    def __call__(self, job: object) -> None: ...
    def method(self, job: object) -> None: ...


class Async:
    async def __call__(self, job: object) -> None: ...
    async def method(self, job: object) -> None: ...
    async def generator(self, job: object) -> AsyncGenerator[int, None]:
        yield 1


@pytest.mark.parametrize(
    "handler",
    [plain, generator, lambda job: None, Plain(), Plain().method, partial(plain), gives_an_awaitable, Plain, print],
)
def test_plain_handlers(handler: object) -> None:
    assert form_of(handler) == "plain"


@pytest.mark.parametrize(
    "handler",
    [
        coroutine,
        Async(),
        Async().method,
        partial(with_service, "service"),
        partial(partial(with_service), 1),
        partial(Async()),
    ],
)
def test_async_handlers(handler: object) -> None:
    assert form_of(handler) == "async"


@pytest.mark.parametrize("handler", [async_generator, Async().generator, partial(async_generator)])
def test_an_async_generator_is_refused(handler: object) -> None:
    with pytest.raises(TypeError, match="is an async generator, which has no result: write `async def` with return"):
        form_of(handler)


@pytest.mark.parametrize("handler", [None, 7, "plain", object()])
def test_what_cannot_be_called_is_refused(handler: object) -> None:
    with pytest.raises(TypeError, match="expected a handler that can be called with a job"):
        form_of(handler)
