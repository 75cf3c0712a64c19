"""Who may do what: every route times every kind of caller.

A new route without a row here fails: add a row with the status that each caller must get.
"""

import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from local.stack.stack import Stack
from shared.api.routes import ROUTES
from shared.api.routing import Route
from tests.api.archive_builders import pack
from tests.api.builders import admit, answer_of, leave, post_message, user_id_of
from tests.api.conftest import add_assistant, new_assistant, new_conversation
from tests.api.share_builders import new_share
from tests.support.assistant_service import RecordingService

CALLERS = {
    "anonymous": "nobody",
    "owner": "the owner of the conversation, the assistant and the registration",
    "writer": "a participant with read_write",
    "reader": "a participant with read",
    "removed": "a participant who is not active any more",
    "left": "the owner of a conversation, with an assistant of their own, who has left it",
    "stranger": "a person who has nothing to do with any of it",
    "assistant": "the assistant in the conversation",
    "idle": "an assistant of the same service that is not in the conversation",
    "impostor": "another service that claims to be the assistant's",
    "service": "the assistant's service, for no assistant",
}


@dataclass(frozen=True)
class Row:
    """What each caller gets, in the order of CALLERS.

    `fresh` are the path parameters that every request gets a new thing for, `at` are others
    than the usual ones.
    """

    route: str
    statuses: str
    body: Any = None
    query: str = ""
    files: Any = None
    fresh: tuple[str, ...] = ()
    at: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def expected(self) -> dict[str, int]:
        """The statuses by caller."""
        return dict(zip(CALLERS, map(int, self.statuses.split()), strict=True))

    def __str__(self) -> str:
        return "-".join([self.route, *self.at.values()])


MESSAGE = {"content": "x"}
FILES = {"files": ("new.txt", b"x")}
ARCHIVE = {"from_export": ("empty.zip", pack([]))}
NEW_ASSISTANT = {"assistant_service_id": "{service}", "name": "New"}
NEW_SERVICE = {"assistant_service_id": "{unique}", "name": "N", "description": "D"}
HEARTBEAT = {"name": "N", "description": "D", "url": "{url}", "online_expires_in_seconds": 60}
STATE = {"data": {}}
STATE_EVENT = {"state_id": "s", "event": "updated", "state": None}
SHARE = {
    "conversation_id": "{conversation_id}",
    "label": "L",
    "conversation_permission": "read",
}
A_SHARE = ("conversation_share_id",)
IN_CONVERSATION = "conversation_id={conversation_id}"

OPEN = " ".join(["200"] * len(CALLERS))

