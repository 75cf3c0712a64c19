"""Titles, metadata, views, events, registrations: the smaller rules."""

import uuid
from datetime import timedelta
from typing import Any

import pytest

from shared.contracts.conversations import DEFAULT_TITLE, NewConversation, UpdateConversation
from shared.contracts.events import ConversationEventType
from shared.contracts.participants import ConversationPermission
from shared.domain.changes import Audience, Change, Event
from shared.domain.conversation import USER_SET_TITLE, Conversation
from shared.domain.events import announce, envelope
from shared.domain.merging import bounded, deep_merge
from shared.domain.principals import Assistant
from shared.domain.registrations import mask_api_key
from shared.domain.states import AnnounceState
from shared.domain.titles import MAX_METADATA, PatchConversation, merge_metadata, new_conversation
from shared.domain.views import conversation_view, participant_views
from shared.errors import NotFound, TooLarge
from tests.unit.builders import (
    ADA,
    BOB,
    ECHO,
    NOW,
    READ,
    SERVICE,
    assistant,
    conversation,
    message,
    person,
    registration,
)

OWN = {USER_SET_TITLE: True}


@pytest.mark.parametrize(
    ("body", "title", "metadata"),
    [
        ({}, DEFAULT_TITLE, {}),
        ({"title": ""}, DEFAULT_TITLE, {}),
        ({"title": DEFAULT_TITLE}, DEFAULT_TITLE, {}),
        ({"title": "Mine"}, "Mine", OWN),
        ({"title": "Mine", "metadata": {"a": 1}}, "Mine", {"a": 1} | OWN),
    ],
)
def test_a_title_of_one_s_own_is_marked(
    body: dict[str, Any], title: str, metadata: dict[str, Any]
) -> None:
    new = NewConversation.model_validate(body)

    made = new_conversation(uuid.uuid4(), ADA.user_id, new, NOW)

    assert (made.title, made.metadata, made.last_sequence) == (title, metadata, 0)


def patch(subject: Conversation, **body: Any) -> Change[Any]:
    """The change of a patch by Ada."""
    return PatchConversation(ADA, UpdateConversation(**body), "c").apply(subject, NOW)


@pytest.mark.parametrize(
    ("body", "title", "metadata"),
    [
        ({}, "Title", {"a": 1}),
        ({"title": "Title"}, "Title", {"a": 1}),
        ({"title": "New"}, "New", {"a": 1} | OWN),
        ({"metadata": {"b": 2}}, "Title", {"a": 1, "b": 2}),
        ({"metadata": {"a": {"x": 1}}}, "Title", {"a": {"x": 1}}),
    ],
)
def test_a_patch_changes_what_it_holds(
    body: dict[str, Any], title: str, metadata: dict[str, Any]
) -> None:
    change = patch(conversation(metadata={"a": 1}), **body)

    assert (change.result.title, change.result.metadata) == (title, metadata)
    [event] = change.announcements
    assert isinstance(event, Event)
    assert event.event is ConversationEventType.CONVERSATION_UPDATED
    assert event.data["conversation"]["title"] == title


def test_a_reader_may_not_patch() -> None:
    with pytest.raises(NotFound):
        patch(conversation(person(permission=READ)), title="New")


def test_metadata_has_a_limit() -> None:
    too_long = {"a": "x" * MAX_METADATA}

    with pytest.raises(TooLarge):
        patch(conversation(), metadata=too_long)
    with pytest.raises(TooLarge):
        new_conversation(uuid.uuid4(), ADA.user_id, NewConversation(metadata=too_long), NOW)


@pytest.mark.parametrize(
    ("base", "update", "merged"),
    [
        ({"__a": 1}, {"__a": 2}, {"__a": 1}),
        ({"__a": 1}, {"__a": None}, {"__a": 1}),
        ({}, {"__a": 2}, {"__a": 2}),
        ({"_a": 1, "a": 1}, {"_a": 2, "a": None}, {"_a": 2, "a": None}),
        ({"a": {"x": 1}}, {"a": {"y": 2}}, {"a": {"y": 2}}),
    ],
)
def test_entries_of_the_system_are_added_but_not_changed(
    base: dict[str, Any], update: dict[str, Any], merged: dict[str, Any]
) -> None:
    assert merge_metadata(base, update) == merged


