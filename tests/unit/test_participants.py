"""Joining, leaving and changing participants; doing it twice changes nothing more."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from shared.contracts.events import ConversationEventType
from shared.contracts.participants import UpdateParticipant
from shared.domain.changes import Audience, Change, Event
from shared.domain.conversation import Conversation, Participant
from shared.domain.participants import (
    JOINING,
    MAX_METADATA,
    AbortJoin,
    AdmitAssistant,
    AnnounceOnline,
    BeginJoin,
    CompleteJoin,
    PutAssistant,
    RemoveAssistant,
    UpdateOwnParticipant,
)
from shared.domain.principals import Actor, Assistant, participant_id
from shared.errors import Conflict, NotFound, TooLarge
from tests.unit.builders import (
    ADA,
    BOB,
    EARLIER,
    ECHO,
    NOW,
    READ,
    SERVICE,
    assistant,
    conversation,
    joining,
    person,
)

ECHO_ID = str(ECHO.assistant_id)
CREATED = ConversationEventType.PARTICIPANT_CREATED
UPDATED = ConversationEventType.PARTICIPANT_UPDATED


def update(subject: Conversation, actor: Actor = ADA, **fields: Any) -> Change[Any]:
    """The change of somebody's own participant."""
    command = UpdateOwnParticipant(actor, participant_id(actor), UpdateParticipant(**fields), "c")
    return command.apply(subject, NOW)


def put(subject: Conversation, after: int = 0, **fields: Any) -> Change[Any]:
    """The change of adding or updating the assistant; its service is told if need be."""
    wanted = UpdateParticipant(**fields)
    change = PutAssistant(ADA, joining(), wanted, "c").apply(subject, NOW)
    if change.result is not None:
        return change
    begin(subject)
    return CompleteJoin(ADA, joining(), wanted, after, "c").apply(subject, NOW)


def kinds(change: Change[Any]) -> list[tuple[ConversationEventType, str]]:
    """What is announced, and of whom."""
    return [
        (event.event, event.data["participant"]["id"])
        for event in change.announcements
        if isinstance(event, Event)
    ]


@pytest.mark.parametrize(
    ("before", "fields", "status"),
    [
        (None, {"status": "busy"}, "busy"),
        ("old", {"status": "busy"}, "busy"),
        ("old", {}, None),
        ("old", {"status": None}, None),
        ("old", {"metadata": {}}, None),
        ("old", {"active_participant": False, "status": "bye"}, None),
        ("old", {"active_participant": True, "status": "back"}, "back"),
    ],
)
def test_a_status_that_is_not_given_is_cleared(
    before: str | None, fields: dict[str, Any], status: str | None
) -> None:
    change = update(conversation(person(status=before)), **fields)

    assert change.result.status == status
    assert change.result.status_updated_timestamp == NOW
    assert kinds(change) == [(UPDATED, ADA.user_id)]


def test_an_update_that_changes_nothing_is_not_announced() -> None:
    change = update(conversation(person(status="busy")), status="busy")

    assert change.nothing_to_do
    assert change.announcements == []
    assert change.result.status_updated_timestamp == EARLIER


def test_metadata_is_merged_deeply() -> None:
    subject = conversation(person(metadata={"a": {"x": 1}, "l": [1]}))

    change = update(subject, metadata={"a": {"y": 2}, "l": [2]})

    assert change.result.metadata == {"a": {"x": 1, "y": 2}, "l": [1, 2]}


