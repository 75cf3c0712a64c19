"""Tells what a request of the REST protocol wants: the kind of operation and its resource."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from local.cosmos.errors import CosmosError, not_supported

METADATA = "metadata"
_UNSUPPORTED = {
    "sprocs": "stored procedures",
    "triggers": "triggers",
    "udfs": "user-defined functions",
    "conflicts": "conflict feeds",
    "attachments": "attachments",
    "users": "users and permissions",
    "permissions": "users and permissions",
    "clientencryptionkeys": "client encryption keys",
    "offers": "offers (provisioned throughput)",
    "partitionkeydelete": "deleting all items of a partition",
}
_DATA_METHODS = {"GET": "read", "PUT": "replace", "PATCH": "patch", "DELETE": "delete"}


@dataclass(frozen=True, slots=True)
class Operation:
    """One request: `kind` as the request log counts it, `action` as the server runs it.

    `link` is what the signature covers: the resource, or the parent of a feed.
    """

    kind: str
    action: str
    resource_type: str
    link: str
    database: str = ""
    container: str = ""
    item: str = ""


def identify(method: str, raw_path: str, headers: Mapping[str, str]) -> Operation:
    """The operation behind a request; 404, 405 or 501 for what is none here."""
    path = raw_path.partition("?")[0].strip("/")
    if not path:
        return Operation(METADATA, _only(method, "GET", "read_account"), "", "")
    segments = [unquote(segment) for segment in path.split("/")]
    for segment in segments[0::2][:4]:
        if segment in _UNSUPPORTED:
            raise not_supported(_UNSUPPORTED[segment])
    shape = tuple(segments[0:6:2])
    if shape == ("dbs",):
        return _database(method, segments, headers)
    if shape == ("dbs", "colls"):
        return _container(method, segments, headers)
    if shape == ("dbs", "colls", "docs"):
        return _documents(method, segments, headers)
    if shape == ("dbs", "colls", "pkranges") and len(segments) == 5:
        action = _only(method, "GET", "read_ranges")
        return Operation(
            METADATA, action, "pkranges", "/".join(segments[:4]), segments[1], segments[3]
        )
    raise CosmosError(404, f"There is no resource at '{path}'.")


def _only(method: str, expected: str, action: str) -> str:
    if method != expected:
        raise CosmosError(405, f"{method} is not allowed here.")
    return action


def _choose(method: str, actions: dict[str, str]) -> str:
    if method not in actions:
        raise CosmosError(405, f"{method} is not allowed here.")
    return actions[method]


def _is_query(headers: Mapping[str, str]) -> bool:
    return headers.get("x-ms-documentdb-isquery", "").lower() == "true"


def _database(method: str, segments: list[str], headers: Mapping[str, str]) -> Operation:
    if len(segments) == 1:
        if _is_query(headers):
            raise not_supported("queries over databases (listing them works)")
        action = _choose(method, {"GET": "list_databases", "POST": "create_database"})
        return Operation(METADATA, action, "dbs", "")
    action = _choose(method, {"GET": "read_database", "DELETE": "delete_database"})
    return Operation(METADATA, action, "dbs", "/".join(segments), segments[1])


def _container(method: str, segments: list[str], headers: Mapping[str, str]) -> Operation:
    if len(segments) == 3:
        if _is_query(headers):
            raise not_supported("queries over containers (listing them works)")
        action = _choose(method, {"GET": "list_containers", "POST": "create_container"})
        return Operation(METADATA, action, "colls", "/".join(segments[:2]), segments[1])
    actions = {"GET": "read_container", "PUT": "replace_container", "DELETE": "delete_container"}
    action = _choose(method, actions)
    return Operation(METADATA, action, "colls", "/".join(segments), segments[1], segments[3])


def _documents(method: str, segments: list[str], headers: Mapping[str, str]) -> Operation:
    database, container = segments[1], segments[3]
    parent = "/".join(segments[:4])
    if len(segments) > 5:
        kind = _choose(method, _DATA_METHODS)
        item = "/".join(segments[5:])
        link = f"{parent}/docs/{item}"
        return Operation(kind, kind, "docs", link, database, container, item)
    if method == "GET":
        if "a-im" in headers:
            raise not_supported("the change feed")
        return Operation("query", "read_feed", "docs", parent, database, container)
    kind = _post_kind(_only(method, "POST", "create"), headers)
    return Operation(kind, kind, "docs", parent, database, container)


def _post_kind(default: str, headers: Mapping[str, str]) -> str:
    if headers.get("x-ms-cosmos-is-query-plan-request", "").lower() == "true":
        raise not_supported("query plans (queries are answered directly)")
    if _is_query(headers):
        return "query"
    if headers.get("x-ms-cosmos-is-batch-request", "").lower() == "true":
        return "batch"
    if headers.get("x-ms-documentdb-is-upsert", "").lower() == "true":
        return "upsert"
    return default
