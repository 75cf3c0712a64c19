"""What queries find: operators, functions, projections, order, aggregates, undefined and null."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from azure.cosmos import PartitionKey, exceptions
from azure.cosmos.aio import ContainerProxy, DatabaseProxy

from tests.local.cosmos.conftest import MakeContainer, RawClient

ITEMS: list[dict[str, Any]] = [
    {"id": "null", "v": None},
    {"id": "false", "v": False},
    {"id": "true", "v": True},
    {"id": "minus", "v": -1.5},
    {"id": "one", "v": 1, "tags": ["a", "b"], "in": {"deep": [{"x": "found"}]}},
    {"id": "two", "v": 2, "tags": [1, True, None, {"k": 1, "l": 2}], "w": 2},
    {"id": "empty", "v": ""},
    {"id": "Anna", "v": "Ärger", "w": "ärger"},
    {"id": "json", "v": "[1]"},
    {"id": "list", "v": [1]},
    {"id": "object", "v": {"b": 1, "a": [True]}},
    {"id": "missing"},
]


@pytest.fixture(scope="module")
async def container(database: DatabaseProxy) -> AsyncIterator[ContainerProxy]:
    made = await database.create_container("queries", PartitionKey("/pk"))
    for item in ITEMS:
        await made.create_item({"pk": "p", **item})
    await made.create_item({"pk": "q", "id": "elsewhere", "v": 1})
    yield made
    await database.delete_container("queries")


async def select(container: ContainerProxy, text: str, **parameters: Any) -> list[Any]:
    named: list[dict[str, object]] = [{"name": f"@{k}", "value": v} for k, v in parameters.items()]
    query = container.query_items(text, parameters=named, partition_key="p")
    return [item async for item in query]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("c.v = 1", "one"),
        ("1 = c.v", "one"),
        ("c.v = true", "true"),
        ("c.v = null", "null"),
        ("c.v = '[1]'", "json"),
        ("c.v = [1]", "list"),
        ("c.v = @object", "object"),
        ("c.v != 1", "null false true minus two empty Anna json list object"),
        ("NOT (c.v = 1)", "null false true minus two empty Anna json list object"),
        ("c.v <> null", "false true minus one two empty Anna json list object"),
        ("c.v < 2", "minus one"),
        ("c.v <= 2 AND c.v > -1.5", "one two"),
        ("2 > c.v", "minus one"),
        ("c.v >= ''", "empty Anna json"),
        ("c.v >= false", "false true"),
        ("NOT (c.v < 2)", "two"),
        ("c.v < [2]", ""),
        ("c.v = c.w", "two"),
        ("c.w >= c.v", "two Anna"),
        ("c.v BETWEEN 1 AND 2", "one two"),
        ("c.v NOT BETWEEN 1 AND 1.5", "minus two"),
        ("c.v IN (1, 'x', null, true)", "null true one"),
        ("c.v IN ([1], 1)", "one list"),
        ("c.v NOT IN (1, 2, '')", "null false true minus Anna json list object"),
        ("c.v", "true"),
        ("NOT c.v", "false"),
        ("c.v OR c.id = 'one'", "true one"),
        ("c.v ?? 'none' = 'none'", "missing"),
        ("(c.absent ?? c.v) = 1", "one"),
        ("IS_DEFINED(c.v) = false", "missing"),
        ("NOT IS_DEFINED(c.v)", "missing"),
        ("IS_NULL(c.v)", "null"),
        ("IS_STRING(c.v) OR IS_ARRAY(c.v)", "empty Anna json list"),
        ("IS_NUMBER(c.v) OR IS_BOOL(c.v) OR IS_OBJECT(c.v)", "false true minus one two object"),
        ("STARTSWITH(c.id, 't')", "true two"),
        ("STARTSWITH(c.v, 'äRG', true)", "Anna"),
        ("ENDSWITH(c.id, 'e')", "false true one"),
        ("ENDSWITH(c.id, '')", " ".join(item["id"] for item in ITEMS)),
        ("CONTAINS(c.id, 'in')", "minus missing"),
        ("CONTAINS(c.v, 'a')", ""),
        ("NOT CONTAINS(c.v, 'g')", "empty json"),
        ("LOWER(c.v) = c.w", "Anna"),
        ("UPPER(c.id) = 'ANNA'", "Anna"),
        ("ARRAY_CONTAINS(c.tags, 'a')", "one"),
        ("ARRAY_CONTAINS(c.tags, 1)", "two"),
        ("ARRAY_CONTAINS(c.tags, true)", "two"),
        ("ARRAY_CONTAINS(c.tags, null)", "two"),
        ("ARRAY_CONTAINS(c.tags, @part)", ""),
        ("ARRAY_CONTAINS(c.tags, @part, true)", "two"),
        ("ARRAY_CONTAINS(c.tags, @whole)", "two"),
        ("NOT ARRAY_CONTAINS(c.tags, 'a')", "two"),
        ("ARRAY_CONTAINS(@names, c.id)", "one two"),
        ("ARRAY_CONTAINS(@mixed, c.v)", "null one"),
        ("ARRAY_CONTAINS(@none, c.id)", ""),
        ("ARRAY_CONTAINS(['one', 'x'], c.id)", "one"),
        ("c['in'].deep[0].x = 'found'", "one"),
        ('c["in"]["deep"][0]["x"] = "found"', "one"),
        ("c.id = 'one' OR c.v = 2 AND c.w = 2", "one two"),
        ("c.pk = 'q'", ""),
        ("false", ""),
        ("NOT (1 = 'a') AND c.id = 'one'", "one"),
        ("LOWER(1) = 'a' OR ARRAY_CONTAINS('a', c.id)", ""),
        ("c.absent = 1 OR c.v = 1", "one"),
        (
            "NOT (c.absent = 1 AND c.v = 3)",
            "null false true minus one two empty Anna json list object",
        ),
    ],
)
async def test_conditions(container: ContainerProxy, condition: str, expected: str):
    names = [item["id"] for item in ITEMS]
    for text in (condition, f"NOT (NOT ({condition}))"):  # undefined stays undefined
        found = await select(
            container,
            f"SELECT VALUE c.id FROM c WHERE {text}",
            object={"a": [True], "b": 1.0},
            part={"k": 1},
            whole={"l": 2, "k": 1},
            names=["one", "two", "three"],
            mixed=[1, None],
            none=[],
        )
        assert sorted(found, key=names.index) == expected.split()


async def test_values_of_every_type_are_ordered_by_type_first(container: ContainerProxy):
    ascending = await select(container, "SELECT VALUE c.id FROM c ORDER BY c.v")
    by_type = "missing null false true minus one two empty json Anna list object"
    assert " ".join(ascending) == by_type
    descending = await select(container, "select value c.id from c order by c.v desc")
    assert descending == ascending[::-1]


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ("c.id, c.v", {"id": "one", "v": 1}),
        ("c.v AS number, c.tags[1] second", {"number": 1, "second": "b"}),
        ("c.absent, c['in'].deep", {"deep": [{"x": "found"}]}),
        ("c.v = 1 AS same, LOWER('X'), c.absent = 1", {"same": True, "$1": "x"}),
        ("VALUE c['in']", {"deep": [{"x": "found"}]}),
        ("VALUE c.v ?? 0", 1),
    ],
)
async def test_projections(container: ContainerProxy, selection: str, expected: Any):
    assert await select(container, f"SELECT {selection} FROM c WHERE c.id = 'one'") == [expected]


async def test_selecting_the_item_under_its_alias(container: ContainerProxy):
    (whole,) = await select(container, "SELECT * FROM root r WHERE r.id = @id", id="one")
    assert await select(container, "SELECT r FROM root r WHERE r.id = @id", id="one") == [
        {"r": whole}
    ]
    assert await select(container, "SELECT VALUE x FROM c AS x WHERE x.id = 'one'") == [whole]
    assert whole == await container.read_item("one", "p")


async def test_undefined_values_are_left_out(container: ContainerProxy):
    assert await select(container, "SELECT VALUE c.w FROM c") == [2, "ärger"]
    assert await select(container, "SELECT c.w FROM c WHERE c.id = 'one'") == [{}]


@pytest.mark.parametrize(
    ("aggregate", "expected"),
    [
        ("COUNT(1)", [12]),
        ("COUNT(c.w)", [2]),
        ("MIN(c.v)", [None]),
        ("MAX(c.id)", ["two"]),
        ("SUM(c.v)", []),
        ("SUM(c.absent)", [0]),
        ("AVG(c.absent)", []),
        ("MAX(c.absent)", []),
    ],
)
async def test_aggregates(container: ContainerProxy, aggregate: str, expected: list[Any]):
    assert await select(container, f"SELECT VALUE {aggregate} FROM c") == expected


async def test_aggregates_over_a_filter(container: ContainerProxy):
    numbers = "FROM c WHERE IS_NUMBER(c.v)"
    assert await select(container, f"SELECT VALUE SUM(c.v) {numbers}") == [1.5]
    assert await select(container, f"SELECT VALUE AVG(c.v) {numbers}") == [0.5]
    assert await select(container, f"SELECT COUNT(1) AS n, MAX(c.v) AS most {numbers}") == [
        {"n": 3, "most": 2}
    ]


async def test_across_partitions(container: ContainerProxy):
    counts = [n async for n in container.query_items("SELECT VALUE COUNT(1) FROM c")]
    assert counts == [13]
    text = "SELECT VALUE c.id FROM c WHERE c.v = 1 ORDER BY c.id"
    assert [one async for one in container.query_items(text)] == ["elsewhere", "one"]
    text = "SELECT VALUE c.id FROM c WHERE c.pk = 'q'"
    assert [one async for one in container.query_items(text)] == ["elsewhere"]
    text = "SELECT DISTINCT VALUE c.pk FROM c"
    assert [one async for one in container.query_items(text)] == ["p", "q"]


async def test_read_items_in_order_and_without_the_missing(container: ContainerProxy):
    wanted = [("two", "p"), ("absent", "p"), ("elsewhere", "q"), ("one", "p"), ("one", "q")]
    found = await container.read_items(wanted)
    assert [item["id"] for item in found] == ["two", "elsewhere", "one"]


async def test_read_items_in_chunks_of_a_thousand(container: ContainerProxy):
    wanted = [(f"absent{number}", f"p{number}") for number in range(1100)]
    found = await container.read_items([*wanted, ("one", "p")])
    assert [item["id"] for item in found] == ["one"]


async def test_top_and_offset_limit(container: ContainerProxy):
    ordered = await select(container, "SELECT VALUE c.id FROM c ORDER BY c.id")
    assert await select(container, "SELECT TOP 3 VALUE c.id FROM c ORDER BY c.id") == ordered[:3]
    assert await select(container, "SELECT TOP 0 VALUE c.id FROM c") == []
    text = "SELECT VALUE c.id FROM c ORDER BY c.id OFFSET @skip LIMIT @take"
    assert await select(container, text, skip=2, take=4) == ordered[2:6]
    assert await select(container, text, skip=50, take=4) == []


@pytest.mark.parametrize(
    ("text", "status", "names"),
    [
        ("SELECT * FROM c WHERE", 400, "Syntax error"),
        ("SELECT * FROM c WHERE x.a = 1", 400, "'x'"),
        ("SELECT * FROM c WHERE c.a = @unknown", 400, "@unknown"),
        ("SELECT c.order FROM c", 400, "order"),
        ("SELECT c.group FROM c", 400, "group"),
        ("SELECT c.id, COUNT(1) FROM c", 400, "GROUP BY"),
        ("SELECT c.a, c.b.a FROM c", 400, "'a'"),
        ("SELECT TOP -1 * FROM c", 400, "-1"),
        ("SELECT TOP 1 * FROM c OFFSET 1 LIMIT 1", 400, "TOP"),
        ("SELECT DISTINCT VALUE c.v FROM c ORDER BY c.id", 400, "DISTINCT"),
        ("SELECT * FROM c ORDER BY c.a, c.b", 400, "composite index"),
        ("SELECT c.v FROM c GROUP BY c.v", 501, "GROUP BY"),
        ("SELECT * FROM c JOIN t IN c.tags", 501, "JOIN"),
        ("SELECT * FROM c WHERE EXISTS(SELECT 1 FROM c)", 501, "EXISTS"),
        ("SELECT * FROM t IN c.tags", 501, "FROM ... IN"),
        ("SELECT * FROM c WHERE c.id LIKE 'a%'", 501, "LIKE"),
        ("SELECT * FROM c WHERE REGEXMATCH(c.id, 'a')", 501, "REGEXMATCH"),
        ("SELECT VALUE udf.f(c) FROM c", 501, "user-defined functions"),
        ("SELECT c.v + 1 FROM c", 501, "'+'"),
        ("SELECT VALUE {a: 1} FROM c", 501, "'{'"),
        ("SELECT VALUE c.v = 1 ? 1 : 2 FROM c", 501, "'?'"),
        ("SELECT * FROM c WHERE COUNT(c.v) > 1", 501, "COUNT"),
    ],
)
async def test_refusals_say_what_is_wrong(
    raw: RawClient, container: ContainerProxy, text: str, status: int, names: str
):
    answer = await raw.query(container, text)
    assert answer.status == status
    assert answer.body["code"] == {400: "BadRequest", 501: "NotImplemented"}[status]
    assert names in answer.body["message"]


async def test_order_by_needs_an_index(make_container: MakeContainer):
    container = await make_container(
        indexing_policy={
            "includedPaths": [{"path": "/a/?"}],
            "excludedPaths": [{"path": "/*"}],
            "compositeIndexes": [
                [{"path": "/a"}, {"path": "/b", "order": "descending"}],
            ],
        }
    )
    for name, a, b in (("1", 1, 1), ("2", 1, 2), ("3", 0, 5)):
        await container.create_item({"id": name, "pk": "p", "a": a, "b": b})
    text = "SELECT VALUE c.id FROM c ORDER BY "
    assert await select(container, text + "c.a DESC, c.b") == ["1", "2", "3"]
    assert await select(container, text + "c.a, c.b DESC") == ["3", "2", "1"]
    assert await select(container, text + "c.id DESC") == ["3", "2", "1"]
    for order in ("c.b", "c.a, c.b", "c.b, c.a DESC", "c.a, c.b DESC, c.id"):
        with pytest.raises(exceptions.CosmosHttpResponseError) as caught:
            await select(container, text + order)
        assert caught.value.status_code == 400
