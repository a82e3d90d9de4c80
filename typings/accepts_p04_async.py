"""4 async handlers with an httpx-like client, steps by await."""

import functools

from accepts_models import INVOICE, MAIL, Invoice, Mail

import adc


class Response:
    status: int
    content: bytes


class Client:
    async def post(self, url: str, *, json: dict[str, object]) -> Response:
        return Response()


class Api:
    def __init__(self, client: Client) -> None:
        self.client = client

    async def invoice(self, job: adc.Job[Invoice]) -> adc.Outcome[bytes, adc.NotDone]:
        response = await self.client.post("/invoices", json={"customer": job.payload.customer})
        if response.status == 429:
            return adc.Failure(adc.Transient("rate limited"))
        return adc.Success(response.content)


async def mail(client: Client, job: adc.Job[Mail]) -> None:
    response = await adc.step("post", client.post)("/mail", json={"to": job.payload.to})
    print(response.status)


def build(client: Client) -> adc.RunnerRouter:
    router = adc.RunnerRouter()
    router.add_job_handler(INVOICE, Api(client).invoice)
    router.add_job_handler(MAIL, functools.partial(mail, client))
    return router
