"""Calls to assistant services that answer too much, too slowly, or strangely."""

import asyncio
import gzip
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from shared.adapters import assistant_http
from shared.adapters.api_keys import FixedApiKeys
from shared.adapters.assistant_http import AssistantServices
from shared.domain.registrations import Registration
from shared.errors import AssistantFailure, AssistantUnreachable
from tests.unit.builders import registration

LIMIT = 100_000
ASSISTANT_ID = uuid.uuid4()

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@pytest.fixture(autouse=True)
def small_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that little is too much."""
    monkeypatch.setattr(assistant_http, "MAX_ANSWER_BYTES", LIMIT)


@asynccontextmanager
async def served(answer: Answer) -> AsyncIterator[tuple[AssistantServices, Registration]]:
    """The client, and a service that answers everything so."""
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    services = AssistantServices(FixedApiKeys(""))
    try:
        yield services, registration(url=f"http://127.0.0.1:{runner.addresses[0][1]}/")
    finally:
        await services.close()
        await runner.cleanup()


async def chatters(request: web.Request) -> web.StreamResponse:
    """An answer that comes byte by byte and never ends."""
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b" ")
        await asyncio.sleep(0.01)


async def too_much(_: web.Request) -> web.StreamResponse:
    """More than fits."""
    return web.Response(body=b" " * (LIMIT + 1))


async def packed(_: web.Request) -> web.StreamResponse:
    """More than fits, though it doesn't look so."""
    return web.Response(
        body=gzip.compress(b" " * 100 * LIMIT), headers={"Content-Encoding": "gzip"}
    )


async def wrong_packing(_: web.Request) -> web.StreamResponse:
    """What doesn't unpack."""
    return web.Response(body=b"no gzip", headers={"Content-Encoding": "gzip"})


async def latin(_: web.Request) -> web.StreamResponse:
    """An error in an old character set."""
    headers = {"Content-Type": "text/plain; charset=iso-8859-1"}
    return web.Response(status=418, body="zu heiß".encode("iso-8859-1"), headers=headers)


@pytest.mark.parametrize("answer", [too_much, packed, wrong_packing])
async def test_an_answer_that_does_not_fit_is_the_assistant_s_fault(answer: Answer) -> None:
    async with served(answer) as (services, service):
        with pytest.raises(AssistantUnreachable, match=service.url):
            await services.get_config(service, ASSISTANT_ID)


async def test_an_answer_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assistant_http, "LONGEST_CALL_SECONDS", 0.1)
    async with asyncio.timeout(10), served(chatters) as (services, service):
        with pytest.raises(AssistantUnreachable, match=service.url):
            await services.get_config(service, ASSISTANT_ID)


async def test_an_error_is_read_in_its_own_character_set() -> None:
    async with served(latin) as (services, service):
        with pytest.raises(AssistantFailure, match="zu heiß") as caught:
            await services.delete_assistant(service, ASSISTANT_ID)

    assert caught.value.status == 418
