"""What the tests of assistants share: an assistant in a conversation, faulty services, the data."""

import email
import email.policy
import json
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
from aiohttp import web

from local.stack.options import StackOptions
from local.stack.stack import Stack
from tests.api.builders import post_message
from tests.api.conftest import add_assistant, new_assistant, new_conversation
from tests.support import backends
from tests.support.assistant_service import Call, RecordingService
from tests.support.targets import own_stack

NOT_FOUND = (404, {"detail": "Not Found"})

Answer = Callable[[str, str], web.Response | None]


@dataclass(frozen=True)
class Meeting:
    """A conversation of `person` in which their assistant of `service` takes part."""

    person: httpx.AsyncClient
    service: RecordingService
    cid: str
    aid: str

    async def post(self, *contents: str) -> None:
        """Post messages as the person, one after the other."""
        for content in contents:
            await post_message(self.person, self.cid, content)

    async def participant(self) -> dict[str, Any]:
        """The assistant's participant as the person sees it."""
        response = await self.person.get(f"/conversations/{self.cid}/participants/{self.aid}")
        assert response.status_code == 200, response.text
        return response.json()

    async def remove(self) -> None:
        """Take the assistant out of the conversation."""
        response = await self.put(active_participant=False)
        assert response.status_code == 200, response.text

    async def rejoin(self) -> dict[str, Any]:
        """Bring the assistant back into the conversation; its participant."""
        response = await self.put(active_participant=True)
        assert response.status_code == 200, response.text
        return response.json()

    async def put(self, **update: Any) -> httpx.Response:
        """The person updates the assistant's participant."""
        path = f"/conversations/{self.cid}/participants/{self.aid}"
        return await self.person.put(path, json=update)

    def heard(self) -> list[str]:
        """The contents of the messages that the service has got so far."""
        return heard(self.service, self.cid)

    async def hears(self, *contents: str, seconds: float = 15) -> None:
        """Wait until the service has got exactly these messages, in this order."""
        wanted = list(contents)
        await self.service.wait_for(lambda _: len(self.heard()) >= len(wanted), seconds)
        assert self.heard() == wanted


def heard(service: RecordingService, cid: str) -> list[str]:
    """The contents of a conversation's messages that a service has got so far."""
    return [
        event["data"]["message"]["content"]
        for event in service.events(cid)
        if event["event"] == "message.created"
    ]


async def meet(person: httpx.AsyncClient, service: RecordingService, **body: Any) -> Meeting:
    """A new conversation with a new assistant, which has got the event of its own arrival."""
    conversation = await new_conversation(person, **body)
    assistant = await new_assistant(person, service)
    await add_assistant(person, conversation["id"], assistant["id"])
    await service.wait_for_event(conversation["id"], "participant.created")
    return Meeting(person, service, conversation["id"], assistant["id"])


def outcome(response: httpx.Response) -> tuple[int, Any]:
    """The status of an answer and its JSON."""
    return response.status_code, response.json()


async def create(
    client: httpx.AsyncClient, service: RecordingService, **fields: Any
) -> httpx.Response:
    """Ask for an assistant at a service."""
    body = {"assistant_service_id": service.service_id, "name": "A", **fields}
    return await client.post("/assistants", json=body)


async def listed(client: httpx.AsyncClient, **query: Any) -> list[dict[str, Any]]:
    """The assistants that a listing gives."""
    response = await client.get("/assistants", params=query)
    assert response.status_code == 200, response.text
    return response.json()["assistants"]


def stack_of_its_own(folder: Path, **settings: str) -> Stack:
    """A stack for one test or module, with these settings."""
    options = StackOptions(
        data_dir=folder,
        free_ports=True,
        example_assistant=False,
        azurite_in_memory=True,
        settings={"ONLINE_CHECK_SCHEDULE": "*/1 * * * * *", **settings},
    )
    return own_stack(options)


@asynccontextmanager
async def another_service(stack: Stack, expires_in: float = 120) -> AsyncIterator[RecordingService]:
    """A further registered assistant service."""
    async with RecordingService(stack.functions_url, new_service_id()) as service:
        response = await service.register(expires_in)
        assert response.status_code == 200, response.text
        yield service


def new_service_id() -> str:
    """An id that no other test has."""
    return f"recorder-{uuid.uuid4()}.test"


def answering(status: int, body: str, *, method: str = "", ending: str = "") -> Answer:
    """An answer to the calls of this method whose path ends so; the others are answered as ever."""

    def answer(called: str, path: str) -> web.Response | None:
        if called.startswith(method) and path.endswith(ending):
            return web.Response(status=status, text=body, content_type="application/json")
        return None

    return answer


def calls(service: RecordingService, method: str, ending: str = "") -> list[Call]:
    """The calls so far of a method to paths that end so."""
    return [call for call in service.calls if call.method == method and call.path.endswith(ending)]


def form(call: Call) -> dict[str, Any]:
    """The fields of a urlencoded form, each of them JSON."""
    fields = parse_qs(call.body.decode(), strict_parsing=True)
    return {name: json.loads(value) for name, [value] in fields.items()}


async def dead_letters(stack: Stack, meeting: Meeting) -> list[dict[str, Any]]:
    """What operators find of the events that were given up."""
    async with backends.container(stack) as container:
        found = container.query_items(
            "SELECT * FROM c WHERE c.type = 'dead-letter' ORDER BY c.id",
            partition_key=meeting.cid,
        )
        return [document async for document in found]


def form_parts(call: Call) -> dict[str, tuple[str | None, Any]]:
    """The parts of a multipart form: file name and content by field."""
    head = f"Content-Type: {call.headers['content-type']}\r\n\r\n".encode()
    message = email.message_from_bytes(head + call.body, policy=email.policy.HTTP)
    return {
        str(part.get_param("name", header="content-disposition")): (
            part.get_filename(),
            part.get_payload(decode=True),
        )
        for part in message.iter_parts()
    }
