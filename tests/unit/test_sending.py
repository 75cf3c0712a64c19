"""Sending an event where our own services fail, or the assistant's moves meanwhile."""

from datetime import timedelta
from typing import Any

import pytest

from shared import clock
from shared.contracts.events import ConversationEventType
from shared.domain.changes import Event
from shared.domain.conversation import Conversation
from shared.domain.events import envelope, participant_event
from shared.domain.registrations import Registration
from shared.errors import (
    AppError,
    AssistantFailure,
    AssistantUnreachable,
    DependencyUnavailable,
    NotFound,
)
from shared.services.sending import Outcome, Sender
from tests.unit.builders import ECHO, NOW, assistant, conversation, registration

OLD, NEW = "http://old.test", "http://new.test"


class Assistants:
    """None has asked for a stream."""

    async def get(self, _: object) -> None:
        raise NotFound


class Registrations:
    """A service that another instance has seen at `now`, this one at `recent`."""

    def __init__(self, recent: str = OLD, now: str | None = OLD) -> None:
        self.recent = recent
        self.now = now

    async def find_recent(self, _: str) -> Registration:
        return self._online_at(self.recent)

    async def get(self, _: str) -> Registration:
        if self.now is None:
            raise NotFound
        return self._online_at(self.now)

    def _online_at(self, url: str) -> Registration:
        return registration(url=url, expires=clock.now() + timedelta(hours=1))


class Services:
    """Answers an event with an error, or takes it."""

    def __init__(self, error: AppError | None = None) -> None:
        self.error = error

    async def post_event(self, *_: object) -> None:
        if self.error is not None:
            raise self.error


async def sent(services: Any, registrations: Any = None) -> Outcome:
    """What becomes of an event."""
    nobody: Any = None
    assistants: Any = Assistants()
    known: Any = registrations or Registrations()
    sender = Sender(assistants, known, services, nobody)
    subject = conversation(assistant())
    event = envelope(subject.conversation_id, some_event(subject))
    return await sender.send(assistant(), ECHO.assistant_id, event)


def some_event(subject: Conversation) -> Event:
    """The assistant came."""
    return participant_event(
        ConversationEventType.PARTICIPANT_CREATED, subject, assistant(), "c", NOW
    )


async def test_an_event_that_is_taken_is_delivered() -> None:
    assert await sent(Services()) is Outcome.DELIVERED


async def test_a_service_that_can_not_be_reached_has_failed() -> None:
    assert await sent(Services(AssistantUnreachable("down"))) is Outcome.FAILED


async def test_a_vault_that_is_down_is_no_failure_of_the_assistant() -> None:
    with pytest.raises(DependencyUnavailable):
        await sent(Services(DependencyUnavailable()))


@pytest.mark.parametrize(("status", "expected"), [(404, Outcome.DELIVERED), (410, Outcome.REFUSED)])
@pytest.mark.parametrize("now", [OLD, None])
async def test_a_service_that_stayed_or_went_has_said_what_it_said(
    status: int, expected: Outcome, now: str | None
) -> None:
    registrations = Registrations(now=now)

    assert await sent(Services(AssistantFailure(status, "")), registrations) is expected


@pytest.mark.parametrize("status", [404, 410])
async def test_what_an_address_says_that_a_service_has_left_does_not_count(status: int) -> None:
    registrations = Registrations(now=NEW)

    assert await sent(Services(AssistantFailure(status, "")), registrations) is Outcome.FAILED
