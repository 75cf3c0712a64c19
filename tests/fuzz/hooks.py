"""What schemathesis can't know of the API: ids of things that exist, and how the host behaves.

Loaded by schemathesis in its own process. FUZZ_WORLD has the ids by the names of parameters;
FUZZ_CALLER is the security scheme by which the caller is known.
"""

import itertools
import json
import os
import uuid
from typing import Any

import schemathesis
from schemathesis import Case, HookContext
from schemathesis.core.failures import Failure
from schemathesis.core.transport import Response

WORLD: dict[str, list[str]] = json.loads(os.environ["FUZZ_WORLD"])
CALLER = os.environ["FUZZ_CALLER"]
BINDABLE = {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"}
"""Methods that functions can be bound to; others the host refuses itself."""

MAX_TARGET = 8000
"""The host takes no longer request targets: it answers itself, with a text."""

UNKNOWN_EVERY = 4
"""So many requests go to something that exists, but one."""

HEARTBEAT = "registrations_heartbeat"

REMOVING = {"conversations_delete", "assistants_delete", "shares_delete"}
"""What would take everybody else's world away is done to other things only."""

SHARED = (
    "/assistant-service-registrations",
    "/assistant-services",
    "/conversations/export",
    "/conversations/import",
    "/conversations/{conversation_id}/files",
    "/conversations/{conversation_id}/files/uploads",
    "/conversations/{conversation_id}/files/uploads/{upload_id}",
    "/conversations/{conversation_id}/files/{filename}/versions",
    "/assistant-service-registrations/{assistant_service_id}/api-key",
)
"""Paths that are also paths of another, more general template: its methods apply, too."""

_turns = itertools.count()


@schemathesis.hook
def before_load_schema(context: HookContext, raw_schema: dict[str, Any]) -> None:
    """What is for this caller, in the way that this caller shows who it is.

    The assistant service of the tests makes no errors: none may hide behind `default`.
    """
    for operations in raw_schema["paths"].values():
        for operation in operations.values():
            operation["responses"].pop("default", None)
            ways = operation["security"]
            operation["security"] = sorted((way for way in ways if CALLER in way), key=len)[:1]
            # Those that aren't for this caller are left out, as if they were deprecated.
            operation["deprecated"] = bool(ways) and not operation["security"]


@schemathesis.hook
def filter_query(context: HookContext, query: dict[str, Any] | None) -> bool:
    """Leave out what the host would not pass on."""
    return len(repr(query)) < MAX_TARGET // 12


@schemathesis.hook
def before_call(context: HookContext, case: Case, kwargs: dict[str, Any]) -> None:
    """Put ids of what exists in the place of well-formed ones that were made up."""
    turn = next(_turns)
    if case.operation.definition.raw["operationId"] == HEARTBEAT and isinstance(case.body, dict):
        _stay_here(case.body)
    if case.operation.definition.raw["operationId"] in REMOVING:
        _spare_the_world(case.path_parameters, turn)
        return
    if turn % UNKNOWN_EVERY == 0:
        return
    for values in (case.path_parameters, case.query, case.body):
        if isinstance(values, dict):
            _replace(values, turn)


@schemathesis.hook
def filter_failure(context: HookContext, failure: Failure, case: Case, response: Response) -> bool:
    """Whether a failure is the application's."""
    if case.method not in BINDABLE:
        return False
    if response.status_code == 400 and b"bytes when reading" in response.content:
        return False  # longer than the host takes
    overlapping = failure.title in ("Wrong response to undeclared method", "Allow header mismatch")
    return not (overlapping and case.path in SHARED)


def _spare_the_world(values: dict[str, Any], turn: int) -> None:
    """Unknown ids in the place of those that everybody needs: answers give them away."""
    for name, known in WORLD.items():
        if values.get(name) in known:
            values[name] = str(uuid.UUID(int=turn))


def _stay_here(body: dict[str, Any]) -> None:
    """Keep the service online where it is: nothing may be sent to addresses that are made up."""
    if str(body.get("url")).startswith("http"):
        body["url"] = os.environ["FUZZ_SERVICE_URL"]
    if isinstance(body.get("online_expires_in_seconds"), int | float):
        body["online_expires_in_seconds"] = max(3600, body["online_expires_in_seconds"])


def _replace(values: dict[str, Any], turn: int) -> None:
    for name, known in WORLD.items():
        if name in values and _is_made_up(name, values[name]):
            chosen = known[turn // UNKNOWN_EVERY % len(known)]
            values[name] = [chosen] if isinstance(values[name], list) else chosen


def _is_made_up(name: str, value: Any) -> bool:
    """Whether a value has the right form, so that one of something real may take its place."""
    if isinstance(value, list):
        return bool(value) and all(_is_made_up(name, item) for item in value)
    if not isinstance(value, str):
        return False
    if not name.endswith("_id") or name in ("participant_id", "assistant_service_id", "state_id"):
        return 0 < len(value) < 100
    try:
        uuid.UUID(value)
    except ValueError:
        return False
    return True
