"""How many requests to Cosmos DB each route makes: the numbers are part of the design."""

import asyncio
import math
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from local.stack.cosmos_admin import CosmosRequests
from local.stack.options import StackOptions
from local.stack.stack import Stack
from tests.api.builders import answer_of, post_message, post_messages, user_id_of
from tests.api.conftest import new_conversation
from tests.api.file_builders import files_of, save
from tests.api.share_builders import new_share, redeem, redemptions_of, shares_of
from tests.support.targets import own_stack

Counts = dict[str, int]


@pytest.fixture(scope="module")
async def quiet(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """A stack of which nobody else asks anything, so that every request counted is ours."""
    options = StackOptions(
        data_dir=tmp_path_factory.mktemp("quiet"),
        free_ports=True,
        example_assistant=False,
        azurite_in_memory=True,
        settings={"AzureWebJobs__measure_backlog__Disabled": "true"},
    )
    async with own_stack(options, cosmos_control=True) as running:
        yield running


@pytest.fixture
async def ada(quiet: Stack) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody whom the service knows."""
    async with quiet.api("Ada") as client:
        await client.get("/users/me")
        yield client


@pytest.fixture
async def cid(ada: httpx.AsyncClient) -> str:
    """A conversation that the host remembers."""
    return (await new_conversation(ada))["id"]


async def counted(
    stack: Stack, client: httpx.AsyncClient, method: str, path: str, body: Any = None
) -> Counts:
    """The requests that one call makes, by kind."""
    async with stack.cosmos_requests() as requests:
        response = await client.request(method, path, json=body)
    assert response.is_success, response.text
    counts = _data_requests(requests)
    assert sum(counts.values()) == requests.total
    return counts


def _data_requests(requests: CosmosRequests) -> Counts:
    return {kind: number for kind, number in requests.counts.items() if kind != "metadata"}


async def test_posting_a_message_takes_one_request_warm_and_two_cold(
    quiet: Stack, ada: httpx.AsyncClient, cid: str
) -> None:
    path, body = f"/conversations/{cid}/messages", {"content": "x", "debug_data": {"d": 1}}

    assert await counted(quiet, ada, "POST", path, body) == {"batch": 1}
    await quiet.restart_functions_host()
    assert await counted(quiet, ada, "POST", path, body) == {"read": 1, "batch": 1}
    assert await counted(quiet, ada, "POST", path, body) == {"batch": 1}


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?before={first}",
        "?after={first}",
        "?before={last}&after={first}&message_type=chat&message_type=log",
        "?before={cid}",
    ],
)
async def test_listing_messages_takes_two_requests(
    quiet: Stack, ada: httpx.AsyncClient, cid: str, query: str
) -> None:
    ids = await post_messages(ada, cid, [str(number) for number in range(150)])
    query = query.format(cid=cid, first=ids[0], last=ids[-1])
    counts = await counted(quiet, ada, "GET", f"/conversations/{cid}/messages{query}")

    assert sum(counts.values()) <= 2, counts


@pytest.mark.parametrize("number", [0, 1, 100])
async def test_listing_conversations_takes_one_request_and_one_for_each_hundred(
    quiet: Stack, number: int
) -> None:
    async with quiet.api(f"Owner of {number}") as owner:
        await owner.get("/users/me")
        for start in range(0, number, 20):
            some = range(start, min(start + 20, number))
            await asyncio.gather(*(new_conversation(owner) for _ in some))
        counts = await counted(quiet, owner, "GET", "/conversations")

    assert sum(counts.values()) <= 1 + math.ceil(number / 100), counts


async def test_a_new_person_costs_one_request_more(quiet: Stack) -> None:
    async with quiet.api("Grace") as grace:
        first = await counted(quiet, grace, "POST", "/conversations", {})
        second = await counted(quiet, grace, "POST", "/conversations", {})

    assert first == {"read": 1, "create": 2, "upsert": 1}
    assert second == {"read": 1, "create": 1, "upsert": 1}


BUDGET: tuple[tuple[str, str, Any, Counts], ...] = (
    ("GET", "/", None, {}),
    ("GET", "/users?id={user}&id=nobody", None, {"query": 1}),
    ("GET", "/users/me", None, {"read": 1}),
    ("PUT", "/users/me", {}, {"read": 1}),
    ("GET", "/conversations/{cid}", None, {"read": 1}),
    ("PATCH", "/conversations/{cid}", {"title": "T"}, {"batch": 1}),
    ("GET", "/conversations/{cid}/participants", None, {"read": 1}),
    ("GET", "/conversations/{cid}/participants/me", None, {"read": 1}),
    ("PATCH", "/conversations/{cid}/participants/me", {"status": "x"}, {"batch": 1}),
    ("PATCH", "/conversations/{cid}/participants/me", {}, {"read": 1}),
    ("GET", "/conversations/{cid}/messages/{message}", None, {"read": 2}),
    ("GET", "/conversations/{cid}/messages/{message}/debug_data", None, {"read": 2}),
    ("DELETE", "/conversations/{cid}/messages/{first}", None, {"read": 1, "batch": 1}),
    (
        "DELETE",
        "/conversations/{cid}/messages/{message}",
        None,
        {"read": 1, "query": 1, "batch": 1},
    ),
    ("GET", "/conversations/{cid}/events", None, {"read": 1, "query": 1}),
    ("POST", "/conversations/{cid}/events/negotiate", None, {"read": 1}),
    ("POST", "/events/negotiate", None, {}),
)


@pytest.mark.parametrize(("method", "path", "body", "expected"), BUDGET)
async def test_every_other_route_keeps_to_its_number(
    quiet: Stack,
    ada: httpx.AsyncClient,
    cid: str,
    method: str,
    path: str,
    body: Any,
    expected: Counts,
) -> None:
    (first,) = await post_messages(ada, cid, ["first"])
    message = await post_message(ada, cid, debug_data={"d": 1})
    user = await user_id_of(ada)
    path = path.format(cid=cid, first=first, message=message["id"], user=user)

    assert await counted(quiet, ada, method, path, body) == expected


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("GET", "", None, {"read": 1, "query": 1}),
        ("GET", "/a", None, {"read": 2}),
        ("HEAD", "/a", None, {"read": 2}),
        ("GET", "/a?redirect=true", None, {"read": 2}),
        ("GET", "/a/versions", None, {"read": 1, "query": 1}),
        ("GET", "/dir%2Fb", None, {"read": 1, "query": 1}),
        ("PATCH", "/a", {"metadata": {"m": 1}}, {"read": 1, "batch": 1}),
        ("DELETE", "/a", None, {"read": 1, "batch": 1}),
        ("POST", "/uploads", {"filename": "b"}, {"create": 1}),
    ],
)
async def test_files_keep_to_their_numbers(
    quiet: Stack,
    ada: httpx.AsyncClient,
    cid: str,
    method: str,
    path: str,
    body: Any,
    expected: Counts,
) -> None:
    await save(ada, cid, {"a": b"x", "dir/b": b"y"})

    async with quiet.cosmos_requests() as requests:
        response = await ada.request(method, files_of(cid) + path, json=body)

    assert response.status_code < 400, response.text
    assert _data_requests(requests) == expected


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"a": b"x"}, {"read": 1, "batch": 1}),
        ({"a": b"x", "b": b"y"}, {"query": 1, "batch": 1}),
    ],
)
async def test_saving_files_takes_two_requests_however_many_they_are(
    quiet: Stack, ada: httpx.AsyncClient, cid: str, files: dict[str, Any], expected: Counts
) -> None:
    async with quiet.cosmos_requests() as requests:
        await save(ada, cid, files)

    assert _data_requests(requests) == expected


async def test_committing_an_upload_takes_three_requests(
    quiet: Stack, ada: httpx.AsyncClient, cid: str
) -> None:
    path = f"{files_of(cid)}/uploads"
    upload = answer_of(await ada.post(path, json={"filename": "a"}))
    async with httpx.AsyncClient() as anybody:
        await anybody.put(upload["url"], content=b"x", headers=upload["headers"])
    path = f"{path}/{upload['upload_id']}"

    assert await counted(quiet, ada, "POST", path) == {"read": 2, "batch": 1}
    assert await counted(quiet, ada, "POST", path) == {"read": 2}


async def test_a_large_latest_message_costs_one_request_more(
    quiet: Stack, ada: httpx.AsyncClient, cid: str
) -> None:
    await post_message(ada, cid, "x" * 100_000)

    assert await counted(quiet, ada, "GET", f"/conversations/{cid}") == {"read": 2}
    unknown = await ada.get(f"/conversations/{cid}", params={"latest_message_type": "log"})
    assert answer_of(unknown)["latest_message"] is None


async def test_shares_keep_to_their_numbers(quiet: Stack) -> None:
    async with quiet.api("Sharer") as owner, quiet.api("Redeemer") as redeemer:
        await redeemer.get("/users/me")
        cid = (await new_conversation(owner))["id"]
        share = await new_share(owner, cid)
        own = "/conversation-shares"
        one = f"{own}/{share['id']}"
        body = {"conversation_id": cid, "label": "L", "conversation_permission": "read"}
        for client, method, path, sent, expected in (
            (owner, "POST", own, body, {"read": 2, "upsert": 3}),
            (owner, "GET", one, None, {"read": 3}),
            (redeemer, "POST", f"{one}/redemptions", None, {"read": 2, "upsert": 2, "batch": 2}),
            (redeemer, "POST", f"{one}/redemptions", None, {"read": 3, "upsert": 2, "batch": 1}),
            (owner, "GET", f"{one}/redemptions", None, {"query": 1, "read": 2}),
        ):
            assert await counted(quiet, client, method, path, sent) == expected


async def test_lists_of_shares_and_redemptions_do_not_grow_with_their_length(quiet: Stack) -> None:
    async with quiet.api("Lister") as owner, quiet.api("Collector") as redeemer:
        ids = [(await new_conversation(owner))["id"] for _ in range(10)]
        for cid in ids:
            await redeem(redeemer, (await new_share(owner, cid))["id"])
        assert len(await shares_of(owner)) == len(await redemptions_of(redeemer)) == 10
        for client, path, total in (
            (owner, "/conversation-shares", 4),
            (owner, f"/conversation-shares?conversation_id={ids[0]}", 5),
            (redeemer, "/conversation-share-redemptions", 4),
        ):
            assert sum((await counted(quiet, client, "GET", path)).values()) == total


async def test_a_new_name_takes_one_request_for_each_conversation(quiet: Stack) -> None:
    async with quiet.api("Renamed") as client:
        for _ in range(10):
            await new_conversation(client)
        counts = await counted(quiet, client, "PUT", "/users/me", {"image": "data:x"})

    assert counts == {"read": 1, "replace": 1, "query": 2, "batch": 10}
