"""Turns an operation with its headers and body into an answer; knows nothing of HTTP servers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from local.cosmos import account, charges, jsontext, partitions
from local.cosmos.batches import Batches
from local.cosmos.catalog import Catalog
from local.cosmos.containers import Container
from local.cosmos.database import Database
from local.cosmos.errors import CosmosError, bad_request, not_supported
from local.cosmos.items import Items, Outcome, Precondition
from local.cosmos.queries import DEFAULT_PAGE, Queries, Question
from local.cosmos.routing import Operation

_PARTITION_KEY = "x-ms-documentdb-partitionkey"
_WRITES = frozenset({"create", "upsert", "replace", "patch"})

Headers = Mapping[str, str]


@dataclass(slots=True)
class Answer:
    """An answer before it becomes HTTP: status, JSON body, charge in RU, further headers."""

    status: int
    body: bytes = b""
    charge: float = charges.METADATA
    headers: dict[str, str] = field(default_factory=dict)


RANGE_ID = "0"
"""The only partition key range that a container ever has here."""


class Gateway:
    """Everything the server can do, by the action of an operation."""

    def __init__(self, database: Database) -> None:
        self._catalog = Catalog(database)
        self._items = Items(database)
        self._batches = Batches(database, self._items)
        self._queries = Queries(database)
        self._metadata_actions: dict[str, Callable[[Operation, Headers, bytes], Answer]] = {
            "read_account": self._read_account,
            "list_databases": self._list_databases,
            "create_database": self._create_database,
            "read_database": self._read_database,
            "delete_database": self._delete_database,
            "list_containers": self._list_containers,
            "create_container": self._create_container,
            "read_container": self._read_container,
            "replace_container": self._replace_container,
            "delete_container": self._delete_container,
            "read_ranges": self._read_ranges,
        }

    def answer(self, operation: Operation, headers: Headers, body: bytes) -> Answer:
        """Carry out an operation; raises CosmosError if it fails."""
        action = self._metadata_actions.get(operation.action)
        if action is not None:
            return action(operation, headers, body)
        if "x-ms-start-epk" in headers:
            raise not_supported("queries over a range of effective partition keys")
        container = self._catalog.container(operation.database, operation.container)
        if operation.action in ("query", "read_feed"):
            answer = self._query(container, operation, headers, body)
        else:
            answer = self._change_or_read(container, operation, headers, body)
        answer.headers["x-ms-alt-content-path"] = container.link
        answer.headers["x-ms-content-path"] = container.rid
        # Without it the SDK believes in a split and reads the ranges anew after every write.
        answer.headers["x-ms-documentdb-partitionkeyrangeid"] = RANGE_ID
        return answer

    def _change_or_read(
        self, container: Container, operation: Operation, headers: Headers, body: bytes
    ) -> Answer:
        partition = _partition(container, headers)
        if partition is None:
            raise bad_request("PartitionKey value must be supplied for this operation.")
        minimal = headers.get("prefer", "") == "return=minimal"
        if operation.action == "batch":
            if headers.get("x-ms-cosmos-batch-atomic", "").lower() != "true":
                raise not_supported("bulk requests (batches that are not atomic)")
            return _answer(self._batches.run(container, partition, body, minimal))
        outcome = self._run(container, partition, operation, headers, body)
        hidden = (minimal and operation.action in _WRITES) or outcome.status in (204, 304)
        return _answer(outcome, hidden=hidden)

    def _run(
        self,
        container: Container,
        partition: str,
        operation: Operation,
        headers: Headers,
        body: bytes,
    ) -> Outcome:
        items, item_id = self._items, operation.item
        condition = Precondition(headers.get("if-match", ""), headers.get("if-none-match", ""))
        if operation.action == "read":
            return items.read(container, partition, item_id, condition)
        if operation.action == "delete":
            return items.delete(container, partition, item_id, condition)
        document = jsontext.loads_object(body)
        if operation.action == "create":
            return items.create(container, partition, document)
        if operation.action == "upsert":
            return items.upsert(container, partition, document, condition)
        change = items.patch if operation.action == "patch" else items.replace
        return change(container, partition, item_id, document, condition)

    def _query(
        self, container: Container, operation: Operation, headers: Headers, body: bytes
    ) -> Answer:
        partition = _partition(container, headers)
        sent: dict[str, Any] = {}
        if operation.action == "query":
            sent = jsontext.loads_object(body)
            crossing = headers.get("x-ms-documentdb-query-enablecrosspartition", "").lower()
            if partition is None and crossing != "true":
                raise bad_request(
                    "Cross partition query is required but disabled. Set "
                    "x-ms-documentdb-query-enablecrosspartition to true or name a partition key."
                )
        question = _question(sent, partition, headers)
        page = self._queries.run(container, question)
        text = (
            b'{"_rid":"'
            + container.rid.encode("ascii")
            + b'","Documents":['
            + b",".join(page.results)
            + b'],"_count":'
            + str(len(page.results)).encode()
            + b"}"
        )
        answer = Answer(200, text, page.charge, {"x-ms-item-count": str(len(page.results))})
        if page.continuation:
            answer.headers["x-ms-continuation"] = page.continuation
        return answer

    def _read_account(self, _: Operation, headers: Headers, __: bytes) -> Answer:
        return Answer(200, account.document(headers.get("host", "localhost")))

    def _list_databases(self, _: Operation, __: Headers, ___: bytes) -> Answer:
        return _feed("", "Databases", self._catalog.list_databases())

    def _create_database(self, _: Operation, __: Headers, body: bytes) -> Answer:
        return Answer(201, self._catalog.create_database(jsontext.loads_object(body)))

    def _read_database(self, operation: Operation, _: Headers, __: bytes) -> Answer:
        return Answer(200, self._catalog.read_database(operation.database))

    def _delete_database(self, operation: Operation, _: Headers, __: bytes) -> Answer:
        self._catalog.delete_database(operation.database)
        return Answer(204)

    def _list_containers(self, operation: Operation, _: Headers, __: bytes) -> Answer:
        rid, documents = self._catalog.list_containers(operation.database)
        return _feed(rid, "DocumentCollections", documents)

    def _create_container(self, operation: Operation, _: Headers, body: bytes) -> Answer:
        definition = jsontext.loads_object(body)
        return Answer(201, self._catalog.create_container(operation.database, definition))

    def _read_container(self, operation: Operation, _: Headers, __: bytes) -> Answer:
        return Answer(200, self._container(operation).document)

    def _replace_container(self, operation: Operation, _: Headers, body: bytes) -> Answer:
        definition = jsontext.loads_object(body)
        database, name = operation.database, operation.container
        return Answer(200, self._catalog.replace_container(database, name, definition))

    def _delete_container(self, operation: Operation, _: Headers, __: bytes) -> Answer:
        self._catalog.delete_container(operation.database, operation.container)
        return Answer(204)

    def _read_ranges(self, operation: Operation, headers: Headers, _: bytes) -> Answer:
        """The one range of keys; 304 for a client that knows it, which would ask forever else."""
        container = self._container(operation)
        etag = '"1"'
        if headers.get("if-none-match") == etag:
            return Answer(304, headers={"etag": etag})
        bounds = {"id": RANGE_ID, "minInclusive": "", "maxExclusive": "FF"}
        link = {"_rid": container.rid, "_self": f"{container.self_link}pkranges/0/"}
        state = {"ridPrefix": 0, "status": "online", "parents": [], "throughputFraction": 1}
        ranges = [jsontext.dump_bytes({**bounds, **link, **state})]
        answer = _feed(container.rid, "PartitionKeyRanges", ranges)
        answer.headers["etag"] = etag
        return answer

    def _container(self, operation: Operation) -> Container:
        return self._catalog.container(operation.database, operation.container)


def _partition(container: Container, headers: Headers) -> str | None:
    header = headers.get(_PARTITION_KEY)
    return None if header is None else partitions.from_header(header, container.key_version)


def _question(sent: dict[str, Any], partition: str | None, headers: Headers) -> Question:
    text, listed = sent.get("query", Question.text), sent.get("parameters", [])
    if not isinstance(text, str) or not isinstance(listed, list):
        raise bad_request("A query needs 'query', a string, and 'parameters', a list.")
    if not all(isinstance(one, dict) and isinstance(one.get("name"), str) for one in listed):
        raise bad_request("Each parameter of a query needs a name and a value.")
    parameters = tuple((one["name"], one.get("value")) for one in listed)
    continuation = headers.get("x-ms-continuation", "")
    return Question(text, parameters, partition, _page_size(headers), continuation)


def _page_size(headers: Headers) -> int:
    sent = headers.get("x-ms-max-item-count", str(DEFAULT_PAGE))
    try:
        size = int(sent)
    except ValueError:
        size = 0
    if size != -1 and size < 1:
        raise bad_request(f"x-ms-max-item-count must be -1 or at least 1, not '{sent}'.")
    return size


def _answer(outcome: Outcome, *, hidden: bool = False) -> Answer:
    headers = {"etag": outcome.etag} if outcome.etag else {}
    return Answer(outcome.status, b"" if hidden else outcome.body, outcome.charge, headers)


def _feed(rid: str, name: str, documents: list[bytes]) -> Answer:
    body = (
        jsontext.dump_bytes({"_rid": rid})[:-1]
        + f',"{name}":['.encode()
        + b",".join(documents)
        + f'],"_count":{len(documents)}}}'.encode()
    )
    return Answer(200, body, headers={"x-ms-item-count": str(len(documents))})


def failure(error: CosmosError) -> Answer:
    """The answer that tells of an error."""
    body = jsontext.dump_bytes({"code": error.code, "message": error.message})
    headers = {"x-ms-substatus": str(error.substatus)} if error.substatus else {}
    return Answer(error.status, body, charges.FAILED, headers)
