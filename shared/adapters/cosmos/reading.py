"""Queries that read documents by id and partition key, a page of them in one request."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shared import resources

Key = tuple[str, str]
"""The id of a document and its partition key."""

_PARTITION_KEY_NAMES = {
    container.name: container.partition_key_path.removeprefix("/")
    for container in resources.COSMOS_CONTAINERS
}


@dataclass(frozen=True)
class PageQuery:
    """A query with its parameters; `partition_key` is None where it spans several partitions."""

    text: str
    parameters: list[dict[str, object]]
    partition_key: str | None = None


def key_of(container_name: str, document: dict[str, Any]) -> Key:
    """Where a document of a container is."""
    return document["id"], document[_PARTITION_KEY_NAMES[container_name]]


def page_query(container_name: str, keys: Sequence[Key]) -> PageQuery:
    """The query for the documents with these keys, in the forms that the SDK's `read_items` has.

    The partition keys say where to look at all, the ids are in the index: see decision 12.
    """
    name = _PARTITION_KEY_NAMES[container_name]
    ids = [document_id for document_id, _ in keys]
    partition_keys = {partition_key for _, partition_key in keys}
    if len(partition_keys) == 1:
        return PageQuery(_with_ids(len(ids)), _parameters("id", ids), partition_keys.pop())
    if name == "id":
        return PageQuery(_with_ids(len(ids)), _parameters("id", ids))
    pairs = " OR ".join(f"(c.id = @id{n} AND c.{name} = @key{n})" for n in range(len(keys)))
    values = [*_parameters("id", ids), *_parameters("key", [key for _, key in keys])]
    return PageQuery(f"SELECT * FROM c WHERE {pairs}", values)  # noqa: S608 (names only)


def _with_ids(count: int) -> str:
    listed = ", ".join(f"@id{number}" for number in range(count))
    return f"SELECT * FROM c WHERE c.id IN ({listed})"  # noqa: S608 (names only)


def _parameters(name: str, values: Sequence[str]) -> list[dict[str, object]]:
    return [{"name": f"@{name}{number}", "value": value} for number, value in enumerate(values)]
