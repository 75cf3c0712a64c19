"""Transactional batches: all operations of a request are committed together or not at all."""

from collections.abc import Callable
from typing import Any

from local.cosmos import charges, jsontext
from local.cosmos.containers import Container
from local.cosmos.database import Database
from local.cosmos.errors import CosmosError, bad_request, too_large
from local.cosmos.items import Items, Outcome, Precondition

MAX_OPERATIONS = 100
MAX_BYTES = 2 * 1024 * 1024
_FAILED_DEPENDENCY = 424


class _BatchFailed(Exception):
    """Ends the transaction of a batch; `index` is the operation that failed, and `error` why."""

    def __init__(self, index: int, error: CosmosError) -> None:
        super().__init__(str(error))
        self.index = index
        self.error = error


class Batches:
    """Runs batches over the items of one partition."""

    def __init__(self, database: Database, items: Items) -> None:
        self._database = database
        self._items = items
        self._operations: dict[str, Callable[..., Outcome]] = {
            "Create": self._create,
            "Upsert": self._upsert,
            "Replace": self._replace,
            "Patch": self._patch,
            "Read": self._read,
            "Delete": self._delete,
        }

    def run(self, container: Container, partition: str, body: bytes, minimal: bool) -> Outcome:
        """200 with a result per operation, or 207 in which one failed and the others have 424.

        With `minimal`, the results of writes do not carry the items. 400 for more than 100
        operations or malformed ones, 413 for a request of more than 2 MB.
        """
        operations = _parse(body)
        try:
            with self._database.transaction():
                outcomes = [
                    self._run_one(container, partition, operation, index)
                    for index, operation in enumerate(operations)
                ]
        except _BatchFailed as failure:
            return _failed(failure, len(operations))
        results = [
            _result(outcome, hide=minimal and operation["operationType"] != "Read")
            for operation, outcome in zip(operations, outcomes, strict=True)
        ]
        charge = round(sum(outcome.charge for outcome in outcomes), 2)
        return Outcome(200, charge, body=b"[" + b",".join(results) + b"]")

    def _run_one(
        self, container: Container, partition: str, operation: dict[str, Any], index: int
    ) -> Outcome:
        condition = Precondition(operation.get("ifMatch", ""), operation.get("ifNoneMatch", ""))
        run = self._operations[operation["operationType"]]
        try:
            outcome = run(container, partition, operation, condition)
        except CosmosError as error:
            raise _BatchFailed(index, error) from error
        if outcome.status == 304:
            raise _BatchFailed(index, CosmosError(304, "The item has the ETag in ifNoneMatch."))
        return outcome

    def _create(
        self, container: Container, partition: str, operation: dict[str, Any], _: Precondition
    ) -> Outcome:
        return self._items.create(container, partition, _resource(operation))

    def _upsert(
        self,
        container: Container,
        partition: str,
        operation: dict[str, Any],
        condition: Precondition,
    ) -> Outcome:
        return self._items.upsert(container, partition, _resource(operation), condition)

    def _replace(
        self,
        container: Container,
        partition: str,
        operation: dict[str, Any],
        condition: Precondition,
    ) -> Outcome:
        body = _resource(operation)
        return self._items.replace(container, partition, _id(operation), body, condition)

    def _patch(
        self,
        container: Container,
        partition: str,
        operation: dict[str, Any],
        condition: Precondition,
    ) -> Outcome:
        body = _resource(operation)
        return self._items.patch(container, partition, _id(operation), body, condition)

    def _read(
        self,
        container: Container,
        partition: str,
        operation: dict[str, Any],
        condition: Precondition,
    ) -> Outcome:
        return self._items.read(container, partition, _id(operation), condition)

    def _delete(
        self,
        container: Container,
        partition: str,
        operation: dict[str, Any],
        condition: Precondition,
    ) -> Outcome:
        return self._items.delete(container, partition, _id(operation), condition)


def _parse(body: bytes) -> list[dict[str, Any]]:
    if len(body) > MAX_BYTES:
        raise too_large(f"Request size is too large: a batch takes {MAX_BYTES} bytes.")
    operations = jsontext.loads(body)
    if not isinstance(operations, list) or not operations:
        raise bad_request("A batch must be a non-empty list of operations.")
    if len(operations) > MAX_OPERATIONS:
        raise bad_request(
            f"Batch request has more operations than what is supported: {len(operations)} "
            f"instead of up to {MAX_OPERATIONS}."
        )
    known = ("Create", "Upsert", "Replace", "Patch", "Read", "Delete")
    for operation in operations:
        kind = operation.get("operationType") if isinstance(operation, dict) else None
        if kind not in known:
            raise bad_request(f"{kind!r} is not an operation of a batch.")
    return operations


def _resource(operation: dict[str, Any]) -> dict[str, Any]:
    body = operation.get("resourceBody")
    if not isinstance(body, dict):
        raise bad_request(f"A {operation['operationType']} operation needs a resourceBody.")
    return body


def _id(operation: dict[str, Any]) -> str:
    item_id = operation.get("id")
    if not isinstance(item_id, str):
        raise bad_request(f"A {operation['operationType']} operation needs an id.")
    return item_id


def _result(outcome: Outcome, *, hide: bool) -> bytes:
    head: dict[str, Any] = {"statusCode": outcome.status, "requestCharge": outcome.charge}
    if outcome.etag:
        head["eTag"] = outcome.etag
    text = jsontext.dump_bytes(head)
    if hide or not outcome.body:
        return text
    return text[:-1] + b',"resourceBody":' + outcome.body + b"}"


def _failed(failure: _BatchFailed, count: int) -> Outcome:
    results: list[dict[str, Any]] = [
        {"statusCode": _FAILED_DEPENDENCY, "requestCharge": 0} for _ in range(count)
    ]
    error = failure.error
    results[failure.index] = {
        "statusCode": error.status,
        "subStatusCode": error.substatus,
        "requestCharge": charges.FAILED,
        "message": error.message,
    }
    return Outcome(207, charges.FAILED, body=jsontext.dump_bytes(results))
