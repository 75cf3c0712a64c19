"""Reading many documents by id and partition key, through the real SDK."""

from collections.abc import AsyncIterator

import pytest

from local.stack.stack import Stack
from shared import resources
from shared.adapters.cosmos.client import Cosmos
from shared.adapters.cosmos.reading import Key
from tests.support import backends

ONE: list[Key] = [("a", "p1"), ("b", "p1"), ("c", "p1")]
SEVERAL: list[Key] = [("a", "p1"), ("a", "p2"), ("b", "p2"), ("c", "p3")]
OWN: list[Key] = [("a", "a"), ("b", "b"), ("c", "c")]


@pytest.fixture
async def cosmos(stack: Stack) -> AsyncIterator[Cosmos]:
    """The database with a few documents in containers of each kind."""
    cosmos = Cosmos(backends.settings_of(stack).cosmos)
    links = await cosmos.container(resources.LINKS)
    for document_id, source in {*ONE, *SEVERAL}:
        await links.upsert_item({"id": document_id, "source": source, "type": "test"})
    users = await cosmos.container(resources.USERS)
    for document_id, _ in OWN:
        await users.upsert_item({"id": document_id})
    yield cosmos
    await cosmos.close()


@pytest.mark.parametrize("page", [1, 2, 100])
@pytest.mark.parametrize(
    ("container", "keys", "missing"),
    [
        (resources.LINKS, ONE, ("x", "p1")),
        (resources.LINKS, SEVERAL, ("b", "p3")),
        (resources.USERS, OWN, ("x", "x")),
    ],
)
async def test_what_exists_is_found_in_the_order_of_the_keys(
    cosmos: Cosmos, container: str, keys: list[Key], missing: Key, page: int
) -> None:
    wanted = [keys[-1], missing, *keys]

    documents = await cosmos.read_many(container, wanted, page)

    found = [(document["id"], document.get("source", document["id"])) for document in documents]
    assert found == [keys[-1], *keys[:-1]]


async def test_no_keys_find_nothing_without_asking(stack: Stack, cosmos: Cosmos) -> None:
    async with stack.cosmos_requests() as requests:
        assert await cosmos.read_many(resources.LINKS, []) == []

    assert requests.total == 0
