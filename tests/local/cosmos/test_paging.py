"""Pages and continuation tokens."""

from typing import Any

import pytest
from azure.cosmos import exceptions
from azure.cosmos.aio import ContainerProxy

from tests.local.cosmos.conftest import MakeContainer


async def pages(
    container: ContainerProxy, text: str, size: int, partition: str | None = "p"
) -> list[list[Any]]:
    """All pages, each fetched by a query of its own from the token of the one before."""
    found: list[list[Any]] = []
    token: str | None = None
    while token is not None or not found:
        options: dict[str, Any] = {"partition_key": partition} if partition else {}
        query = container.query_items(text, max_item_count=size, **options)
        pager = query.by_page(token)
        found.append([item async for item in await anext(pager)])
        token = pager.continuation_token  # type: ignore[attr-defined]
    return found


@pytest.fixture
async def filled(make_container: MakeContainer) -> ContainerProxy:
    paths = [{"path": "/g"}, {"path": "/n", "order": "descending"}]
    container = await make_container(
        indexing_policy={"includedPaths": [{"path": "/*"}], "compositeIndexes": [paths]}
    )
    for number in range(10):
        item: dict[str, Any] = {"id": f"i{number}", "pk": "p", "g": number % 2, "n": number // 3}
        if number == 4:
            item |= {"n": None}
        if number == 7:
            del item["n"]
        await container.create_item(item)
    await container.create_item({"id": "other", "pk": "q"})
    return container


@pytest.mark.parametrize(
    "order",
    ["", "c.n", "c.n DESC", "c.id DESC", "c._ts", "c.g, c.n DESC", "c.g DESC, c.n"],
)
@pytest.mark.parametrize("condition", ["", "WHERE c.g = 1", "WHERE c.n >= 1"])
@pytest.mark.parametrize("size", [1, 3, 10])
async def test_pages_together_are_the_whole(filled: ContainerProxy, order, condition, size):
    text = f"SELECT VALUE c.id FROM c {condition} {order and 'ORDER BY ' + order}"
    (whole,) = await pages(filled, text, 100)
    parts = await pages(filled, text, size)
    assert [len(part) for part in parts[:-1]] == [size] * (len(parts) - 1)
    assert [item for part in parts for item in part] == whole
    assert len(set(whole)) == len(whole) > 0


async def test_top_offset_and_distinct_continue(filled: ContainerProxy):
    (ids,) = await pages(filled, "SELECT VALUE c.id FROM c", 100)
    assert await pages(filled, "SELECT TOP 3 VALUE c.id FROM c", 2) == [ids[:2], ids[2:3]]
    assert await pages(filled, "SELECT TOP 4 VALUE c.id FROM c", 2) == [ids[:2], ids[2:4]]
    text = "SELECT VALUE c.id FROM c OFFSET 1 LIMIT 3"
    assert await pages(filled, text, 2) == [ids[1:3], ids[3:4]]
    text = "SELECT DISTINCT VALUE c.n FROM c ORDER BY c.n"
    assert await pages(filled, text, 2) == [[None, 0], [1, 2], [3]]


async def test_a_token_stays_good_while_items_come_and_go(filled: ContainerProxy):
    text = "SELECT VALUE c.id FROM c ORDER BY c.id"
    query = filled.query_items(text, partition_key="p", max_item_count=3)
    pager = query.by_page()
    assert [item async for item in await anext(pager)] == ["i0", "i1", "i2"]
    await filled.delete_item("i2", "p")
    await filled.create_item({"id": "i00", "pk": "p"})
    assert [item async for item in await anext(pager)] == ["i3", "i4", "i5"]


async def test_a_token_of_another_query_is_refused(filled: ContainerProxy):
    pager = filled.query_items("SELECT * FROM c", partition_key="p", max_item_count=3).by_page()
    await anext(pager)
    token = pager.continuation_token  # type: ignore[attr-defined]
    for text, wrong in (("SELECT c.id FROM c", token), ("SELECT * FROM c", "nonsense")):
        with pytest.raises(exceptions.CosmosHttpResponseError) as caught:
            await anext(filled.query_items(text, partition_key="p").by_page(wrong))
        assert caught.value.status_code == 400


async def test_read_all_items_reads_all_partitions(filled: ContainerProxy):
    found = [item["id"] async for item in filled.read_all_items(max_item_count=4)]
    assert found == [f"i{number}" for number in range(10)] + ["other"]


async def test_pages_hold_100_items_unless_asked(make_container: MakeContainer):
    container = await make_container()
    for start in (0, 100):
        creates = [("create", ({"id": f"{start + n}", "pk": "p"},)) for n in range(100)]
        await container.execute_item_batch(creates, partition_key="p")
    pager = container.query_items("SELECT * FROM c", partition_key="p").by_page()
    sizes = [len([item async for item in page]) async for page in pager]
    assert sizes == [100, 100]


@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")
async def test_pages_stay_near_4_mb(make_container: MakeContainer):
    container = await make_container()
    for number in range(8):
        await container.create_item({"id": str(number), "pk": "p", "text": "x" * 1_000_000})
    pager = container.query_items("SELECT * FROM c", partition_key="p").by_page()
    sizes = [len([item async for item in page]) async for page in pager]
    assert sizes == [5, 3]
