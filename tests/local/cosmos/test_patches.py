"""Partial updates: every operation, the errors, and conditions."""

import pytest
from azure.cosmos import exceptions
from azure.cosmos.aio import ContainerProxy

BEFORE = {"n": 1, "list": [1, 2, 3], "nested": {"a": {"b": "c"}}, "sl/a~sh": 0, "text": "t"}


@pytest.mark.parametrize(
    ("operations", "changes"),
    [
        ([{"op": "add", "path": "/new", "value": {"x": 1}}], {"new": {"x": 1}}),
        ([{"op": "add", "path": "/n", "value": 5}], {"n": 5}),
        ([{"op": "add", "path": "/list/1", "value": 9}], {"list": [1, 9, 2, 3]}),
        ([{"op": "add", "path": "/list/-", "value": 9}], {"list": [1, 2, 3, 9]}),
        ([{"op": "add", "path": "/list/3", "value": 9}], {"list": [1, 2, 3, 9]}),
        ([{"op": "set", "path": "/list/1", "value": 9}], {"list": [1, 9, 3]}),
        ([{"op": "set", "path": "/nested/a/b", "value": None}], {"nested": {"a": {"b": None}}}),
        ([{"op": "set", "path": "/nested/z", "value": 1}], {"nested": {"a": {"b": "c"}, "z": 1}}),
        ([{"op": "replace", "path": "/text", "value": "u"}], {"text": "u"}),
        ([{"op": "replace", "path": "/list/0", "value": 0}], {"list": [0, 2, 3]}),
        ([{"op": "remove", "path": "/list/0"}], {"list": [2, 3]}),
        ([{"op": "remove", "path": "/nested/a"}], {"nested": {}}),
        ([{"op": "incr", "path": "/n", "value": 2}], {"n": 3}),
        ([{"op": "incr", "path": "/n", "value": -0.5}], {"n": 0.5}),
        ([{"op": "incr", "path": "/count", "value": 4}], {"count": 4}),
        ([{"op": "set", "path": "/sl~1a~0sh", "value": 7}], {"sl/a~sh": 7}),
        (
            [{"op": "move", "from": "/nested/a", "path": "/moved"}],
            {"nested": {}, "moved": {"b": "c"}},
        ),
        (
            [{"op": "incr", "path": "/n", "value": 1}, {"op": "incr", "path": "/n", "value": 1}],
            {"n": 3},
        ),
    ],
)
async def test_operations(container: ContainerProxy, operations, changes):
    await container.create_item({"id": "a", "pk": "p", **BEFORE})
    patched = await container.patch_item("a", "p", operations)
    assert {k: v for k, v in patched.items() if k[0] != "_"} == {
        "id": "a",
        "pk": "p",
        **BEFORE,
        **changes,
    }
    assert await container.read_item("a", "p") == patched


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "replace", "path": "/absent", "value": 1},
        {"op": "remove", "path": "/absent"},
        {"op": "remove", "path": "/list/3"},
        {"op": "add", "path": "/list/4", "value": 1},
        {"op": "add", "path": "/list/x", "value": 1},
        {"op": "add", "path": "/absent/child", "value": 1},
        {"op": "set", "path": "/text/child", "value": 1},
        {"op": "incr", "path": "/text", "value": 1},
        {"op": "incr", "path": "/n", "value": "1"},
        {"op": "move", "from": "/absent", "path": "/n"},
        {"op": "move", "from": "/nested", "path": "/nested/a/x"},
        {"op": "set", "path": "/id", "value": "b"},
        {"op": "set", "path": "/pk", "value": "q"},
        {"op": "set", "path": "/_etag", "value": "q"},
        {"op": "test", "path": "/n", "value": 1},
        {"op": "set", "path": "n", "value": 1},
        {"op": "set", "path": "/n"},
    ],
)
async def test_a_faulty_operation_undoes_the_whole_patch(container: ContainerProxy, operation):
    created = await container.create_item({"id": "a", "pk": "p", **BEFORE})
    with pytest.raises(exceptions.CosmosHttpResponseError) as caught:
        await container.patch_item("a", "p", [{"op": "set", "path": "/n", "value": 8}, operation])
    assert caught.value.status_code == 400
    assert await container.read_item("a", "p") == created


async def test_at_most_10_operations(container: ContainerProxy):
    await container.create_item({"id": "a", "pk": "p"})
    operation = {"op": "incr", "path": "/n", "value": 1}
    assert (await container.patch_item("a", "p", [operation] * 10))["n"] == 10
    with pytest.raises(exceptions.CosmosHttpResponseError) as caught:
        await container.patch_item("a", "p", [operation] * 11)
    assert caught.value.status_code == 400


async def test_conditions(container: ContainerProxy):
    await container.create_item({"id": "a", "pk": "p", "n": 1, "state": "open"})
    increment = [{"op": "incr", "path": "/n", "value": 1}]
    condition = "from c where c.state = 'open' and c.n < 2"
    await container.patch_item("a", "p", increment, filter_predicate=condition)
    with pytest.raises(exceptions.CosmosAccessConditionFailedError):
        await container.patch_item("a", "p", increment, filter_predicate=condition)
    assert (await container.read_item("a", "p"))["n"] == 2


async def test_patching_what_is_not_there(container: ContainerProxy):
    with pytest.raises(exceptions.CosmosResourceNotFoundError):
        await container.patch_item("a", "p", [{"op": "set", "path": "/n", "value": 1}])
