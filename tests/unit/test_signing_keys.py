"""An issuer's address that publishes nonsense, too much, or never ends."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from shared.adapters import entra
from shared.adapters.entra import SigningKeys, TokenVerifier
from shared.errors import DependencyUnavailable, Unauthenticated
from shared.settings import AuthSettings
from tests.unit.key_server import APP_ID, ISSUER, KeyServer, jwk, token

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def published(answer: Answer) -> AsyncIterator[SigningKeys]:
    """Keys from an address that answers so."""
    application = web.Application()
    application.router.add_get("/keys", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    keys = SigningKeys(f"http://127.0.0.1:{runner.addresses[0][1]}/keys")
    try:
        yield keys
    finally:
        await keys.close()
        await runner.cleanup()


async def endless(request: web.Request) -> web.StreamResponse:
    """An answer that comes byte by byte and never ends."""
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b" ")
        await asyncio.sleep(0.01)


async def huge(_: web.Request) -> web.StreamResponse:
    """Good keys, and far too much beside them."""
    return web.json_response({"keys": [jwk("first")], "more": " " * entra.MAX_KEYS_BYTES})


async def nested(_: web.Request) -> web.StreamResponse:
    """JSON deeper than anybody reads."""
    return web.Response(text="[" * 100_000, content_type="application/json")


@pytest.mark.parametrize("answer", [huge, nested])
async def test_an_answer_that_is_no_key_set_counts_as_down(answer: Answer) -> None:
    async with published(answer) as keys:
        with pytest.raises(DependencyUnavailable):
            await keys.get("first")


async def test_an_address_that_never_stops_answering_counts_as_down(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(entra, "LONGEST_FETCH_SECONDS", 0.1)
    async with asyncio.timeout(10), published(endless) as keys:
        with pytest.raises(DependencyUnavailable):
            await keys.get("first")


@pytest.mark.parametrize("issuer", [1, ["https://login.example/"], {}])
async def test_a_key_of_an_issuer_that_is_no_text_signs_nothing(issuer: object) -> None:
    async with KeyServer() as server:
        server.keys = [jwk("first", issuer=issuer), jwk("other")]
        settings = AuthSettings(allowed_app_id=APP_ID, jwks_url=server.url, issuers=(ISSUER,))
        verifier = TokenVerifier(settings)
        try:
            with pytest.raises(Unauthenticated):
                await verifier.verify(token())
        finally:
            await verifier.close()
