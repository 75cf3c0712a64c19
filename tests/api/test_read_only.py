"""Read-only participants: they read, follow and replay everything, and change only themselves."""

from dataclasses import replace
from typing import Any

import httpx
import pytest

from local.stack.stack import Stack
from shared.api.routes import ROUTES
from tests.api.builders import (
    answer_of,
    contents_of,
    events_of,
    get_conversation,
    leave,
    negotiate,
    post_message,
)
from tests.api.conftest import Person, new_conversation
from tests.api.share_builders import share_with
from tests.api.test_access_matrix import ROWS, Row, World
from tests.api.test_access_matrix import world as world  # noqa: PLC0414 (a fixture)
from tests.support import backends
from tests.support.subscriber import Subscriber

METHODS = {route.name: route.method for route in ROUTES}
PATHS = {route.name: route.path for route in ROUTES}

ALLOWED = {"participants_put", "participants_update", "events_negotiate_conversation"}
"""What a reader may send to a conversation: their own status, and the wish to follow it."""


def writes_to_a_conversation(row: Row) -> bool:
    """Whether a row sends something to a conversation: in the path, the query or the body."""
    sent = f"{PATHS[row.route]} {row.query} {row.body}"
    return METHODS[row.route] not in ("GET", "HEAD") and "{conversation_id}" in sent


WRITES = [
    row for row in ROWS if writes_to_a_conversation(row) and (row.at or row.route not in ALLOWED)
]


async def stored(stack: Stack, conversation_id: str) -> dict[str, Any]:
    """Everything in a conversation's partition but how far deliveries are, by id."""
    async with backends.container(stack) as container:
        query = "SELECT * FROM c WHERE c.type != 'cursor'"
        found = container.query_items(query, partition_key=conversation_id)
        return {document["id"]: document async for document in found}


def test_the_table_knows_routes_that_write() -> None:
    routes = {row.route for row in WRITES}
    assert {"messages_create", "conversations_update", "files_put", "shares_create"} <= routes


@pytest.mark.parametrize("row", WRITES, ids=str)
async def test_no_route_that_writes_changes_anything(
    world: World,
    stack: Stack,
    row: Row,
) -> None:
    listed = answer_of(await world.clients["reader"].get("/conversations"))["conversations"]
    ids = [conversation["id"] for conversation in listed]
    before = [await stored(stack, conversation_id) for conversation_id in ids]
    status = await world.ask(replace(row, fresh=()), "reader")

    assert status in (400, 403, 404)
    assert [await stored(stack, conversation_id) for conversation_id in ids] == before


@pytest.fixture
async def conversation_id(ada: httpx.AsyncClient) -> str:
    """A conversation of Ada's with something in it."""
    conversation = await new_conversation(ada, title="T")
    await post_message(ada, conversation["id"], "before", debug_data={"d": 1})
    path = f"/conversations/{conversation['id']}/files"
    answer_of(await ada.put(path, files={"files": ("a.txt", b"abc")}))
    return conversation["id"]


@pytest.fixture
async def reader(ada: httpx.AsyncClient, person: Person, conversation_id: str) -> httpx.AsyncClient:
    """Somebody who redeemed a share for reading."""
    client = person()
    await share_with(ada, conversation_id, client, "read")
    return client


async def test_a_reader_reads_everything(
    ada: httpx.AsyncClient, reader: httpx.AsyncClient, conversation_id: str
) -> None:
    seen = await get_conversation(reader, conversation_id)
    assert seen["conversation_permission"] == "read"
    assert seen["latest_message"]["content"] == "before"
    path = f"/conversations/{conversation_id}"
    message_id = seen["latest_message"]["id"]
    for part in (
        "messages",
        f"messages/{message_id}",
        f"messages/{message_id}/debug_data",
        "participants",
        "files",
        "events",
    ):
        theirs, hers = [await client.get(f"{path}/{part}") for client in (reader, ada)]
        assert answer_of(theirs) == answer_of(hers)
    assert (await reader.get(f"{path}/files/a.txt")).content == b"abc"


async def test_a_reader_follows_and_replays(
    ada: httpx.AsyncClient, reader: httpx.AsyncClient, conversation_id: str
) -> None:
    one = await negotiate(reader, f"/conversations/{conversation_id}")
    own = await negotiate(reader, "")
    async with Subscriber(one["url"]) as follower, Subscriber(own["url"]) as stream:
        await post_message(ada, conversation_id, "now")
        told = await follower.next("message.created")
        assert await stream.next("message.created") == told

    assert told["data"]["message"]["content"] == "now"
    assert (await events_of(reader, conversation_id, after=told["sequence"] - 1)) == [told]


async def test_a_reader_changes_only_themselves(
    ada: httpx.AsyncClient, reader: httpx.AsyncClient, conversation_id: str
) -> None:
    mine = f"/conversations/{conversation_id}/participants/me"
    body = {"status": "reading", "metadata": {"a": 1}}
    participant = answer_of(await reader.patch(mine, json=body))
    assert (participant["status"], participant["metadata"]) == ("reading", {"a": 1})
    assert participant["conversation_permission"] == "read"
    assert (await events_of(ada, conversation_id))[-1]["event"] == "participant.updated"

    left = await leave(reader, conversation_id)
    assert left["active_participant"] is False
    assert (await reader.get(f"/conversations/{conversation_id}")).status_code == 404


async def test_a_reader_who_is_promoted_writes_at_once(
    ada: httpx.AsyncClient, reader: httpx.AsyncClient, conversation_id: str
) -> None:
    path = f"/conversations/{conversation_id}/messages"
    assert (await reader.post(path, json={"content": "no"})).status_code == 404
    await share_with(ada, conversation_id, reader)
    await post_message(reader, conversation_id, "yes")

    assert await contents_of(ada, conversation_id) == ["before", "yes"]
