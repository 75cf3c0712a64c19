"""Redeeming shares and who may share: the rules alone."""

import uuid

import pytest

from shared.contracts.events import ConversationEventType
from shared.contracts.participants import ConversationPermission
from shared.domain.changes import Event
from shared.domain.conversation import Conversation
from shared.domain.shares import (
    Redeemer,
    RedeemShare,
    Share,
    require_may_share,
    require_may_share_for,
)
from shared.errors import AppError, Forbidden, InvalidArgument, NotFound
from tests.unit.builders import ADA, BOB, ECHO, NOW, assistant, conversation, person

READ = ConversationPermission.READ
WRITE = ConversationPermission.READ_WRITE
REDEEMER = Redeemer(BOB.user_id, "Bob", "data:x", 3)


def command(given: ConversationPermission, shared: Conversation) -> RedeemShare:
    """Bob redeems a share of a conversation."""
    share = Share(
        share_id=uuid.uuid4(),
        owner_id=ADA.user_id,
        conversation_id=shared.conversation_id,
        label="L",
        permission=given,
        created=NOW,
    )
    return RedeemShare(share, REDEEMER, uuid.uuid4(), "correlation")


class TestRedeeming:
    """RedeemShare."""

    @pytest.mark.parametrize("given", [READ, WRITE])
    def test_a_newcomer_gets_what_the_share_gives(self, given: ConversationPermission) -> None:
        shared = conversation()
        redeem = command(given, shared)
        change = redeem.apply(shared, NOW)

        bob = shared.participants[BOB.user_id]
        assert (bob.name, bob.image, bob.name_version) == ("Bob", "data:x", 3)
        assert (bob.permission, bob.active, bob.joined) == (given, True, NOW)
        assert change.result.redemption_id == redeem.redemption_id
        assert (change.result.permission, change.result.new_participant) == (given, True)
        (event,) = change.announcements
        assert isinstance(event, Event)
        assert event.event is ConversationEventType.PARTICIPANT_CREATED

    @pytest.mark.parametrize("active", [True, False])
    @pytest.mark.parametrize("there", [READ, WRITE])
    @pytest.mark.parametrize("given", [READ, WRITE])
    def test_who_was_here_never_loses_anything(
        self, given: ConversationPermission, there: ConversationPermission, active: bool
    ) -> None:
        shared = conversation(person(), person(BOB, permission=there, active=active))
        change = command(given, shared).apply(shared, NOW)

        bob = shared.participants[BOB.user_id]
        assert bob.permission is (READ if there is given is READ else WRITE)
        assert bob.active
        assert change.result.permission is bob.permission
        assert change.result.new_participant is not active
        changed = not active or bob.permission is not there
        assert change.nothing_to_do is not changed
        assert len(change.announcements) == int(changed)

    def test_what_changed_something_is_kept_with_the_participant(self) -> None:
        shared = conversation()
        first = command(READ, shared)
        first.apply(shared, NOW)
        kept = shared.participants[BOB.user_id].admission
        command(READ, shared).apply(shared, NOW)

        assert kept is not None
        assert kept.redemption_id == first.redemption_id
        assert shared.participants[BOB.user_id].admission == kept

    def test_a_deleted_conversation_lets_nobody_in(self) -> None:
        shared = conversation(deleted=NOW)
        with pytest.raises(NotFound):
            command(READ, shared).apply(shared, NOW)
        assert BOB.user_id not in shared.participants


class TestSharing:
    """Who may make a share."""

    @pytest.mark.parametrize(
        ("record", "may"),
        [
            (person(BOB), True),
            (person(BOB, permission=READ), False),
            (person(BOB, active=False), False),
            (None, False),
        ],
        ids=["writer", "reader", "gone", "stranger"],
    )
    def test_people_who_may_write(self, record: object, may: bool) -> None:
        shared = conversation(person(), *([record] if record else []))  # type: ignore[list-item]
        if may:
            require_may_share(shared, BOB, NOW)
            return
        with pytest.raises(InvalidArgument, match="Conversation not found"):
            require_may_share(shared, BOB, NOW)

    def test_the_owner_who_has_left(self) -> None:
        require_may_share(conversation(person(active=False)), ADA, NOW)

    @pytest.mark.parametrize(
        ("active", "owner_id", "refusal"),
        [
            (True, ADA.user_id, None),
            (True, BOB.user_id, Forbidden),
            (False, ADA.user_id, NotFound),
        ],
    )
    def test_assistants_for_the_owner_alone(
        self, active: bool, owner_id: str, refusal: type[AppError] | None
    ) -> None:
        shared = conversation(person(), person(BOB), assistant(active=active))
        if refusal is None:
            require_may_share_for(shared, ECHO, owner_id, NOW)
            return
        with pytest.raises(refusal):
            require_may_share_for(shared, ECHO, owner_id, NOW)
