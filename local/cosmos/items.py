"""The items of a container: create, read, replace, upsert, patch and delete, with preconditions."""

# ruff: noqa: S608 - the SQL is composed of names and expressions made here; values are bound

import sqlite3
from dataclasses import dataclass
from typing import Any

from local.cosmos import charges, jsontext, partitions, patching
from local.cosmos.containers import MAX_TTL, NEVER, Container
from local.cosmos.database import Database, etag_of
from local.cosmos.errors import (
    bad_request,
    conflict,
    not_found,
    precondition_failed,
    too_large,
)
from local.cosmos.sql.statements import compile_condition
from local.cosmos.sql.syntax import parse_condition

MAX_ITEM_BYTES = 2 * 1024 * 1024
_MAX_ID_BYTES = 1023
_ILLEGAL_IN_ID = frozenset("/\\?#")
_SYSTEM_PROPERTIES = ("_rid", "_self", "_etag", "_ts", "_attachments")
_PURGE_SECONDS = 5
_PURGE_ITEMS = 500


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an operation did: its status, the item's ETag and text if there is one, the charge."""

    status: int
    charge: float
    etag: str = ""
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Precondition:
    """`If-Match` and `If-None-Match`, empty where not given."""

    if_match: str = ""
    if_none_match: str = ""

    def check_write(self, etag: str | None) -> None:
        """Raise 412 if an item with this ETag (None: no item) must not be written."""
        if self.if_match and (etag is None or self.if_match not in ("*", etag)):
            raise precondition_failed("the item's ETag is not the one in If-Match.")
        if self.if_none_match and etag is not None and self.if_none_match in ("*", etag):
            raise precondition_failed("the item exists with the ETag in If-None-Match.")


@dataclass(frozen=True, slots=True)
class _Row:
    number: int
    etag: str
    doc: bytes


