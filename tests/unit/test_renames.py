"""New names in one conversation: the rule alone."""

import pytest

from shared.contracts.events import ConversationEventType
from shared.domain.changes import Audience, Event
from shared.domain.renames import RenameParticipant
from tests.unit.builders import ADA, BOB, NOW, assistant, conversation, person


def rename(version: int, name: str = "New", image: str | None = None) -> RenameParticipant:
    """Ada's newest name, in a version."""
    return RenameParticipant(ADA.user_id, name, image, version, "correlation")


def test_everybody_is_told_of_a_new_name() -> None:
    shared = conversation(person(), person(BOB))
    change = rename(1, image="data:x").apply(shared, NOW)

    ada = shared.participants[ADA.user_id]
    assert (ada.name, ada.image, ada.name_version) == ("New", "data:x", 1)
    (event,) = change.announcements
    assert isinstance(event, Event)
    assert event.event is ConversationEventType.PARTICIPANT_UPDATED
    assert event.audience is Audience.EVERYONE
    assert event.data["participant"]["name"] == "New"
    assert [one["name"] for one in event.data["participants"]] == ["New", "Bob"]


@pytest.mark.parametrize("version", [1, 2])
def test_an_older_name_never_comes_back(version: int) -> None:
    shared = conversation(person(name="Newest", name_version=2))
    late = rename(version)

    assert not late.concerns(shared)
    assert late.apply(shared, NOW).nothing_to_do
    assert shared.participants[ADA.user_id].name == "Newest"


def test_a_repeat_changes_nothing() -> None:
    shared = conversation()
    rename(1).apply(shared, NOW)

    assert rename(1).apply(shared, NOW).nothing_to_do


def test_the_same_name_tells_nobody() -> None:
    assert rename(1, "Ada").apply(conversation(), NOW).announcements == []


def test_a_name_that_came_back_is_not_overtaken_by_the_one_between() -> None:
    shared = conversation(person(name="Ada"))
    rename(2, "Ada").apply(shared, NOW)

    assert rename(1, "Between").apply(shared, NOW).nothing_to_do
    assert shared.participants[ADA.user_id].name == "Ada"


def test_who_is_not_there_is_not_renamed() -> None:
    for shared in (conversation(person(BOB)), conversation(deleted=NOW)):
        assert not rename(1).concerns(shared)
        assert rename(1).apply(shared, NOW).nothing_to_do


def test_who_is_only_joining_is_renamed_silently() -> None:
    joining = assistant(active=False, listed=False)
    shared = conversation(person(), joining)
    change = RenameParticipant(joining.id, "New", None, 1, "correlation").apply(shared, NOW)

    assert shared.participants[joining.id].name == "New"
    assert not change.nothing_to_do
    assert change.announcements == []