#   anonymous owner writer reader removed left stranger assistant idle impostor service
ROWS = (
    Row("assistants_all", "401 200 200 200 200 200 200 403 403 403 403"),
    Row(
        "assistants_all",
        "401 200 200 200 404 200 404 403 403 403 403",
        query=IN_CONVERSATION,
        at={"query": "conversation_id"},
    ),
    Row("assistants_create", "401 201 201 201 201 201 201 403 403 403 403", NEW_ASSISTANT),
    Row("assistants_get", "401 200 200 200 404 200 404 403 403 403 403"),
    Row("assistants_update", "401 200 404 404 404 200 404 403 403 403 403", {}),
    Row(
        "assistants_delete",
        "401 204 404 404 404 204 404 403 403 403 403",
        fresh=("assistant_id",),
    ),
    Row("assistants_config_get", "401 200 404 404 404 200 404 403 403 403 403"),
    Row("assistants_config_put", "401 200 404 404 404 200 404 403 403 403 403", {"config": {}}),
    Row("assistants_conversations", "401 200 404 404 404 200 404 403 403 403 403"),
    Row("assistants_states_all", "401 200 200 200 404 200 404 403 403 403 403"),
    Row("assistants_states_get", "401 200 200 200 404 200 404 403 403 403 403"),
    Row("assistants_states_put", "401 200 200 404 404 200 404 403 403 403 403", STATE),
    Row(
        "assistants_states_announce",
        "401 403 403 403 403 403 403 204 404 404 403",
        STATE_EVENT,
        query=IN_CONVERSATION,
    ),
    Row("assistants_negotiate", "401 403 403 403 403 403 403 200 404 404 403"),
    Row("conversations_all", "401 200 200 200 200 200 200 200 200 200 403"),
    Row("conversations_create", "401 200 200 200 200 200 200 403 403 403 403", {}),
    Row("conversations_post_by_id", "401 404 404 404 404 404 404 200 200 404 403", {}),
    Row(
        "conversations_post_by_id",
        "401 200 200 404 404 404 404 200 404 404 403",
        {},
        at={"owner_id": "{conversation_id}"},
    ),
    Row(
        "conversations_export",
        "401 200 200 200 200 200 200 403 403 403 403",
        query="id={conversation_id}",
    ),
    Row("assistants_export", "401 200 404 404 404 200 404 403 403 403 403"),
    Row("conversations_import", "401 200 200 200 200 200 200 403 403 403 403", files=ARCHIVE),
    Row("conversations_import_uploads", "401 200 200 200 200 200 200 403 403 403 403"),
    Row("conversations_get", "401 200 200 200 404 200 404 200 404 404 403"),
    Row("conversations_update", "401 200 200 404 404 200 404 200 404 404 403", {}),
    Row(
        "conversations_delete",
        "401 204 403 403 404 204 404 403 404 404 403",
        fresh=("conversation_id",),
    ),
    Row("events_replay", "401 200 200 200 404 404 404 200 404 404 403"),
    Row("events_negotiate_conversation", "401 200 200 200 404 404 404 200 404 404 403"),
    Row("events_negotiate_user", "401 200 200 200 200 200 200 403 403 403 403"),
    Row("files_all", "401 200 200 200 404 200 404 200 404 404 403"),
    Row("files_put", "401 200 200 404 404 404 404 200 404 404 403", files=FILES),
    Row("files_get", "401 200 200 200 404 200 404 200 404 404 403"),
    Row("files_head", "401 200 200 200 404 200 404 200 404 404 403"),
    Row("files_patch", "401 200 200 404 404 200 404 200 404 404 403", {"metadata": {}}),
    Row("files_delete", "401 204 204 404 404 404 404 204 404 404 403", fresh=("filename",)),
    Row("files_upload_begin", "401 200 200 404 404 404 404 200 404 404 403", {"filename": "x"}),
    Row("files_upload_commit", "401 404 409 404 404 404 404 404 404 404 403"),
    Row("messages_all", "401 200 200 200 404 404 404 200 404 404 403"),
    Row("messages_create", "401 200 200 404 404 404 404 200 404 404 403", MESSAGE),
    Row("messages_get", "401 200 200 200 404 404 404 200 404 404 403"),
    Row("messages_get_debug", "401 200 200 200 404 404 404 200 404 404 403"),
    Row(
        "messages_delete",
        "401 204 204 404 404 204 404 403 403 403 403",
        fresh=("message_id",),
    ),
    Row("participants_all", "401 200 200 200 404 200 404 200 404 404 403"),
    Row("participants_get", "401 200 200 200 404 200 404 200 404 404 403"),
    *(
        row
        for name in ("participants_put", "participants_update")
        for row in (
            Row(name, "401 200 200 200 404 200 404 200 404 404 403", {}),
            Row(
                name,
                "401 200 404 404 404 200 404 200 404 404 403",
                {},
                at={"participant_id": "{any_assistant_id}"},
            ),
            Row(
                name,
                "401 403 403 403 404 403 404 403 404 404 403",
                {},
                at={"participant_id": "{other_person_id}"},
            ),
        )
    ),
    Row("registrations_all", "401 200 200 200 200 200 200 403 403 403 403"),
    Row("registrations_create", "401 200 200 200 200 200 200 403 403 403 403", NEW_SERVICE),
    Row("registrations_get", "401 200 200 200 200 200 200 403 403 403 403"),
    Row("registrations_reset_key", "401 200 200 200 200 200 200 403 403 403 403"),
    Row(
        "registrations_heartbeat",
        "401 403 403 403 403 403 403 200 200 403 200",
        HEARTBEAT,
        at={"assistant_service_id": "{service}"},
    ),
    Row("registrations_update", "401 200 200 200 200 200 200 403 403 403 403", {}),
    Row(
        "registrations_delete",
        "401 204 404 404 404 404 404 403 403 403 403",
        fresh=("assistant_service_id",),
    ),
    Row("services_all", "401 200 200 200 200 200 200 200 200 200 200", query="user_id=x"),
    Row(
        "services_info",
        "401 200 200 200 200 200 200 403 403 403 403",
        at={"assistant_service_id": "{service}"},
    ),
    Row("docs_openapi", OPEN),
    Row("health", OPEN),
    Row("docs_page", OPEN),
    Row("docs_asset", OPEN, at={"asset": "start.js"}),
    Row("speech_token", "401 200 200 200 200 200 200 200 200 200 200"),
    Row("shares_all", "401 200 200 200 200 200 200 403 403 403 403"),
    Row("shares_create", "401 200 200 400 400 200 400 403 403 403 403", SHARE),
    Row("shares_create_for_owner", "401 403 403 403 403 403 403 200 404 404 403", SHARE),
    Row("shares_get", "401 200 200 200 200 200 200 403 403 403 403", fresh=A_SHARE),
    Row("shares_delete", "401 204 404 404 404 204 404 403 403 403 403", fresh=A_SHARE),
    Row("shares_redeem", "401 200 200 200 200 200 200 403 403 403 403", fresh=A_SHARE),
    Row("shares_redemptions", "401 200 200 200 200 200 200 403 403 403 403", fresh=A_SHARE),
    Row("redemptions_all", "401 200 200 200 200 200 200 403 403 403 403"),
    Row("users_all", "401 200 200 200 200 200 200 200 200 200 200", query="id=x"),
    Row("users_me_get", "401 200 200 200 200 200 200 403 403 403 403"),
    Row("users_me_put", "401 200 200 200 200 200 200 403 403 403 403", {}),
)


