"""Partition keys: the value of an item, the value in a request header, and their common form."""

from typing import Any

from local.cosmos import jsontext
from local.cosmos.errors import bad_request

_MAX_BYTES = {1: 101, 2: 2048}
_UNDEFINED = "[{}]"
MISMATCH_SUBSTATUS = 1001


def canonical(value: Any) -> str:
    """The stored form of a defined key value: a JSON list of one scalar; 400 for any other."""
    if isinstance(value, dict | list):
        raise bad_request("A partition key value must be a string, number, boolean or null.")
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return f"[{jsontext.dumps(value)}]"


def from_header(header: str, version: int) -> str:
    """The stored form of the `x-ms-documentdb-partitionkey` header; 400 if it is malformed."""
    values = jsontext.loads(header)
    if not isinstance(values, list) or len(values) != 1:
        raise bad_request("The partition key header must be a JSON list of one value.")
    key = _UNDEFINED if values[0] == {} else canonical(values[0])
    if len(key.encode("utf-8")) > _MAX_BYTES[version] + len('[""]'):
        raise bad_request(f"The partition key is longer than {_MAX_BYTES[version]} bytes.")
    return key


def of_item(item: dict[str, Any], path: tuple[str, ...]) -> str:
    """The stored form of the key that an item carries at `path`; absent means undefined."""
    value: Any = item
    for name in path:
        if not isinstance(value, dict) or name not in value:
            return _UNDEFINED
        value = value[name]
    return canonical(value)


def require_same(item: dict[str, Any], path: tuple[str, ...], partition: str) -> None:
    """Raise 400 unless the item belongs to the partition that the request names."""
    if of_item(item, path) != partition:
        raise bad_request(
            "PartitionKey extracted from document doesn't match the one specified in the header.",
            MISMATCH_SUBSTATUS,
        )
