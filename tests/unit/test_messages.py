"""Posting and deleting messages: what is committed, and what the aggregate keeps of it."""

import uuid
from typing import Any

import pytest

from shared.contracts.events import ConversationEventType
from shared.contracts.messages import MessageSender, MessageType, NewConversationMessage
from shared.contracts.participants import ParticipantRole
from shared.domain.changes import Change, Event
from shared.domain.conversation import INLINE_LENGTH, Conversation, Message
from shared.domain.messages import (
    KEPT_LENGTH,
    DeleteMessage,
    PostMessage,
    is_latest,
    split_debug,
)
from shared.domain.principals import Actor
from shared.errors import NotFound
from tests.unit.builders import ADA, ECHO, NOW, READ, assistant, conversation, message, person

FOR_BOB = MessageSender(participant_role=ParticipantRole.USER, participant_id="tenant.bob")


def post(actor: Actor = ADA, **new: Any) -> PostMessage:
    """A command to post."""
    return PostMessage(
        actor,
        NewConversationMessage.model_validate({"content": "hello", **new}),
        message_id=uuid.uuid4(),
        event_id="event",
        correlation_id="correlation",
    )


def posted(change: Change[Any]) -> Message:
    """The message that a change adds."""
    [announced] = change.announcements
    assert isinstance(announced, Message)
    return announced


def test_a_message_is_its_own_event() -> None:
    subject = conversation()
    command = post(metadata={"a": 1}, filenames=["f.txt"])

    change = command.apply(subject, NOW)

    announced = posted(change)
    assert (announced.message_id, announced.event_id, announced.timestamp) == (
        command.message_id,
        "event",
        NOW,
    )
    assert (announced.metadata, announced.filenames) == ({"a": 1}, ["f.txt"])
    assert change.debug == []


def test_a_reader_may_not_post() -> None:
    with pytest.raises(NotFound):
        post().apply(conversation(person(permission=READ)), NOW)


@pytest.mark.parametrize(
    ("actor", "sender", "expected"),
    [
        (ADA, None, ("user", ADA.user_id)),
        (ADA, FOR_BOB, ("user", ADA.user_id)),
        (ECHO, None, ("assistant", str(ECHO.assistant_id))),
        (ECHO, FOR_BOB, ("user", "tenant.bob")),
        (
            ECHO,
            MessageSender(participant_role=ParticipantRole.ASSISTANT, participant_id="other"),
            ("assistant", str(ECHO.assistant_id)),
        ),
        (
            ECHO,
            MessageSender(participant_role=ParticipantRole.SERVICE, participant_id="other"),
            ("assistant", str(ECHO.assistant_id)),
        ),
    ],
    ids=[
        "person",
        "person for another",
        "assistant",
        "for a person",
        "for another",
        "for a service",
    ],
)
def test_only_an_assistant_speaks_for_a_person(
    actor: Actor, sender: MessageSender | None, expected: tuple[str, str]
) -> None:
    change = post(actor, sender=sender).apply(conversation(person(), assistant()), NOW)

    found = posted(change).sender
    assert (found.participant_role, found.participant_id) == expected


@pytest.mark.parametrize(
    ("new", "metadata", "debug"),
    [
        ({}, {}, {}),
        ({"metadata": {"a": 1}}, {"a": 1}, {}),
        ({"metadata": {"a": 1, "debug": {"x": 1}}}, {"a": 1}, {"x": 1}),
        ({"metadata": {"debug": "text"}}, {}, {"debug": "text"}),
        ({"metadata": {"debug": None}}, {}, {}),
        ({"debug_data": {"y": 2}}, {}, {"y": 2}),
        (
            {"metadata": {"debug": {"x": [1], "y": 1}}, "debug_data": {"x": [2], "y": 2}},
            {},
            {"x": [1, 2], "y": 2},
        ),
    ],
)
def test_debug_data_comes_from_both_places(
    new: dict[str, Any], metadata: dict[str, Any], debug: dict[str, Any]
) -> None:
    given = NewConversationMessage(content="", **new)

    assert split_debug(given) == (metadata, debug)


def test_debug_data_is_kept_beside_the_message() -> None:
    command = post(debug_data={"x": 1})

    change = command.apply(conversation(), NOW)

    assert posted(change).has_debug_data
    assert [(kept.message_id, kept.data) for kept in change.debug] == [
        (command.message_id, {"x": 1})
    ]


