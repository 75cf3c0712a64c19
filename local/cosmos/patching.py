"""Applies the operations of a partial update to an item, all or none."""

import copy
import re
from typing import Any

from local.cosmos.errors import bad_request

MAX_OPERATIONS = 10
_SYSTEM_PROPERTIES = frozenset({"_rid", "_self", "_etag", "_ts", "_attachments"})
_INDEX = re.compile(r"0|[1-9][0-9]*")
_ABSENT: Any = object()


def apply(item: dict[str, Any], operations: Any, partition_path: tuple[str, ...]) -> dict[str, Any]:
    """A patched copy of the item; 400 for an operation that is malformed or does not apply."""
    if not isinstance(operations, list) or not operations:
        raise bad_request("A patch needs a non-empty list of operations.")
    if len(operations) > MAX_OPERATIONS:
        raise bad_request(
            f"The number of patch operations can't exceed {MAX_OPERATIONS}; got {len(operations)}."
        )
    result = copy.deepcopy(item)
    for operation in operations:
        _apply_one(result, operation, partition_path)
    return result


def _apply_one(item: dict[str, Any], operation: Any, partition_path: tuple[str, ...]) -> None:
    if not isinstance(operation, dict) or not isinstance(operation.get("op"), str):
        raise bad_request("A patch operation must be an object with 'op' and 'path'.")
    kind = operation["op"].lower()
    path = _parse_path(operation.get("path"), partition_path)
    if kind == "move":
        source = _parse_path(operation.get("from"), partition_path)
        if path[: len(source)] == source:
            raise bad_request(f"move: can't move /{'/'.join(source)} onto or into itself.")
        _put(item, path, _remove(item, source), "add")
    elif kind == "remove":
        _remove(item, path)
    elif kind == "incr":
        _increment(item, path, _value_of(operation))
    elif kind in ("add", "set", "replace"):
        _put(item, path, copy.deepcopy(_value_of(operation)), kind)
    else:
        raise bad_request(f"'{operation['op']}' is not a patch operation.")


def _value_of(operation: dict[str, Any]) -> Any:
    if "value" not in operation:
        raise bad_request(f"The patch operation '{operation['op']}' needs a value.")
    return operation["value"]


def _parse_path(path: Any, partition_path: tuple[str, ...]) -> list[str]:
    if not isinstance(path, str) or not path.startswith("/") or path == "/":
        raise bad_request(f"A patch path must start with '/' and name a property: {path!r}.")
    steps = [step.replace("~1", "/").replace("~0", "~") for step in path[1:].split("/")]
    if steps[0] in _SYSTEM_PROPERTIES or steps == ["id"]:
        raise bad_request(f"The system property '{path}' can't be patched.")
    if tuple(steps) == partition_path[: len(steps)]:
        raise bad_request(f"The partition key '{path}' can't be patched.")
    return steps


def _parent(item: dict[str, Any], path: list[str]) -> dict[str, Any] | list[Any]:
    node: Any = item
    for step in path[:-1]:
        node = _child(node, step)
    if not isinstance(node, dict | list):
        raise _missing(path)
    return node


def _child(node: Any, step: str) -> Any:
    if isinstance(node, dict):
        return node.get(step, _ABSENT)
    if isinstance(node, list) and _INDEX.fullmatch(step) and int(step) < len(node):
        return node[int(step)]
    return _ABSENT


def _missing(path: list[str]) -> Exception:
    return bad_request(f"The patch path '/{'/'.join(path)}' does not exist in the item.")


def _put(item: dict[str, Any], path: list[str], value: Any, kind: str) -> None:
    parent, last = _parent(item, path), path[-1]
    if kind == "replace" and _child(parent, last) is _ABSENT:
        raise _missing(path)
    if isinstance(parent, dict):
        parent[last] = value
    else:
        _put_element(parent, path, value, kind)


def _put_element(array: list[Any], path: list[str], value: Any, kind: str) -> None:
    last = path[-1]
    if last == "-":
        array.append(value)
        return
    if not _INDEX.fullmatch(last) or int(last) > len(array):
        raise bad_request(f"'/{'/'.join(path)}' is outside its array of {len(array)} elements.")
    index = int(last)
    if kind == "add" or index == len(array):
        array.insert(index, value)
    else:
        array[index] = value


def _remove(item: dict[str, Any], path: list[str]) -> Any:
    parent, last = _parent(item, path), path[-1]
    if _child(parent, last) is _ABSENT:
        raise _missing(path)
    return parent.pop(last) if isinstance(parent, dict) else parent.pop(int(last))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _increment(item: dict[str, Any], path: list[str], amount: Any) -> None:
    current = _child(_parent(item, path), path[-1])
    if not _is_number(amount) or not (current is _ABSENT or _is_number(current)):
        raise bad_request(f"incr: '/{'/'.join(path)}' and its value must be numbers.")
    _put(item, path, amount if current is _ABSENT else current + amount, "set")