class World:
    """Two conversations, everybody around them, and a client for each of the callers."""

    def __init__(self, stack: Stack, service: RecordingService, other: RecordingService) -> None:
        self._stack = stack
        self._service = service
        self._other = other
        self.clients: dict[str, httpx.AsyncClient] = {}
        self._values: dict[str, str] = {}
        self._values_of_left: dict[str, str] = {}

    async def build(self, exits: AsyncExitStack) -> None:
        """Make all of it."""
        self.clients["anonymous"] = self._stack.api()
        for name in ("owner", "writer", "reader", "removed", "left", "stranger", "third"):
            self.clients[name] = self._stack.api(f"{name} {uuid.uuid4()}")
        self._values = await self._conversation_of("owner")
        self._values_of_left = await self._conversation_of("left")
        await leave(self.clients["left"], self._values_of_left["conversation_id"])
        assistant_id = self._values["assistant_id"]
        idle = await new_assistant(self.clients["owner"], self._service)
        self.clients |= {
            "assistant": self._service.workbench(assistant_id),
            "idle": self._service.workbench(idle["id"]),
            "impostor": self._other.workbench(assistant_id),
            "service": self._service.workbench(),
        }
        for client in self.clients.values():
            exits.push_async_callback(client.aclose)

    async def ask(self, row: Row, caller: str) -> int:
        """The status that a caller gets."""
        route = _route(row.route)
        values = await self._place(row, caller)
        path = route.path.replace("{*", "{").format(**values) + route.suffix
        response = await self.clients[caller].request(
            route.method,
            f"/{path}?{row.query.format(**values)}",
            json=_filled(row.body, values),
            files=row.files,
        )
        return response.status_code

    async def _place(self, row: Row, caller: str) -> dict[str, str]:
        owner = "left" if caller == "left" else "owner"
        usual = self._values_of_left if caller == "left" else self._values
        values = usual | {"unique": f"new-{uuid.uuid4()}.test"}
        values |= {name: await self._fresh(name, owner, values) for name in row.fresh}
        return values | {name: text.format(**values) for name, text in row.at.items()}

    async def _fresh(self, name: str, owner: str, values: dict[str, str]) -> str:
        match name:
            case "message_id":
                writer = self.clients["writer"]
                return (await post_message(writer, values["conversation_id"]))["id"]
            case "filename":
                return await self._file(values["conversation_id"])
            case "assistant_id":
                return (await new_assistant(self.clients[owner], self._service))["id"]
            case "conversation_share_id":
                conversation = await new_conversation(self.clients[owner])
                return (await new_share(self.clients[owner], conversation["id"]))["id"]
            case "assistant_service_id":
                return await self._registration()
            case _:
                return (await self._conversation_of(owner))["conversation_id"]

    async def _conversation_of(self, owner: str) -> dict[str, str]:
        """A conversation with everybody in it, and what else paths need."""
        client = self.clients[owner]
        conversation_id = (await new_conversation(client))["id"]
        writer = self.clients["writer"]
        await admit(self._stack, conversation_id, writer)
        await admit(self._stack, conversation_id, self.clients["reader"], "read")
        await admit(self._stack, conversation_id, self.clients["removed"], active=False)
        assistant_id = self._values.get("assistant_id", "")
        if owner == "left" or not assistant_id:
            assistant_id = (await new_assistant(client, self._service))["id"]
        await add_assistant(client, conversation_id, assistant_id)
        message = await post_message(writer, conversation_id, debug_data={"d": 1})
        path = f"/conversations/{conversation_id}/files/uploads"
        upload = answer_of(await writer.post(path, json={"filename": "uploaded"}))
        third = await admit(self._stack, conversation_id, self.clients["third"])
        return {
            "conversation_id": conversation_id,
            "message_id": message["id"],
            "filename": await self._file(conversation_id),
            "upload_id": upload["upload_id"],
            "assistant_id": assistant_id,
            "any_assistant_id": assistant_id,
            "participant_id": "me",
            "other_person_id": third,
            "owner_id": await user_id_of(client),
            "state_id": "s",
            "assistant_service_id": await self._registration(),
            "service": self._service.service_id,
            "url": self._service.url,
        }

    async def _file(self, conversation_id: str) -> str:
        """The name of a file that the writer saves."""
        name = f"{uuid.uuid4()}.txt"
        path = f"/conversations/{conversation_id}/files"
        answer_of(await self.clients["writer"].put(path, files={"files": (name, b"x")}))
        return name

    async def _registration(self) -> str:
        """The id of a service that the owner registers."""
        body = _filled(NEW_SERVICE, {"unique": f"owned-{uuid.uuid4()}.test"})
        response = await self.clients["owner"].post("/assistant-service-registrations", json=body)
        return answer_of(response)["assistant_service_id"]


def _route(name: str) -> Route:
    return next(route for route in ROUTES if route.name == name)


def _filled(body: Any, values: dict[str, str]) -> Any:
    if not isinstance(body, dict):
        return body
    return {
        name: value.format(**values) if isinstance(value, str) else value
        for name, value in body.items()
    }


@pytest.fixture(scope="module")
async def world(stack: Stack) -> AsyncIterator[World]:
    """One world for all rows: none takes anything away that another needs."""
    async with AsyncExitStack() as exits:
        services = [
            await exits.enter_async_context(
                RecordingService(stack.functions_url, f"{name}-{uuid.uuid4()}.test")
            )
            for name in ("matrix", "other")
        ]
        for service in services:
            assert (await service.register()).status_code == 200
        built = World(stack, *services)
        await built.build(exits)
        yield built


@pytest.mark.parametrize("row", ROWS, ids=str)
async def test_every_caller_gets_exactly_what_is_theirs(world: World, row: Row) -> None:
    assert {caller: await world.ask(row, caller) for caller in CALLERS} == row.expected


def test_every_route_has_a_row() -> None:
    assert {route.name for route in ROUTES} == {row.route for row in ROWS}
