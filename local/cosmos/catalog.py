"""The databases and containers of the account."""

# ruff: noqa: S608 - the SQL is composed of names and expressions made here; values are bound

from typing import Any

from local.cosmos import jsontext
from local.cosmos.containers import (
    NEVER,
    Container,
    build,
    check_name,
    container_rid,
    database_rid,
    fixed_index_statements,
    index_estimates,
    index_statements,
    normalize,
)
from local.cosmos.database import Database, etag_of
from local.cosmos.errors import bad_request, conflict, not_found

_ITEMS = """
CREATE TABLE {table} (
    number INTEGER PRIMARY KEY, partition TEXT NOT NULL, id TEXT NOT NULL, etag TEXT NOT NULL,
    ts INTEGER NOT NULL, expires INTEGER NOT NULL, doc TEXT NOT NULL, UNIQUE (partition, id)
)
"""


class Catalog:
    """Reads and changes databases and containers; containers are cached once used."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._containers: dict[tuple[str, str], Container] = {}
        for number, *_ in database.execute("SELECT number FROM containers").fetchall():
            database.advance_to(database.scalar(f"SELECT MAX(number) FROM items_{number}") or 0)

    def create_database(self, body: dict[str, Any]) -> bytes:
        """Create a database; 409 if it exists."""
        name = check_name(body.get("id"))
        with self._database.transaction():
            if self._database_row(name):
                raise conflict("database", name)
            last = self._database.scalar("SELECT MAX(number) FROM databases") or 0
            rid = database_rid(last + 1)
            document = self._stamp({"id": name}, rid, f"dbs/{rid}/")
            document |= {"_colls": "colls/", "_users": "users/"}
            text = jsontext.dumps(document)
            self._database.execute("INSERT INTO databases VALUES (?, ?, ?)", (last + 1, name, text))
        return text.encode("utf-8")

    def read_database(self, name: str) -> bytes:
        """The document of a database, or 404."""
        return self._require_database(name)[1]

    def delete_database(self, name: str) -> None:
        """Delete a database with its containers, or 404."""
        number, _ = self._require_database(name)
        for container in self._names(number):
            self.delete_container(name, container)
        self._database.execute("DELETE FROM databases WHERE number = ?", (number,))

    def list_databases(self) -> list[bytes]:
        """The documents of all databases."""
        return [row[0] for row in self._database.execute("SELECT document FROM databases")]

    def create_container(self, database: str, body: dict[str, Any]) -> bytes:
        """Create a container with its indexes; 409 if it exists, 400 and 501 as `normalize`."""
        number, parent = self._require_database(database)
        definition = normalize(body)
        if definition["id"] in self._names(number):
            raise conflict("container", definition["id"])
        next_number = (self._database.scalar("SELECT MAX(number) FROM containers") or 0) + 1
        owner = jsontext.loads_object(parent)
        rid = container_rid(owner["_rid"], next_number)
        document = self._stamp(definition, rid, f"{owner['_self']}colls/{rid}/")
        document |= {"_docs": "docs/", "_sprocs": "sprocs/", "_triggers": "triggers/"}
        container = build(next_number, f"dbs/{database}/colls/{definition['id']}", document)
        with self._database.transaction():
            self._database.execute(_ITEMS.format(table=container.table))
            for statement in fixed_index_statements(container) + index_statements(container):
                self._database.execute(statement)
            self._database.execute(
                "INSERT INTO containers VALUES (?, ?, ?, ?)",
                (next_number, number, container.name, container.document.decode("utf-8")),
            )
            self._estimate(container)
        return container.document

    def container(self, database: str, name: str) -> Container:
        """A container, or 404."""
        found = self._containers.get((database, name))
        if found is None:
            number, _ = self._require_database(database)
            row = self._database.execute(
                "SELECT number, document FROM containers WHERE database = ? AND name = ?",
                (number, name),
            ).fetchone()
            if row is None:
                raise not_found("container", name)
            found = build(row[0], f"dbs/{database}/colls/{name}", jsontext.loads_object(row[1]))
            self._containers[database, name] = found
        return found

    def replace_container(self, database: str, name: str, body: dict[str, Any]) -> bytes:
        """Change time to live and indexing; 400 if id, partition key or unique keys differ."""
        old = self.container(database, name)
        before, definition = jsontext.loads_object(old.document), normalize(body)
        for fixed in ("id", "partitionKey", "uniqueKeyPolicy"):
            if definition[fixed] != before[fixed]:
                raise bad_request(f"The '{fixed}' of a container can't be changed.")
        document = self._stamp(definition, old.rid, old.self_link)
        document |= {key: before[key] for key in ("_docs", "_sprocs", "_triggers")}
        new = build(old.number, old.link, document)
        with self._database.transaction():
            self._rebuild(old, new)
            self._database.execute(
                "UPDATE containers SET document = ? WHERE number = ?",
                (new.document.decode("utf-8"), old.number),
            )
        self._containers.pop((database, name), None)
        return new.document

    def delete_container(self, database: str, name: str) -> None:
        """Delete a container with its items, or 404."""
        container = self.container(database, name)
        with self._database.transaction():
            self._database.execute(f"DROP TABLE {container.table}")
            self._database.execute("DELETE FROM containers WHERE number = ?", (container.number,))
        del self._containers[database, name]

    def list_containers(self, database: str) -> tuple[str, list[bytes]]:
        """The resource id of a database and the documents of its containers, or 404."""
        number, document = self._require_database(database)
        rows = self._database.execute(
            "SELECT document FROM containers WHERE database = ?", (number,)
        )
        return jsontext.loads_object(document)["_rid"], [row[0] for row in rows]

    def _stamp(self, definition: dict[str, Any], rid: str, link: str) -> dict[str, Any]:
        etag = etag_of(self._database.next_number())
        return {
            **definition,
            "_rid": rid,
            "_self": link,
            "_etag": etag,
            "_ts": self._database.now(),
        }

    def _database_row(self, name: str) -> tuple[int, bytes] | None:
        sql = "SELECT number, document FROM databases WHERE name = ?"
        return self._database.execute(sql, (name,)).fetchone()

    def _require_database(self, name: str) -> tuple[int, bytes]:
        row = self._database_row(name)
        if row is None:
            raise not_found("database", name)
        return row

    def _names(self, number: int) -> list[str]:
        rows = self._database.execute("SELECT name FROM containers WHERE database = ?", (number,))
        return [row[0].decode("utf-8") for row in rows]

    def _estimate(self, container: Container) -> None:
        """Tell SQLite what to expect: many partitions, and many items in each.

        Its own guess, without data, is ten; it would then rather read a partition than an index.
        """
        execute = self._database.execute
        execute("DELETE FROM sqlite_stat1 WHERE tbl = ?", (container.table,))
        for name, rows in index_estimates(container).items():
            execute("INSERT INTO sqlite_stat1 VALUES (?, ?, ?)", (container.table, name, rows))
        execute("ANALYZE sqlite_schema")

    def _rebuild(self, old: Container, new: Container) -> None:
        """Make the indexes and the expiry of the items those of the new definition."""
        for number in range(len(old.policy.index_definitions())):
            self._database.execute(f"DROP INDEX {old.table}_by_{number}")
        for number in range(len(old.unique_keys)):
            self._database.execute(f"DROP INDEX {old.table}_unique_{number}")
        for statement in index_statements(new):
            self._database.execute(statement)
        self._estimate(new)
        default = "NULL" if new.default_ttl is None else str(new.default_ttl)
        ttl = f"IFNULL(json_extract(doc, '$.ttl'), {default})"
        expires = f"CASE WHEN {default} IS NULL OR {ttl} = -1 THEN {NEVER} ELSE ts + {ttl} END"
        self._database.execute(f"UPDATE {new.table} SET expires = {expires}")
