"""Small requests, and people put into conversations, for all tests of the API."""

from collections.abc import Sequence
from typing import Any

import httpx

from local.stack.stack import Stack
from shared import resources
from tests.support import backends


def answer_of(response: httpx.Response) -> Any:
    """The JSON of an answer that must be a success."""
    assert response.is_success, f"{response.status_code} {response.text}"
    return response.json()


async def user_id_of(client: httpx.AsyncClient) -> str:
    """The id of the person behind a client."""
    return answer_of(await client.get("/users/me"))["id"]


async def post_message(
    client: httpx.AsyncClient, conversation_id: str, content: str = "hello", **fields: Any
) -> dict[str, Any]:
    """A message of the client's."""
    body = {"content": content, **fields}
    return answer_of(await client.post(f"/conversations/{conversation_id}/messages", json=body))


async def post_messages(
    client: httpx.AsyncClient, conversation_id: str, contents: Sequence[str]
) -> list[str]:
    """Messages with these contents, one after the other; their ids."""
    return [(await post_message(client, conversation_id, text))["id"] for text in contents]


async def contents_of(client: httpx.AsyncClient, conversation_id: str, **query: Any) -> list[str]:
    """The contents of the messages that a listing gives."""
    response = await client.get(f"/conversations/{conversation_id}/messages", params=query)
    return [message["content"] for message in answer_of(response)["messages"]]


async def events_of(
    client: httpx.AsyncClient, conversation_id: str, **query: Any
) -> list[dict[str, Any]]:
    """The events that a replay gives."""
    response = await client.get(f"/conversations/{conversation_id}/events", params=query)
    return answer_of(response)["events"]


async def get_conversation(
    client: httpx.AsyncClient, conversation_id: str, **query: Any
) -> dict[str, Any]:
    """A conversation as the client sees it."""
    return answer_of(await client.get(f"/conversations/{conversation_id}", params=query))


async def leave(client: httpx.AsyncClient, conversation_id: str) -> dict[str, Any]:
    """The client leaves a conversation."""
    url = f"/conversations/{conversation_id}/participants/me"
    return answer_of(await client.patch(url, json={"active_participant": False}))


async def negotiate(client: httpx.AsyncClient, path: str) -> dict[str, Any]:
    """A real-time address from one of the three routes that give one."""
    return answer_of(await client.post(f"{path}/events/negotiate"))


async def admit(
    stack: Stack,
    conversation_id: str,
    person: httpx.AsyncClient,
    permission: str = "read_write",
    *,
    active: bool = True,
) -> str:
    """Make a person a participant, in the database: a share would do it, once there are shares.

    Returns the person's id.
    """
    profile = answer_of(await person.get("/users/me"))
    async with backends.database(stack) as database:
        conversations = database.get_container_client(resources.CONVERSATIONS)
        aggregate = await conversations.read_item(conversation_id, conversation_id)
        aggregate["participants"][profile["id"]] = {
            "id": profile["id"],
            "role": "user",
            "name": profile["name"],
            "status_updated": profile["created_datetime"],
            "joined": profile["created_datetime"],
            "permission": permission,
            "active": active,
        }
        await conversations.replace_item(conversation_id, aggregate)
        link = {
            "id": f"conversation:{conversation_id}",
            "source": f"user:{profile['id']}",
            "type": "conversation",
            "target": conversation_id,
        }
        await database.get_container_client(resources.LINKS).upsert_item(link)
    return profile["id"]


def sequences(events: list[dict[str, Any]]) -> list[int]:
    """The places of events in their conversation."""
    return [event["sequence"] for event in events]
