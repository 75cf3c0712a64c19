"""A person or an assistant with a new name or image: all their conversations show it.

The conversations keep a copy, so that one read answers who is in them. It is renewed at once,
while the request runs, so that the caller's next read has it; what would keep the caller waiting
for long, and whatever fails, is renamed in the background. A message sent before the name is stored
makes sure of that if the process dies. Each walk takes the name as it is stored by then, and a
version keeps a late walk from bringing back an older name.
"""

import logging
import time
from collections.abc import Sequence
from functools import partial
from uuid import UUID

from shared import invocation, resources
from shared.adapters.cosmos.assistants import AssistantRepository
from shared.adapters.cosmos.conversations import ConversationRepository
from shared.adapters.cosmos.links import Link, LinkRepository, of_assistant, of_user
from shared.adapters.cosmos.profiles import ProfileRepository
from shared.adapters.queues import Queues
from shared.adapters.registrations import RegistrationRepository
from shared.domain.renames import Named, RenameParticipant
from shared.errors import AppError, Conflict, DependencyUnavailable, NotFound
from shared.services.changes import Changes
from shared.services.queue_messages import QueueMessage
from shared.services.side_by_side import for_each
from shared.telemetry import get_logger, log

WRITE_AHEAD_SECONDS = 300
"""Longer than any request lives."""

AT_ONCE_SECONDS = 4.0
"""How long a request goes on before it leaves the rest to the background: a thousand
conversations' worth where the database is quick, and never less than a chunk."""

CHUNK = 100
RETRY_SECONDS = 15

_logger = get_logger("renames")


class RenameRequest(QueueMessage):
    """A queue message: show the present name of a person, or of an assistant, everywhere.

    `after`: the conversations up to this id have it already.
    """

    user_id: str | None = None
    assistant_id: UUID | None = None
    after: UUID | None = None
    correlation_id: str = ""

    @property
    def source(self) -> str:
        """Where the links to the conversations begin."""
        return of_user(self.user_id) if self.user_id else of_assistant(str(self.assistant_id))

    @property
    def participant_id(self) -> str:
        """Who is renamed."""
        return self.user_id or str(self.assistant_id)


class Renames:
    """Keeps the names that conversations show in step with profiles and assistants."""

    def __init__(
        self,
        profiles: ProfileRepository,
        assistants: AssistantRepository,
        conversations: ConversationRepository,
        links: LinkRepository,
        registrations: RegistrationRepository,
        queues: Queues,
        changes: Changes,
    ) -> None:
        self._profiles = profiles
        self._assistants = assistants
        self._conversations = conversations
        self._links = links
        self._registrations = registrations
        self._queues = queues
        self._changes = changes

    async def ahead(
        self, *, user_id: str | None = None, assistant_id: UUID | None = None
    ) -> RenameRequest:
        """Call this before a new name is stored, and `finish` with the result afterwards."""
        correlation_id = invocation.current().correlation_id
        request = RenameRequest(
            user_id=user_id, assistant_id=assistant_id, correlation_id=correlation_id
        )
        await self._send(request, WRITE_AHEAD_SECONDS)
        return request

    async def finish(self, request: RenameRequest, renamed: Named) -> None:
        """Show a name that was just stored; what can't be done now is left to the background."""
        try:
            rest = await self._walk(request, renamed, AT_ONCE_SECONDS)
        except AppError as error:
            log(_logger, logging.WARNING, "rename_postponed", error=error.detail)
            rest = request
        if rest is not None:
            await self._send(rest)

    async def handle(self, request: RenameRequest) -> None:
        """One chunk in the background; asks for the next one itself."""
        try:
            renamed = await self._find(request)
            rest = await self._walk(request, renamed) if renamed else None
        except DependencyUnavailable as error:
            log(_logger, logging.WARNING, "rename_postponed", error=error.detail)
            await self._send(request, RETRY_SECONDS)
            return
        if rest is not None:
            invocation.current().enqueue(resources.RENAMES_QUEUE, rest.model_dump_json())

    async def _walk(
        self, request: RenameRequest, renamed: Named, seconds: float = 0
    ) -> RenameRequest | None:
        """Rename one chunk of conversations, in the order of their ids, and more while there is
        time; what is left to do.
        """
        until = time.monotonic() + seconds
        if request.user_id and request.after is None:
            await self._rename_creator(request.user_id, renamed.name)
        ids = sorted(await self._links.targets(request.source, Link.CONVERSATION))
        if request.after is not None:
            ids = [found for found in ids if found > request.after]
        command = RenameParticipant(
            request.participant_id,
            renamed.name,
            renamed.image,
            renamed.name_version,
            request.correlation_id,
        )
        all_done = await self._rename(ids[:CHUNK], command)
        reached = CHUNK
        while reached < len(ids) and time.monotonic() < until:
            all_done &= await self._rename(ids[reached : reached + CHUNK], command)
            reached += CHUNK
        if not all_done:
            raise DependencyUnavailable
        if reached >= len(ids):
            return None
        return request.model_copy(update={"after": ids[reached - 1]})

    async def _rename(self, ids: Sequence[UUID], command: RenameParticipant) -> bool:
        """Whether all have it: one that is too busy keeps no other from being renamed."""
        concerned = [
            conversation.conversation_id
            for conversation in await self._conversations.load_many(ids)
            if command.concerns(conversation)
        ]
        return all(await for_each(concerned, partial(self._apply, command)))

    async def _apply(self, command: RenameParticipant, conversation_id: UUID) -> bool:
        """Whether it is done, or never will be: a conversation that is gone, or full."""
        try:
            await self._changes.apply(conversation_id, command)
        except DependencyUnavailable:
            return False
        except AppError as error:
            log(_logger, logging.WARNING, "not_renamed", error=error.detail)
        return True

    async def _rename_creator(self, user_id: str, name: str) -> None:
        """Registrations of assistant services show who made them."""
        for registration in await self._registrations.list_all():
            if registration.created_by_user_id != user_id:
                continue
            if registration.created_by_user_name == name:
                continue
            changed = registration.model_copy(update={"created_by_user_name": name})
            try:
                await self._registrations.replace(changed)
            except Conflict as error:
                raise DependencyUnavailable("a registration is being changed") from error
            except NotFound:
                continue

    async def _find(self, request: RenameRequest) -> Named | None:
        if request.user_id:
            found = await self._profiles.get(request.user_id)
            return found[0] if found else None
        if request.assistant_id is None:
            return None
        try:
            record, _ = await self._assistants.get(request.assistant_id)
        except NotFound:
            return None
        return record

    async def _send(self, request: RenameRequest, delay_seconds: int = 0) -> None:
        await self._queues.send(resources.RENAMES_QUEUE, request.model_dump_json(), delay_seconds)