@pytest.mark.parametrize(
    ("base", "update", "merged"),
    [
        ({}, {}, {}),
        ({"a": 1}, {"a": 2}, {"a": 2}),
        ({"a": 1}, {"a": None}, {"a": None}),
        ({"a": {"x": 1, "y": 1}}, {"a": {"y": 2}}, {"a": {"x": 1, "y": 2}}),
        ({"a": [1]}, {"a": [1, 2]}, {"a": [1, 1, 2]}),
        ({"a": [1]}, {"a": {"x": 1}}, {"a": {"x": 1}}),
        ({"a": {"x": {"l": [1]}}}, {"a": {"x": {"l": [2]}}}, {"a": {"x": {"l": [1, 2]}}}),
    ],
)
def test_deep_merging_joins_lists_and_objects_and_spares_its_input(
    base: dict[str, Any], update: dict[str, Any], merged: dict[str, Any]
) -> None:
    before = (repr(base), repr(update))

    assert deep_merge(base, update) == merged
    assert (repr(base), repr(update)) == before


def test_a_bound_counts_the_characters_of_the_json() -> None:
    metadata = {"a": "bc"}
    length = len('{"a": "bc"}')

    assert bounded(metadata, length) == metadata
    with pytest.raises(TooLarge):
        bounded(metadata, length - 1)


MIXED = conversation(
    assistant(),
    person(),
    person(BOB, active=False, permission=READ),
    assistant(Assistant(SERVICE, uuid.UUID(int=2, version=4)), listed=False),
)


@pytest.mark.parametrize(
    ("include_inactive", "expected"),
    [
        (True, [ADA.user_id, BOB.user_id, str(ECHO.assistant_id)]),
        (False, [ADA.user_id, str(ECHO.assistant_id)]),
    ],
)
def test_people_come_first_and_who_has_not_joined_is_not_shown(
    include_inactive: bool, expected: list[str]
) -> None:
    views = participant_views(MIXED, include_inactive=include_inactive)

    assert [view.id for view in views] == expected


@pytest.mark.parametrize(
    ("online", "expected"),
    [(None, True), ({SERVICE: True}, True), ({SERVICE: False}, False), ({}, False)],
    ids=["as announced", "online", "offline", "unknown"],
)
def test_only_assistants_are_online_or_not(online: dict[str, bool] | None, expected: bool) -> None:
    views = participant_views(MIXED, online)

    assert [view.online for view in views] == [None, None, expected]


def test_a_conversation_shows_the_caller_s_own_permission() -> None:
    view = conversation_view(MIXED, ConversationPermission.READ)

    assert view.conversation_permission is ConversationPermission.READ
    assert view.latest_message is None
    assert view.owner_id == ADA.user_id


def test_a_message_travels_as_message_created() -> None:
    subject = conversation()
    posted = message(subject, sequence=5)

    event = envelope(subject.conversation_id, posted)

    assert (event.event, event.sequence, event.id, event.correlation_id) == (
        ConversationEventType.MESSAGE_CREATED,
        5,
        posted.event_id,
        "correlation",
    )
    assert event.data == {"message": posted.view().model_dump(mode="json")}


def test_any_other_event_travels_as_it_was_announced() -> None:
    subject = conversation()
    event = announce(ConversationEventType.FILE_CREATED, {"file": "x"}, "c", NOW, Audience.PEOPLE)
    event.sequence = 3

    sent = envelope(subject.conversation_id, event)

    assert (sent.event, sent.sequence, sent.id, sent.data) == (
        ConversationEventType.FILE_CREATED,
        3,
        event.event_id,
        {"file": "x"},
    )
    assert sent.timestamp == NOW


@pytest.mark.parametrize("kind", ["created", "updated", "deleted", "focus"])
def test_a_state_is_announced_by_its_assistant(kind: str) -> None:
    subject = conversation(person(), assistant())

    [event] = AnnounceState(ECHO, "config", kind, "c").apply(subject, NOW).announcements

    assert isinstance(event, Event)
    assert event.event == f"assistant.state.{kind}"
    assert event.data == {
        "assistant_id": str(ECHO.assistant_id),
        "state_id": "config",
        "conversation_id": str(subject.conversation_id),
    }


def test_an_assistant_that_is_not_there_announces_nothing() -> None:
    with pytest.raises(NotFound):
        AnnounceState(ECHO, "config", "updated", "c").apply(conversation(), NOW)


@pytest.mark.parametrize(("seconds", "online"), [(None, False), (-1, False), (0, False), (1, True)])
def test_a_service_is_online_until_it_expires(seconds: int | None, online: bool) -> None:
    expires = None if seconds is None else NOW + timedelta(seconds=seconds)

    assert registration(expires=expires).online(NOW) is online


@pytest.mark.parametrize(
    ("key", "masked"),
    [
        (None, None),
        ("", "*" * 32),
        ("abcd", "*" * 32),
        ("abcde", "abcd*"),
        ("abcdefgh", "abcd****"),
    ],
)
def test_a_masked_key_shows_its_first_four_characters(key: str | None, masked: str | None) -> None:
    assert mask_api_key(key) == masked