def test_numbers_follow_the_conversation_s_last_one() -> None:
    subject = conversation(last_sequence=7)
    announced = [message(subject), message(subject, message_type=MessageType.LOG)]
    change: Change[None] = Change(subject, None, announcements=[*announced])

    change.number()

    assert [one.sequence for one in announced] == [8, 9]
    assert subject.last_sequence == 9


def remembered(*messages: Message, of: Conversation) -> Conversation:
    """The conversation after these messages."""
    change: Change[None] = Change(of, None, announcements=[*messages])
    change.number()
    return of


def test_the_latest_message_is_the_newest_of_the_types_asked_for() -> None:
    subject = conversation()
    chat, log = message(subject), message(subject, message_type=MessageType.LOG)
    remembered(chat, log, of=subject)

    newest = subject.latest_of({MessageType.CHAT, MessageType.LOG, MessageType.NOTE})
    newest_chat = subject.latest_of({MessageType.CHAT})

    assert newest is not None
    assert newest.message == log
    assert newest_chat is not None
    assert newest_chat.message == chat
    assert subject.latest_of({MessageType.NOTE}) is None
    assert subject.latest_of(set()) is None


@pytest.mark.parametrize(
    ("large", "changes"),
    [
        (False, {"content": "x" * (INLINE_LENGTH - 4)}),
        (True, {"content": "x" * (INLINE_LENGTH - 3)}),
        (True, {"metadata": {"a": "x" * INLINE_LENGTH}}),
        (True, {"filenames": ["x" * INLINE_LENGTH]}),
    ],
)
def test_of_a_large_message_the_aggregate_keeps_the_place_only(
    large: bool, changes: dict[str, Any]
) -> None:
    subject = conversation()
    large_one = message(subject, **changes)
    remembered(large_one, of=subject)

    latest = subject.latest_of({MessageType.CHAT})

    assert latest is not None
    assert (latest.message is None) is large
    assert (latest.message_id, latest.sequence) == (large_one.message_id, 1)


def delete(subject: Conversation, doomed: Message, left: Message | None = None) -> Change[None]:
    """The change of a deletion."""
    return DeleteMessage(ADA, doomed, left, "correlation").apply(subject, NOW)


def test_a_deletion_is_announced_with_the_message_but_no_debug_data() -> None:
    subject = conversation()
    doomed = message(subject, has_debug_data=True)
    remembered(doomed, of=subject)

    change = delete(subject, doomed)

    [event] = change.announcements
    assert isinstance(event, Event)
    assert event.event is ConversationEventType.MESSAGE_DELETED
    assert event.data["message"]["id"] == str(doomed.message_id)
    assert event.data["message"]["has_debug_data"] is False
    assert [gone.message_id for gone in change.deleted_messages] == [doomed.message_id]
    assert change.deleted_messages[0].has_debug_data
    assert subject.latest == {}


def test_a_deletion_leaves_the_one_before_as_the_latest() -> None:
    subject = conversation()
    first, second = message(subject), message(subject)
    remembered(first, second, of=subject)
    assert is_latest(subject, second)
    assert not is_latest(subject, first)

    delete(subject, second, left=first)

    assert is_latest(subject, first)


def test_deleting_an_older_message_leaves_the_latest() -> None:
    subject = conversation()
    first, second = message(subject), message(subject)
    remembered(first, second, of=subject)

    delete(subject, first)

    assert is_latest(subject, second)


@pytest.mark.parametrize(("length", "kept"), [(KEPT_LENGTH - 4, True), (KEPT_LENGTH, False)])
def test_of_a_very_large_message_events_do_not_keep_the_content(length: int, kept: bool) -> None:
    subject = conversation()
    doomed = message(subject, content="x" * length, metadata={})

    change = delete(subject, doomed)

    [event] = change.announcements
    assert isinstance(event, Event)
    assert bool(event.data["message"]["content"]) is kept
    assert bool(change.deleted_messages[0].content) is kept


def test_an_owner_who_left_may_still_delete() -> None:
    subject = conversation(person(active=False))

    assert delete(subject, message(subject)).announcements
