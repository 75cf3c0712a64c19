"""Azure's part in titles and speech: a chat model, and the managed identity of an app service."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

from aiohttp import web

IDENTITY_SECRET = "secret of the identity endpoint"
RESOURCE_ID = "/subscriptions/s/resourceGroups/g/providers/Microsoft.CognitiveServices/accounts/a"
REGION = "westeurope"
SPEECH_IDENTITY = "7c0f3d52-5a0b-4b3e-9c1f-2f6f2d1f9a10"
DEPLOYMENT = "titles"


@dataclass
class Asked:
    """One request for a completion."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def last_message(self) -> str:
        """What the person said last: the message before the note about the title."""
        return self.body["messages"][-2]["content"]


Answer = Callable[[Asked], web.StreamResponse]


def completion(content: str | None, **message: Any) -> web.Response:
    """An answer of the model with this content."""
    choice = {
        "index": 0,
        "finish_reason": "stop",
        "message": {"role": "assistant", "content": content, **message},
    }
    return web.json_response(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": "gpt-4o-mini",
            "choices": [choice],
        }
    )


def title(text: str) -> web.Response:
    """An answer of the model that proposes a title."""
    return completion(json.dumps({"title": text}))


class FakeAzure:
    """Speaks the chat-completions protocol, and that of an app service's identity endpoint.

    `answers` has what to answer by the content of the last message. `identity_fails`: no tokens
    are given out. `tokens_for` has resource and client id of every token asked for.
    """

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.answers: dict[str, Answer] = {}
        self._hold: asyncio.Event | None = None
        self.identity_fails = False
        self.tokens_for: list[tuple[str, str | None]] = []
        self._changed = asyncio.Condition()
        self._runner: web.AppRunner | None = None
        self.url = ""

    async def __aenter__(self) -> Self:
        application = web.Application(client_max_size=10_000_000)
        application.router.add_post("/openai/deployments/{deployment}/chat/completions", self._chat)
        application.router.add_get("/identity", self._identity)
        self._runner = web.AppRunner(application)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    @property
    def settings(self) -> dict[str, str]:
        """The app settings of a stack that titles and speaks, by managed identity."""
        return {
            "AZURE_OPENAI_ENDPOINT": self.url,
            "AZURE_OPENAI_DEPLOYMENT": DEPLOYMENT,
            "WORKBENCH__SERVICE__AZURE_OPENAI_TIMEOUT_SECONDS": "3",
            "AZURE_SPEECH__RESOURCE_ID": RESOURCE_ID,
            "AZURE_SPEECH__REGION": REGION,
            "WORKBENCH__AZURE_SPEECH__CLIENT_ID": SPEECH_IDENTITY,
            "IDENTITY_ENDPOINT": f"{self.url}/identity",
            "IDENTITY_HEADER": IDENTITY_SECRET,
        }

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Keep the model's answers back as long as the block takes."""
        self._hold = asyncio.Event()
        try:
            yield
        finally:
            self._hold.set()
            self._hold = None

    def requests_after(self, message: str) -> list[Asked]:
        """What the model was asked after a message with this content."""
        return [asked for asked in self.asked if asked.last_message == message]

    async def wait_for(self, message: str, times: int = 1) -> Asked:
        """Wait until the model was asked after a message with this content; the last request."""
        async with asyncio.timeout(15), self._changed:
            await self._changed.wait_for(lambda: len(self.requests_after(message)) >= times)
        return self.requests_after(message)[-1]

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        asked = Asked(request.path, dict(request.query), headers, await request.json())
        async with self._changed:
            self.asked.append(asked)
            self._changed.notify_all()
        if self._hold is not None:
            await self._hold.wait()
        answer = self.answers.get(asked.last_message)
        return answer(asked) if answer else title(f"About {asked.last_message}"[:100])

    async def _identity(self, request: web.Request) -> web.Response:
        if self.identity_fails or request.headers.get("X-IDENTITY-HEADER") != IDENTITY_SECRET:
            return web.json_response({"error": "no identity"}, status=400)
        resource, client_id = request.query["resource"], request.query.get("client_id")
        self.tokens_for.append((resource, client_id))
        token = {
            "access_token": f"token of {client_id or 'the app'} for {resource}",
            "expires_on": str(int(time.time()) + 3600),
            "resource": resource,
            "token_type": "Bearer",
        }
        return web.json_response(token)
