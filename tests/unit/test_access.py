"""Who may do what in a conversation: every rule of the table, from both sides."""

import uuid
from datetime import timedelta

import pytest

from shared.domain.access import Access, allows, require
from shared.domain.conversation import Conversation, Participant
from shared.domain.principals import Actor, Assistant
from shared.errors import NotFound
from tests.unit.builders import (
    ADA,
    BOB,
    ECHO,
    NOW,
    READ,
    assistant,
    conversation,
    person,
)

EVERY_ACCESS = set(Access)
NONE: set[Access] = set()
READING = {Access.READ, Access.READ_OR_OWNED}
OWNED = {Access.READ_OR_OWNED, Access.WRITE_OR_OWNED}
SOON = NOW + timedelta(seconds=1)

PEOPLE = [
    ("owner", ADA, person(), EVERY_ACCESS),
    ("owner who reads only", ADA, person(permission=READ), READING),
    ("owner who left", ADA, person(active=False), OWNED),
    (
        "owner who left and reads only",
        ADA,
        person(active=False, permission=READ),
        {Access.READ_OR_OWNED},
    ),
    ("owner who never was there", ADA, person(BOB), NONE),
    ("member", BOB, person(BOB), EVERY_ACCESS),
    ("member who reads only", BOB, person(BOB, permission=READ), READING),
    ("member who left", BOB, person(BOB, active=False), NONE),
    ("stranger", BOB, person(), NONE),
]
IMPOSTOR = Assistant("another.service", ECHO.assistant_id)
ANOTHER = Assistant(ECHO.assistant_service_id, uuid.uuid4())
ASSISTANTS = [
    ("assistant", ECHO, assistant(), EVERY_ACCESS),
    ("assistant that left", ECHO, assistant(active=False), NONE),
    ("assistant that joins", ECHO, assistant(active=False, joining_until=SOON), EVERY_ACCESS),
    ("assistant that took too long", ECHO, assistant(active=False, joining_until=NOW), NONE),
    ("assistant of another service", IMPOSTOR, assistant(), NONE),
    ("impostor of one that joins", IMPOSTOR, assistant(active=False, joining_until=SOON), NONE),
    ("another assistant of the service", ANOTHER, assistant(), NONE),
]
RULES = [
    pytest.param(actor, participant, access, access in granted, id=f"{name}-{access.name}")
    for name, actor, participant, granted in (*PEOPLE, *ASSISTANTS)
    for access in Access
]


def decided(of: Conversation, actor: Actor, access: Access) -> Participant | None:
    """What `require` says: the record, or None where it refuses."""
    try:
        return require(of, actor, access, NOW)
    except NotFound:
        return None


@pytest.mark.parametrize(("actor", "participant", "access", "granted"), RULES)
def test_access_is_as_the_table_says(
    actor: Actor, participant: Participant, access: Access, granted: bool
) -> None:
    subject = conversation(participant)

    assert decided(subject, actor, access) == (participant if granted else None)
    assert allows(subject, actor, access, NOW) is granted


@pytest.mark.parametrize("access", Access)
@pytest.mark.parametrize("actor", [ADA, ECHO], ids=["person", "assistant"])
def test_a_deleted_conversation_is_there_for_nobody(actor: Actor, access: Access) -> None:
    subject = conversation(person(), assistant(), deleted=NOW)

    assert decided(subject, actor, access) is None
    assert not allows(subject, actor, access, NOW)
