"""What a container is: its definition, checked, and everything derived from it."""

import base64
import re
from dataclasses import dataclass, field
from typing import Any

from local.cosmos import jsontext
from local.cosmos.errors import bad_request, not_supported
from local.cosmos.indexing import DEFAULT_POLICY, IndexingPolicy, parse_path
from local.cosmos.sql.statements import Source
from local.cosmos.sql.values import Path, at_path

MAX_TTL = 2**31 - 1
NEVER = 2**53
"""The expiry, in seconds since 1970, of items that do not expire."""

_NAME = re.compile(r"[^/\\#?\t\r\n]{1,255}(?<! )")
_SUPPORTED = {
    "id",
    "partitionKey",
    "indexingPolicy",
    "defaultTtl",
    "uniqueKeyPolicy",
    "conflictResolutionPolicy",
}


@dataclass
class ContainerState:
    """What a running server remembers about a container: compiled queries, last clean-up."""

    compiled: dict[Any, Any] = field(default_factory=dict)
    purged_at: int = 0


@dataclass(frozen=True)
class Container:
    """A container as the server uses it; `document` is what its GET answers."""

    number: int
    rid: str
    self_link: str
    name: str
    link: str
    document: bytes
    partition_path: tuple[str, ...]
    key_version: int
    default_ttl: int | None
    policy: IndexingPolicy
    unique_keys: tuple[tuple[Path, ...], ...]
    source: Source
    state: ContainerState = field(default_factory=ContainerState, compare=False)

    @property
    def table(self) -> str:
        """The SQLite table of its items."""
        return f"items_{self.number}"

    def item_rid(self, number: int) -> str:
        """The resource id of the item with this number."""
        return _encode(_decode(self.rid) + number.to_bytes(8, "big"))


def database_rid(number: int) -> str:
    """The resource id of a database."""
    return _encode(number.to_bytes(4, "big"))


def container_rid(database: str, number: int) -> str:
    """The resource id of a container in the database with that resource id."""
    return _encode(_decode(database) + (number | 0x80000000).to_bytes(4, "big"))


def _encode(rid: bytes) -> str:
    return base64.b64encode(rid, b"+-").decode("ascii")


def _decode(rid: str) -> bytes:
    return base64.b64decode(rid, b"+-")


def check_name(name: Any) -> str:
    """The id of a database or a container, or a 400."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise bad_request(f"{name!r} is not a valid id of a database or container.")
    return name


def normalize(body: dict[str, Any]) -> dict[str, Any]:
    """The definition of a container with its defaults filled in; 400 or 501 if unacceptable."""
    sent = {key: value for key, value in body.items() if not key.startswith("_")}
    for name in sorted(sent.keys() - _SUPPORTED):
        raise not_supported(f"the container property '{name}'")
    for name in ("indexingPolicy", "uniqueKeyPolicy"):
        if not isinstance(sent.get(name) or {}, dict):
            raise bad_request(f"The {name} of a container must be an object.")
    policy = sent.get("indexingPolicy") or DEFAULT_POLICY
    return {
        "id": check_name(sent.get("id")),
        "indexingPolicy": {**policy, "indexingMode": policy.get("indexingMode", "consistent")},
        "partitionKey": _partition_key(sent.get("partitionKey")),
        **({"defaultTtl": _ttl(sent["defaultTtl"])} if sent.get("defaultTtl") is not None else {}),
        "uniqueKeyPolicy": sent.get("uniqueKeyPolicy") or {"uniqueKeys": []},
        "conflictResolutionPolicy": sent.get("conflictResolutionPolicy")
        or {
            "mode": "LastWriterWins",
            "conflictResolutionPath": "/_ts",
            "conflictResolutionProcedure": "",
        },
    }


def build(number: int, link: str, document: dict[str, Any]) -> Container:
    """A container from its normalized definition with system properties."""
    policy = IndexingPolicy.parse(document["indexingPolicy"])
    key = document["partitionKey"]
    path = tuple(str(step) for step in parse_path(key["paths"][0]))
    return Container(
        number=number,
        rid=document["_rid"],
        self_link=document["_self"],
        name=document["id"],
        link=link,
        document=jsontext.dump_bytes(document),
        partition_path=path,
        key_version=key["version"],
        default_ttl=document.get("defaultTtl"),
        policy=policy,
        unique_keys=_unique_keys(document["uniqueKeyPolicy"]),
        source=Source(path, policy),
    )


def fixed_index_statements(container: Container) -> list[str]:
    """The statements that create the SQLite indexes that every container has."""
    table = container.table
    return [
        f"CREATE INDEX {table}_partition ON {table} (partition, number, expires)",
        f"CREATE INDEX {table}_expires ON {table} (expires) WHERE expires < {NEVER}",
    ]


def index_estimates(container: Container) -> dict[str, str]:
    """What SQLite shall assume of the indexes: all rows, then rows per value of each prefix."""
    table, partition = container.table, "1000000 10000"
    estimates = {
        f"sqlite_autoindex_{table}_1": f"{partition} 1",
        f"{table}_partition": f"{partition} 1 1",
        f"{table}_expires": "1000 10",
    }
    for number, columns in enumerate(container.policy.index_definitions()):
        further = columns.count("CASE json_type") * 2
        rows = [str(max(2, 10000 // 10 ** ((n + 1) // 2))) for n in range(further)]
        estimates[f"{table}_by_{number}"] = " ".join([partition, *rows])
    return estimates


def index_statements(container: Container) -> list[str]:
    """The statements that create the SQLite indexes of a container's policy and unique keys."""
    table = container.table
    columns = container.policy.index_definitions()
    statements = [
        f"CREATE INDEX {table}_by_{n} ON {table} ({one})" for n, one in enumerate(columns)
    ]
    for number, paths in enumerate(container.unique_keys):
        values = [at_path(path) for path in paths]
        terms = ", ".join(f"max({one.rank}, 1), {one.value}" for one in values)
        statements.append(
            f"CREATE UNIQUE INDEX {table}_unique_{number} ON {table} (partition, {terms})"
        )
    return statements


def _partition_key(key: Any) -> dict[str, Any]:
    paths = key.get("paths") if isinstance(key, dict) else None
    if not isinstance(paths, list) or not paths:
        raise bad_request("A container needs a partitionKey with paths.")
    if key.get("kind", "Hash") != "Hash" or len(paths) > 1:
        raise not_supported("hierarchical partition keys (kind MultiHash)")
    parse_path(paths[0])
    version = key.get("version", 1)
    if version not in (1, 2):
        raise bad_request(f"{version!r} is not a version of partition keys.")
    return {"paths": paths, "kind": "Hash", "version": version}


def _ttl(seconds: Any) -> int:
    if not isinstance(seconds, int) or isinstance(seconds, bool):
        raise bad_request("defaultTtl must be a whole number of seconds.")
    if seconds != -1 and not 1 <= seconds <= MAX_TTL:
        raise bad_request(f"defaultTtl must be -1 or from 1 to {MAX_TTL}; got {seconds}.")
    return seconds


def _unique_keys(policy: dict[str, Any]) -> tuple[tuple[Path, ...], ...]:
    keys = policy.get("uniqueKeys", [])
    are_keys = isinstance(keys, list) and all(
        isinstance(key, dict) and isinstance(key.get("paths"), list) for key in keys
    )
    if not are_keys or len(keys) > 10 or any(not 1 <= len(key["paths"]) <= 16 for key in keys):
        raise bad_request("A container takes up to 10 unique keys of 1 to 16 paths each.")
    return tuple(tuple(parse_path(path) for path in key["paths"]) for key in keys)
