"""As much of a workbench as an assistant service talks to: it notes every call."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

REGISTRATION_PATH = "/assistant-service-registrations/"


@dataclass(frozen=True)
class Call:
    """One request that came in."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


@dataclass
class FakeWorkbench:
    """Answers 200 to everything, unless told what to answer to the next calls of a path."""

    url: str = ""
    calls: list[Call] = field(default_factory=list)
    answers: dict[str, list[int]] = field(default_factory=dict)
    hold: asyncio.Event | None = None
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def handle(self, request: web.BaseRequest) -> web.Response:
        """Note a call and answer it."""
        text = await request.text()
        call = Call(
            request.method,
            request.path,
            dict(request.query),
            {name.lower(): value for name, value in request.headers.items()},
            json.loads(text) if text else None,
        )
        async with self._changed:
            self.calls.append(call)
            self._changed.notify_all()
        if self.hold and not request.path.startswith(REGISTRATION_PATH):
            await self.hold.wait()
        answers = self.answers.get(request.path)
        return web.json_response({}, status=answers.pop(0) if answers else 200)

    def calls_of_assistants(self) -> list[Call]:
        """The calls that aren't registrations."""
        return [call for call in self.calls if not call.path.startswith(REGISTRATION_PATH)]

    def registrations(self) -> list[Call]:
        """The registrations and pings."""
        return [call for call in self.calls if call.path.startswith(REGISTRATION_PATH)]

    async def wait_for_assistant_calls(self, count: int) -> list[Call]:
        """Wait until there are at least so many calls that aren't registrations."""
        async with asyncio.timeout(10), self._changed:
            await self._changed.wait_for(lambda: len(self.calls_of_assistants()) >= count)
        return self.calls_of_assistants()

    async def wait_for_registrations(self, count: int) -> list[Call]:
        """Wait until there are at least so many registrations and pings."""
        async with asyncio.timeout(10), self._changed:
            await self._changed.wait_for(lambda: len(self.registrations()) >= count)
        return self.registrations()