class Items:
    """Operations on single items; each one that writes is its own transaction unless in one."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(
        self, container: Container, partition: str, item_id: str, condition: Precondition
    ) -> Outcome:
        """The item (200), or 304 if it still has the ETag in `If-None-Match`; 404."""
        row = self._require(container, partition, item_id)
        if condition.if_none_match and condition.if_none_match in ("*", row.etag):
            return Outcome(304, charges.read(0), row.etag)
        return Outcome(200, charges.read(len(row.doc)), row.etag, row.doc)

    def create(self, container: Container, partition: str, body: dict[str, Any]) -> Outcome:
        """Store a new item (201); 409 if its id or a unique key is taken."""
        self._check(container, partition, body)
        number = self._database.next_number()
        text, etag, expires = self._stamp(container, body, number, number)
        self._purge_sometimes(container)
        sql = f"INSERT INTO {container.table} VALUES (?, ?, ?, ?, ?, ?, ?)"
        values = (number, partition, body["id"], etag, self._database.now(), expires, text)
        self._write(container, sql, values, body["id"])
        return self._outcome(201, container, body, etag, text)

    def upsert(
        self, container: Container, partition: str, body: dict[str, Any], condition: Precondition
    ) -> Outcome:
        """Store an item: 201 if it is new, 200 if it replaced one; 412."""
        self._check(container, partition, body)
        row = self._find(container, partition, body["id"])
        condition.check_write(row and row.etag)
        if row is None:
            return self.create(container, partition, body)
        return self._overwrite(container, row, body)

    def replace(
        self,
        container: Container,
        partition: str,
        item_id: str,
        body: dict[str, Any],
        condition: Precondition,
    ) -> Outcome:
        """Store another version of an item (200); 404, 412."""
        self._check(container, partition, body)
        if body["id"] != item_id:
            raise bad_request("Replacing an item can't change its id.")
        row = self._require(container, partition, item_id)
        condition.check_write(row.etag)
        return self._overwrite(container, row, body)

    def patch(
        self,
        container: Container,
        partition: str,
        item_id: str,
        body: dict[str, Any],
        condition: Precondition,
    ) -> Outcome:
        """Change parts of an item (200); 404, 412 also if the patch's own condition is false."""
        row = self._require(container, partition, item_id)
        condition.check_write(row.etag)
        if body.get("condition") is not None:
            self._check_condition(container, row, body["condition"])
        before = jsontext.loads_object(row.doc)
        after = patching.apply(before, body.get("operations"), container.partition_path)
        self._check(container, partition, after)
        return self._overwrite(container, row, after)

    def delete(
        self, container: Container, partition: str, item_id: str, condition: Precondition
    ) -> Outcome:
        """Delete an item (204); 404, 412."""
        row = self._require(container, partition, item_id)
        condition.check_write(row.etag)
        self._database.execute(f"DELETE FROM {container.table} WHERE number = ?", (row.number,))
        return Outcome(204, charges.write(len(row.doc), len(container.policy.included)))

    def purge(self, container: Container, limit: int) -> None:
        """Delete up to `limit` expired items for good."""
        self._database.execute(
            f"DELETE FROM {container.table} WHERE number IN (SELECT number FROM {container.table}"
            f" WHERE expires < {NEVER} AND expires <= ? LIMIT ?)",
            (self._database.now(), limit),
        )

    def _purge_sometimes(self, container: Container) -> None:
        if container.default_ttl is None:
            return
        now = self._database.now()
        if now - container.state.purged_at > _PURGE_SECONDS:
            container.state.purged_at = now
            self.purge(container, _PURGE_ITEMS)

    def _find(self, container: Container, partition: str, item_id: str) -> _Row | None:
        row = self._database.execute(
            f"SELECT number, etag, doc, expires FROM {container.table}"
            " WHERE partition = ? AND id = ?",
            (partition, item_id),
        ).fetchone()
        if row is None or row[3] <= self._database.now():
            return None
        return _Row(row[0], row[1].decode("ascii"), row[2])

    def _require(self, container: Container, partition: str, item_id: str) -> _Row:
        row = self._find(container, partition, item_id)
        if row is None:
            raise not_found("item", item_id)
        return row

    def _check(self, container: Container, partition: str, body: dict[str, Any]) -> None:
        """Raise 400 unless the item may be stored in this partition."""
        _check_id(body.get("id"))
        partitions.require_same(body, container.partition_path, partition)
        ttl = body.get("ttl")
        if container.default_ttl is not None and ttl is not None and not _is_ttl(ttl):
            raise bad_request(f"The ttl of an item must be -1 or from 1 to {MAX_TTL}.")

    def _check_condition(self, container: Container, row: _Row, text: Any) -> None:
        if not isinstance(text, str):
            raise bad_request("The condition of a patch must be a string.")
        statement = compile_condition(parse_condition(text), container.source, {})
        found = self._database.scalar(
            f"SELECT 1 FROM {container.table} WHERE number = :number AND {statement.conditions[0]}",
            {"number": row.number, **statement.bind({})},
        )
        if found is None:
            raise precondition_failed("the condition of the patch is not true of the item.")

    def _stamp(
        self, container: Container, body: dict[str, Any], number: int, version: int
    ) -> tuple[str, str, int]:
        """The item as it is stored, its ETag and its time of expiry; 413 if it is too large."""
        now, etag, rid = self._database.now(), etag_of(version), container.item_rid(number)
        item = {key: value for key, value in body.items() if key not in _SYSTEM_PROPERTIES}
        item["_rid"] = rid
        item["_self"] = f"{container.self_link}docs/{rid}/"
        item["_etag"] = etag
        item["_attachments"] = "attachments/"
        item["_ts"] = now
        text = jsontext.dumps(item)
        if len(text) > MAX_ITEM_BYTES or len(text.encode("utf-8")) > MAX_ITEM_BYTES:
            raise too_large(f"Request size is too large: an item takes {MAX_ITEM_BYTES} bytes.")
        ttl = body.get("ttl") or container.default_ttl
        expires = NEVER if container.default_ttl is None or ttl in (None, -1) else now + ttl
        return text, etag, expires

    def _overwrite(self, container: Container, row: _Row, body: dict[str, Any]) -> Outcome:
        version = self._database.next_number()
        text, etag, expires = self._stamp(container, body, row.number, version)
        sql = (
            f"UPDATE {container.table} SET etag = ?, ts = ?, expires = ?, doc = ? WHERE number = ?"
        )
        values = (etag, self._database.now(), expires, text, row.number)
        self._write(container, sql, values, body["id"])
        return self._outcome(200, container, body, etag, text)

    def _write(self, container: Container, sql: str, values: tuple[Any, ...], name: str) -> None:
        """Write a row; where something is in the way that has expired, remove that first."""
        try:
            self._database.execute(sql, values)
        except sqlite3.IntegrityError:
            self.purge(container, -1)
            try:
                self._database.execute(sql, values)
            except sqlite3.IntegrityError as error:
                raise conflict("item", name) from error

    def _outcome(
        self, status: int, container: Container, body: dict[str, Any], etag: str, text: str
    ) -> Outcome:
        stored = text.encode("utf-8")
        price = charges.write if status == 201 else charges.overwrite
        charge = price(len(stored), container.policy.indexed_values(body))
        return Outcome(status, charge, etag, stored)


def _check_id(item_id: Any) -> None:
    if not isinstance(item_id, str) or not item_id:
        raise bad_request("The required property 'id' must be a non-empty string.")
    if len(item_id.encode("utf-8", "replace")) > _MAX_ID_BYTES:
        raise bad_request(f"The id of an item can't be longer than {_MAX_ID_BYTES} bytes.")
    if _ILLEGAL_IN_ID & set(item_id) or item_id[-1] in " \t\r\n":
        raise bad_request(f"The id {item_id!r} contains an illegal character.")


def _is_ttl(ttl: Any) -> bool:
    is_integer = isinstance(ttl, int) and not isinstance(ttl, bool)
    return is_integer and (ttl == -1 or 1 <= ttl <= MAX_TTL)
