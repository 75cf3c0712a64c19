"""Documents of a conversation and the batch that stores a change of it."""

import json
import random
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from shared.adapters.cosmos.batches import Operation, batch_operations
from shared.adapters.cosmos.documents import (
    aggregate_document,
    announcement_of,
    debug_document,
    event_document,
    message_document,
    without_system_fields,
)
from shared.adapters.cosmos.keys import document_key
from shared.contracts.events import ConversationEventType
from shared.domain.changes import Audience, Change, Event, MessageDebug
from shared.domain.conversation import Conversation, Message
from shared.domain.events import announce, envelope
from tests.unit.builders import (
    ECHO,
    NOW,
    SERVICE,
    assistant,
    conversation,
    message,
    person,
)

RETENTION = 3600
SYSTEM_FIELDS = {"_etag": '"1"', "_rid": "r", "_self": "s", "_ts": 1, "_attachments": "a"}


def event(audience: Audience = Audience.EVERYONE, sequence: int = 0) -> Event:
    """An event of no particular kind."""
    kind = ConversationEventType.PARTICIPANT_UPDATED
    made = announce(kind, {"participant": "p"}, "correlation", NOW, audience)
    made.sequence = sequence
    return made


def stored(document: dict[str, Any]) -> dict[str, Any]:
    """A document as the database gives it back."""
    return json.loads(json.dumps(document)) | SYSTEM_FIELDS


def test_a_conversation_comes_back_as_it_was_stored() -> None:
    subject = conversation(
        person(status="busy", metadata={"a": 1}), assistant(), metadata={"b": [1, {"c": None}]}
    )
    subject.remember(message(subject, sequence=3))

    document = stored(aggregate_document(subject))

    assert Conversation.model_validate(without_system_fields(document)) == subject


def test_fields_of_a_newer_version_survive() -> None:
    document = stored(aggregate_document(conversation())) | {"from_the_future": {"x": 1}}

    again = aggregate_document(Conversation.model_validate(without_system_fields(document)))

    assert again["from_the_future"] == {"x": 1}
    assert not [name for name in again if name.startswith("_")]


def test_a_message_comes_back_as_it_was_stored() -> None:
    posted = message(conversation(), sequence=4, metadata={"a": "ü"}, filenames=["f"])

    assert announcement_of(stored(message_document(posted))) == posted


@pytest.mark.parametrize("sequence", [1, 2**31, 2**53])
def test_an_event_comes_back_as_it_was_stored(sequence: int) -> None:
    subject = conversation()
    announced = event(sequence=sequence)

    found = announcement_of(stored(event_document(subject.conversation_id, announced, RETENTION)))

    assert isinstance(found, Event)
    assert found == announced
    assert envelope(subject.conversation_id, found) == envelope(subject.conversation_id, announced)


def test_documents_are_in_the_conversation_s_partition_and_say_what_they_are() -> None:
    subject = conversation()
    cid = str(subject.conversation_id)
    posted = message(subject)
    documents = [
        aggregate_document(subject),
        message_document(posted),
        debug_document(subject.conversation_id, posted.message_id, {"x": 1}),
        event_document(subject.conversation_id, event(sequence=7), RETENTION),
    ]

    assert [(found["id"], found["type"], found["conversation_id"]) for found in documents] == [
        (cid, "conversation", cid),
        (f"message-{posted.message_id}", "message", cid),
        (f"debug-{posted.message_id}", "debug", cid),
        ("event-0000000007", "event", cid),
    ]
    assert ["sequence" in found for found in documents] == [False, True, False, True]
    assert ["ttl" in found for found in documents] == [False, False, False, True]


def operations(change: Change[Any]) -> list[Operation]:
    """The batch of a change, numbered as at commit."""
    change.number()
    return batch_operations(change, '"etag"', NOW, RETENTION)


def outline(batch: list[Operation]) -> list[tuple[str, str]]:
    """What a batch does, in order."""
    return [(operation.verb, operation.document_id) for operation in batch]


def test_the_aggregate_goes_first_and_on_condition() -> None:
    subject = conversation(last_sequence=4)
    posted = message(subject)
    change: Change[None] = Change(subject, None, announcements=[event(), posted])
    change.debug = [MessageDebug(posted.message_id, {"x": 1})]
    change.started_cursors = {str(ECHO.assistant_id): 2}

    batch = operations(change)

    assert outline(batch) == [
        ("replace", str(subject.conversation_id)),
        ("create", "event-0000000005"),
        ("create", f"message-{posted.message_id}"),
        ("create", f"debug-{posted.message_id}"),
        ("upsert", f"cursor-{ECHO.assistant_id}"),
    ]
    assert batch[0].arguments == (
        "replace",
        (str(subject.conversation_id), batch[0].body),
        {"if_match_etag": '"etag"'},
    )
    assert batch[0].body["last_sequence"] == 6
    assert batch[2].body["sequence"] == 6
    assert batch[4].body["position"] == 2