def test_metadata_cannot_grow_without_end() -> None:
    subject = conversation(person(metadata={"l": ["x" * (MAX_METADATA // 2)]}))

    with pytest.raises(TooLarge):
        update(subject, metadata={"l": ["x" * (MAX_METADATA // 2)]})


def test_leaving_ends_the_connections_of_who_left() -> None:
    change = update(conversation(), active_participant=False)

    assert change.left == [ADA.user_id]
    assert not change.result.active_participant
    assert change.conversation.active_user_ids() == []


def test_an_owner_who_left_may_come_back() -> None:
    change = update(conversation(person(active=False)), active_participant=True)

    assert change.result.active_participant
    assert change.left == []


@pytest.mark.parametrize(
    ("actor", "participant"),
    [
        (BOB, person(BOB, active=False)),
        (BOB, person()),
        (ECHO, assistant(active=False)),
        (Assistant("another.service", ECHO.assistant_id), assistant()),
    ],
    ids=["member who left", "stranger", "assistant that left", "impostor"],
)
def test_who_is_not_there_changes_nothing(actor: Actor, participant: Participant) -> None:
    with pytest.raises(NotFound):
        update(conversation(participant), actor, active_participant=True)


def test_a_reader_may_set_their_own_status() -> None:
    assert update(conversation(person(permission=READ)), status="reading").result.status


def begin(subject: Conversation) -> Change[int]:
    """The first half of joining."""
    return BeginJoin(ADA, joining()).apply(subject, NOW)


def test_an_assistant_that_begins_to_join_is_not_seen() -> None:
    subject = conversation(last_sequence=4)

    change = begin(subject)

    record = subject.participants[ECHO_ID]
    assert (record.active, record.listed, record.joining_until) == (False, False, NOW + JOINING)
    assert change.result == 4
    assert change.announcements == []
    assert not change.nothing_to_do


def test_beginning_again_lasts_longer() -> None:
    subject = conversation()
    begin(subject)
    later = NOW + timedelta(seconds=30)

    BeginJoin(ADA, joining()).apply(subject, later)

    assert subject.participants[ECHO_ID].joining_until == later + JOINING


@pytest.mark.parametrize("reader", [person(permission=READ), person(BOB)])
def test_who_may_not_write_may_not_add_an_assistant(reader: Participant) -> None:
    with pytest.raises(NotFound):
        begin(conversation(reader))
    with pytest.raises(NotFound):
        put(conversation(reader))


def test_a_join_that_fails_leaves_nothing() -> None:
    subject = conversation()
    before = subject.model_copy(deep=True)
    begin(subject)

    change = AbortJoin(ECHO_ID).apply(subject, NOW)

    assert not change.nothing_to_do
    assert subject == before
    assert AbortJoin(ECHO_ID).apply(subject, NOW).nothing_to_do


def test_an_assistant_of_earlier_days_stays_known_when_its_return_fails() -> None:
    subject = conversation(person(), assistant(active=False))
    before = subject.model_copy(deep=True)
    begin(subject)

    AbortJoin(ECHO_ID).apply(subject, NOW)

    assert subject == before


def test_a_join_that_somebody_else_completed_is_not_undone() -> None:
    subject = conversation(person(), assistant())

    assert AbortJoin(ECHO_ID).apply(subject, NOW).nothing_to_do
    assert subject.participants[ECHO_ID].active


def test_a_new_assistant_gets_events_from_when_it_began_to_join() -> None:
    subject = conversation()
    begin(subject)

    change = put(subject, after=3, status="here")

    assert kinds(change) == [(CREATED, ECHO_ID)]
    assert change.started_cursors == {ECHO_ID: 3}
    assert (change.result.active_participant, change.result.status) == (True, "here")
    assert subject.participants[ECHO_ID].joining_until is None
    assert subject.participants[ECHO_ID].listed


def test_putting_an_assistant_again_changes_nothing() -> None:
    subject = conversation()
    put(subject)

    change = put(subject)

    assert change.nothing_to_do
    assert change.announcements == []
    assert change.started_cursors == {}


def test_an_assistant_that_returns_gets_events_again() -> None:
    subject = conversation(person(), assistant(active=False))

    change = put(subject, after=9, active_participant=True)

    assert kinds(change) == [(UPDATED, ECHO_ID)]
    assert change.started_cursors == {ECHO_ID: 9}


def test_an_assistant_that_is_put_out_gets_no_more_events() -> None:
    subject = conversation(person(), assistant())

    change = put(subject, active_participant=False)

    assert kinds(change) == [(UPDATED, ECHO_ID)]
    assert change.left == [ECHO_ID]
    assert subject.active_assistants() == []


def test_a_new_assistant_may_come_inactive() -> None:
    change = put(conversation(), active_participant=False)

    assert kinds(change) == [(CREATED, ECHO_ID)]
    assert change.started_cursors == {}
    assert not change.result.active_participant


def test_the_assistant_that_makes_a_conversation_is_admitted_silently() -> None:
    subject = conversation(assistant(active=False, listed=False, joining_until=NOW))

    change = AdmitAssistant(ECHO_ID).apply(subject, NOW)

    assert change.announcements == []
    assert change.started_cursors == {ECHO_ID: 0}
    assert [found.id for found in subject.active_assistants()] == [ECHO_ID]


def test_an_assistant_that_is_deleted_leaves_once() -> None:
    subject = conversation(person(), assistant())
    command = RemoveAssistant(ECHO_ID, "c")

    first, second = command.apply(subject, NOW), command.apply(subject, NOW)

    assert (first.result, kinds(first), first.left) == (True, [(UPDATED, ECHO_ID)], [ECHO_ID])
    assert (second.result, second.nothing_to_do) == (False, True)


def test_a_deleted_conversation_has_no_more_events() -> None:
    subject = conversation(person(), assistant(), deleted=NOW)

    assert (
        AnnounceOnline(ECHO_ID, online=False, correlation_id="c").apply(subject, NOW).nothing_to_do
    )
    left = RemoveAssistant(ECHO_ID, "c").apply(subject, NOW)

    assert (left.result, left.announcements, left.left) == (True, [], [ECHO_ID])
    assert subject.active_assistants() == []


def test_an_assistant_that_is_deleted_can_not_complete_its_joining() -> None:
    for subject in (conversation(), conversation(person(), assistant(active=False))):
        before = subject.model_copy(deep=True)
        begin(subject)

        change = RemoveAssistant(ECHO_ID, "c").apply(subject, NOW)

        assert (change.result, change.nothing_to_do, change.announcements) == (False, False, [])
        assert subject == before
        with pytest.raises(Conflict):
            CompleteJoin(ADA, joining(), UpdateParticipant(), 0, "c").apply(subject, NOW)


def test_of_two_who_add_an_assistant_the_slower_one_finds_it_there() -> None:
    subject = conversation()
    begin(subject)
    put(subject)

    change = CompleteJoin(ADA, joining(), UpdateParticipant(), 0, "c").apply(subject, NOW)

    assert change.result.active_participant
    assert change.started_cursors == {}


def test_a_status_that_is_set_meanwhile_does_not_keep_an_assistant_from_returning() -> None:
    subject = conversation(person(), assistant(active=False))
    begin(subject)
    PutAssistant(ADA, joining(), UpdateParticipant(status="away"), "c").apply(subject, NOW)

    change = CompleteJoin(ADA, joining(), UpdateParticipant(), 0, "c").apply(subject, NOW)

    assert change.result.active_participant


def test_an_assistant_that_left_is_not_back_before_its_service_is_told() -> None:
    subject = conversation(person(), assistant(active=False))
    update = UpdateParticipant(active_participant=True)

    change = PutAssistant(ADA, joining(), update, "c").apply(subject, NOW)

    assert (change.result, change.nothing_to_do) == (None, True)


def test_an_assistant_is_not_admitted_to_what_it_deleted_meanwhile() -> None:
    joining = assistant(active=False, listed=False, joining_until=NOW)
    for subject in (conversation(joining, deleted=NOW), conversation()):
        with pytest.raises(NotFound):
            AdmitAssistant(ECHO_ID).apply(subject, NOW)


def test_an_assistant_that_never_was_there_does_not_leave() -> None:
    assert RemoveAssistant(ECHO_ID, "c").apply(conversation(), NOW).nothing_to_do


def test_people_are_told_once_that_an_assistant_went_offline() -> None:
    subject = conversation(person(), assistant())
    command = AnnounceOnline(ECHO_ID, online=False, correlation_id="c")

    first, second = command.apply(subject, NOW), command.apply(subject, NOW)

    [event] = first.announcements
    assert isinstance(event, Event)
    assert event.audience is Audience.PEOPLE
    assert event.data["participant"]["online"] is False
    assert second.nothing_to_do


@pytest.mark.parametrize(
    "participant",
    [
        assistant(Assistant(SERVICE, uuid4())),
        assistant(listed=False),
        assistant(announced_online=False),
    ],
    ids=["another one", "not seen yet", "known already"],
)
def test_nobody_is_told_what_does_not_concern_them(participant: Participant) -> None:
    command = AnnounceOnline(ECHO_ID, online=False, correlation_id="c")

    assert command.apply(conversation(person(), participant), NOW).nothing_to_do
