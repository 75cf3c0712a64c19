"""Real-time publication of what was committed: at once and best effort.

Subscribers see a gap in the sequence numbers and replay it; nothing depends on these sends.
"""

import asyncio
import json
import logging
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from shared.adapters.web_pubsub import WebPubSub
from shared.contracts.events import ConversationEvent
from shared.domain.changes import Event
from shared.domain.conversation import Conversation, Message
from shared.domain.events import OWN_STREAM_EVENTS, envelope
from shared.errors import AppError
from shared.telemetry import get_logger, log

MAX_MESSAGE_BYTES = 1_000_000
"""Below Web PubSub's limit of 1 MB for one message, with room for its own frame.

The SDK sends ASCII, in which a character beyond that is six bytes or twelve.
"""

PUBLISH_SECONDS = 5
"""How long the events of one change may take: who waits for the answer isn't kept longer."""

_logger = get_logger("publishing")


def conversation_group(conversation_id: UUID) -> str:
    """Everybody who follows one conversation."""
    return f"conversation.{conversation_id}"


def user_group(user_id: str) -> str:
    """A person's own stream over all their conversations."""
    return f"user.{user_id}"


def assistant_group(assistant_id: UUID | str) -> str:
    """An assistant's own stream over all its conversations."""
    return f"assistant.{assistant_id}"


class Publisher:
    """Sends committed events to the groups that they concern."""

    def __init__(self, web_pubsub: WebPubSub) -> None:
        self._web_pubsub = web_pubsub

    async def publish(
        self, conversation: Conversation, announcements: Sequence[Message | Event]
    ) -> None:
        """Send events in their order; whatever fails is logged and left to replay."""
        try:
            async with asyncio.timeout(PUBLISH_SECONDS):
                await self._publish(conversation, announcements)
        except TimeoutError:
            log(_logger, logging.WARNING, "not_published_in_time", events=len(announcements))

    async def _publish(
        self, conversation: Conversation, announcements: Sequence[Message | Event]
    ) -> None:
        for announcement in announcements:
            event = envelope(conversation.conversation_id, announcement)
            groups = [conversation_group(conversation.conversation_id)]
            if event.event in OWN_STREAM_EVENTS:
                groups += [user_group(user_id) for user_id in conversation.active_user_ids()]
            payload, gone = payload_of(event), conversation.gone_people()
            await asyncio.gather(*(self._send(group, payload, gone) for group in groups))

    async def send_away(self, conversation: Conversation, participant_ids: Sequence[str]) -> None:
        """End the subscriptions of participants who may no longer read the conversation."""
        group = conversation_group(conversation.conversation_id)
        await asyncio.gather(
            *(self._web_pubsub.remove_user(group, left) for left in participant_ids)
        )

    async def _send(self, group: str, payload: dict[str, Any], gone: Sequence[str]) -> None:
        """Send to a group, but to nobody who has left: they may have come by an old address."""
        try:
            await self._web_pubsub.send(group, payload, but_not_to=gone)
        except AppError as error:
            log(_logger, logging.WARNING, "not_published", group=group, error=error.detail)


def payload_of(event: ConversationEvent) -> dict[str, Any]:
    """An event as sent; one that is too large goes without its data, which is null then."""
    payload = event.model_dump(mode="json")
    if len(json.dumps(payload)) > MAX_MESSAGE_BYTES:
        payload["data"] = None
    return payload