def deletion(*, age: int, debug: bool = False) -> tuple[Message, list[Operation]]:
    """A message of some age in seconds, and the batch that deletes it."""
    subject = conversation(last_sequence=9)
    doomed = message(
        subject, sequence=3, timestamp=NOW - timedelta(seconds=age), has_debug_data=debug
    )
    return doomed, operations(Change(subject, None, deleted_messages=[doomed]))


def test_a_deleted_message_leaves_its_event_for_the_rest_of_its_time() -> None:
    doomed, batch = deletion(age=RETENTION - 100)

    assert outline(batch)[1:] == [
        ("delete", f"message-{doomed.message_id}"),
        ("create", "event-0000000003"),
    ]
    remains = announcement_of(stored(batch[2].body))
    assert batch[2].body["ttl"] == 100
    assert isinstance(remains, Event)
    assert envelope(doomed.conversation_id, remains) == envelope(doomed.conversation_id, doomed)


@pytest.mark.parametrize("age", [RETENTION, RETENTION + 1, 10 * RETENTION])
def test_a_deleted_message_older_than_events_leaves_nothing(age: int) -> None:
    doomed, batch = deletion(age=age)

    assert outline(batch)[1:] == [("delete", f"message-{doomed.message_id}")]


def test_debug_data_is_deleted_with_its_message() -> None:
    doomed, batch = deletion(age=RETENTION, debug=True)

    assert outline(batch)[1:] == [
        ("delete", f"message-{doomed.message_id}"),
        ("delete", f"debug-{doomed.message_id}"),
    ]
    assert [operation.arguments for operation in batch[1:]] == [
        ("delete", (f"message-{doomed.message_id}",)),
        ("delete", (f"debug-{doomed.message_id}",)),
    ]


@pytest.mark.parametrize(
    ("content", "least"), [("x" * 1000, 1000), ("ü" * 1000, 2000), ("🙂" * 1000, 4000)]
)
def test_the_size_of_an_operation_counts_bytes(content: str, least: int) -> None:
    empty = message(conversation(), content="")
    full = empty.model_copy(update={"content": content})
    sizes = [Operation("create", "x", message_document(found)).size for found in (empty, full)]

    assert sizes[1] - sizes[0] == least
    assert Operation("delete", "x").size == 0


READABLE = ["ada", "tenant.oid", "a@b.c", "x=y:z+1_2-3", "a" * 255]
AWKWARD = [
    "",
    " ",
    "a/b",
    "a\\b",
    "a?b",
    "a#b",
    "a%2Fb",
    "ü",
    "u\u0308",
    "🙂",
    "b64:YQ",
    "b64:YS9i",
    "sha256:abc",
    "a\n",
    "\x00",
    "a" * 256,
    "a" * 5000,
    "ü" * 5000,
    "A",
    "a ",
    ".",
    "..",
]


def nasty_identifiers(count: int) -> Iterator[str]:
    """Made-up identifiers of the characters that matter, the same ones every time."""
    chance = random.Random(20261122)
    alphabet = "ab:/\\?#%._-+=@ 64üΩ🙂\n"
    for _ in range(count):
        length = chance.choice([1, 2, 3, 8, 40])
        yield "".join(chance.choices(alphabet, k=length))


@pytest.mark.parametrize("identifier", READABLE)
def test_a_plain_identifier_stays_readable(identifier: str) -> None:
    assert document_key(identifier) == identifier


def test_keys_are_one_to_one_and_always_fit_to_be_stored() -> None:
    identifiers = {*READABLE, *AWKWARD, *nasty_identifiers(3000)}
    identifiers |= {document_key(identifier) for identifier in AWKWARD}

    keys = {document_key(identifier) for identifier in identifiers}

    assert len(keys) == len(identifiers)
    assert all(re.fullmatch(r"[A-Za-z0-9._@:+=-]{1,1023}", key) for key in keys)


def test_services_of_assistants_are_found_in_the_conversation() -> None:
    subject = conversation(person(), assistant(active=False))

    assert subject.assistant_service_ids() == {SERVICE}
