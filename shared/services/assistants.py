"""Assistants: create, list, read, change, delete, configure."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime
from uuid import NAMESPACE_URL, UUID, uuid5

from pydantic import BaseModel, ValidationError

from shared import clock
from shared.adapters.assistant_http import AssistantServices
from shared.adapters.cosmos.assistants import AssistantRecord, AssistantRepository
from shared.adapters.cosmos.conversations import ConversationRepository
from shared.adapters.cosmos.links import (
    Link,
    LinkRepository,
    of_assistant,
    of_service,
    of_user,
)
from shared.adapters.registrations import RegistrationRepository
from shared.contracts.assistant_service import (
    AssistantPutRequest,
    ConfigPutRequest,
    ConfigResponse,
)
from shared.contracts.assistants import Assistant as AssistantView
from shared.contracts.assistants import (
    AssistantList,
    AssistantsQuery,
    NewAssistant,
    UpdateAssistant,
)
from shared.domain.access import Access, allows
from shared.domain.principals import Assistant, User
from shared.domain.registrations import Registration
from shared.domain.renames import is_renamed
from shared.errors import (
    AppError,
    Conflict,
    DependencyUnavailable,
    InvalidArgument,
    NotFound,
)
from shared.services.connecting import Connecting
from shared.services.leaving import Leaving
from shared.services.opening import open_for
from shared.services.profiles import Profiles
from shared.services.renames import RenameRequest, Renames
from shared.settings import DefaultAssistant
from shared.telemetry import get_logger, log

ATTEMPTS = 5

_logger = get_logger("assistants")


class DashboardCard(BaseModel):
    """What a service offers to show of a template: here only its icon is of interest."""

    icon: str


class Assistants:
    """Use cases around assistants."""

    def __init__(
        self,
        assistants: AssistantRepository,
        conversations: ConversationRepository,
        links: LinkRepository,
        registrations: RegistrationRepository,
        services: AssistantServices,
        profiles: Profiles,
        connecting: Connecting,
        leaving: Leaving,
        renames: Renames,
        defaults: Sequence[DefaultAssistant],
    ) -> None:
        self._assistants = assistants
        self._conversations = conversations
        self._links = links
        self._registrations = registrations
        self._services = services
        self._profiles = profiles
        self._connecting = connecting
        self._leaving = leaving
        self._renames = renames
        self._defaults = defaults

    async def create(self, user: User, new: NewAssistant) -> AssistantView:
        """A new assistant, made at its service first: it exists when both know it."""
        service = await self._online_service(new.assistant_service_id)
        await self._profiles.ensure(user)
        return await self._create(user, new, service, clock.new_uuid())

    async def list_assistants(self, user: User, query: AssistantsQuery) -> AssistantList:
        """The caller's own, or those active in a conversation."""
        if query.conversation_id is not None:
            return await self._list_in_conversation(user, query.conversation_id)
        records = await self._owned(user)
        if await self._create_defaults(user, records):
            records = await self._owned(user)
        records.sort(key=_name)
        records.sort(key=_created, reverse=True)
        return await self._view_list(records)

    async def get(self, user: User, assistant_id: UUID) -> AssistantView:
        """One's own assistant, or one that is active in a conversation of one's own."""
        record, _ = await self._assistants.get(assistant_id)
        if record.owner_id != user.user_id and not await self._meets(user, record):
            raise NotFound
        return (await self._views([record]))[0]

    async def update(
        self, user: User, assistant_id: UUID, update: UpdateAssistant
    ) -> AssistantView:
        """Change the fields that are present; tell the service and the conversations.

        Again from the start if somebody else was faster, so that the service is told last of
        what is stored last.
        """
        renaming: RenameRequest | None = None
        for _ in range(ATTEMPTS):
            record, etag = await self.owned(user, assistant_id)
            changes = {name: getattr(update, name) for name in update.model_fields_set}
            changed = record.model_copy(update=changes)
            service = await self._reachable(record)
            await self._put(service, changed)
            if is_renamed(record, changed):
                changed.name_version += 1
                renaming = renaming or await self._renames.ahead(assistant_id=assistant_id)
            try:
                await self._assistants.replace(changed, etag)
            except Conflict:
                continue
            # Also where the name was there already: perhaps by an attempt of our own.
            if renaming is not None:
                await self._renames.finish(renaming, changed)
            return _view(changed, online=service.online(clock.now()))
        raise DependencyUnavailable

    async def delete(self, user: User, assistant_id: UUID) -> None:
        """Remove an assistant from its conversations, from its service and from here."""
        record, _ = await self.owned(user, assistant_id)
        await self._leave_all(record)
        try:
            service = await self._registrations.get(record.assistant_service_id)
            await self._services.delete_assistant(service, assistant_id)
        except AppError as error:
            log(
                _logger,
                logging.WARNING,
                "assistant_not_deleted_at_service",
                assistant_id=assistant_id,
                error=type(error).__name__,
            )
        await self._assistants.delete(assistant_id)
        # What it began to join until then: nothing lets it in from now on.
        await self._leave_all(record)
        await asyncio.gather(
            self._links.remove(of_user(record.owner_id), Link.ASSISTANT, assistant_id),
            self._links.remove(
                of_service(record.assistant_service_id), Link.ASSISTANT, assistant_id
            ),
        )

    async def get_config(self, user: User, assistant_id: UUID) -> ConfigResponse:
        """The configuration of one's own assistant, from its service."""
        record, _ = await self.owned(user, assistant_id)
        service = await self._connecting.service_of(record.assistant_service_id)
        return await self._services.get_config(service, assistant_id)

    async def put_config(
        self, user: User, assistant_id: UUID, request: ConfigPutRequest
    ) -> ConfigResponse:
        """Change the configuration of one's own assistant, at its service."""
        record, _ = await self.owned(user, assistant_id)
        service = await self._connecting.service_of(record.assistant_service_id)
        return await self._services.put_config(service, assistant_id, request)

    async def owned(self, user: User, assistant_id: UUID) -> tuple[AssistantRecord, str]:
        """One's own assistant and its ETag; raises NotFound, also for somebody else's."""
        record, etag = await self._assistants.get(assistant_id)
        if record.owner_id != user.user_id:
            raise NotFound
        return record, etag

    async def _reachable(self, record: AssistantRecord) -> Registration:
        """The service of an assistant that is to be changed; raises InvalidArgument."""
        service = await self._connecting.service_of(record.assistant_service_id)
        if not service.online(clock.now()):
            raise InvalidArgument(f"assistant service '{service.name}' is currently offline")
        return service

    async def _online_service(self, assistant_service_id: str) -> Registration:
        try:
            service = await self._registrations.get(assistant_service_id.lower())
        except NotFound as error:
            raise InvalidArgument(
                f"assistant service id {assistant_service_id} is not valid"
            ) from error
        if not service.online(clock.now()):
            raise InvalidArgument(
                f"assistant service '{service.name}' ({assistant_service_id}) is currently offline"
            )
        return service

    async def _create(
        self, user: User, new: NewAssistant, service: Registration, assistant_id: UUID
    ) -> AssistantView:
        record = AssistantRecord(
            assistant_id=assistant_id,
            owner_id=user.user_id,
            name=new.name,
            image=new.image or await self._icon(service, new.template_id),
            metadata=new.metadata,
            assistant_service_id=service.assistant_service_id,
            template_id=new.template_id,
            created=clock.now(),
        )
        await self._put(service, record)
        await asyncio.gather(
            self._links.add(of_user(user.user_id), Link.ASSISTANT, assistant_id),
            self._links.add(of_service(service.assistant_service_id), Link.ASSISTANT, assistant_id),
        )
        await self._assistants.create(record)
        # Nothing is read any more that could fail: whoever gets an error would make another one.
        return _view(record, online=service.online(clock.now()))

    async def _put(self, service: Registration, record: AssistantRecord) -> None:
        request = AssistantPutRequest(assistant_name=record.name, template_id=record.template_id)
        await self._services.put_assistant(service, record.assistant_id, request)

    async def _icon(self, service: Registration, template_id: str) -> str | None:
        """The icon that the service offers for a template; none if anything is amiss."""
        try:
            info = await self._services.info(service)
        except AppError:
            return None
        cards = info.metadata.get("_dashboard_card")
        card = cards.get(template_id) if isinstance(cards, dict) else None
        try:
            return DashboardCard.model_validate(card).icon
        except ValidationError:
            return None

    async def _create_defaults(self, user: User, records: Sequence[AssistantRecord]) -> bool:
        """Create what is missing of the configured defaults; whether anything was created.

        The id follows from person, service and template, so that two requests at once make one.
        """
        present = {(record.assistant_service_id, record.template_id) for record in records}
        created = False
        for default in self._defaults:
            if (default.assistant_service_id, default.template_id) not in present:
                created = await self._create_default(user, default) or created
        return created

    async def _create_default(self, user: User, default: DefaultAssistant) -> bool:
        name = f"{user.user_id}/{default.assistant_service_id}/{default.template_id}"
        try:
            service = await self._online_service(default.assistant_service_id)
            new = NewAssistant(
                assistant_service_id=default.assistant_service_id,
                template_id=default.template_id,
                name=default.name,
            )
            await self._create(user, new, service, uuid5(NAMESPACE_URL, name))
        except AppError as error:
            log(
                _logger,
                logging.ERROR,
                "default_assistant_not_created",
                assistant_service_id=default.assistant_service_id,
                error=type(error).__name__,
            )
            return False
        return True

    async def _list_in_conversation(self, user: User, conversation_id: UUID) -> AssistantList:
        conversation = await open_for(
            self._conversations, user, conversation_id, Access.READ_OR_OWNED
        )
        ids = [UUID(participant.id) for participant in conversation.active_assistants()]
        return await self._view_list(await self._assistants.get_many(ids))

    async def _owned(self, user: User) -> list[AssistantRecord]:
        ids = await self._links.targets(of_user(user.user_id), Link.ASSISTANT)
        return [
            record
            for record in await self._assistants.get_many(ids)
            if record.owner_id == user.user_id
        ]

    async def _meets(self, user: User, record: AssistantRecord) -> bool:
        """Whether the two are active in one conversation."""
        theirs, ours = await asyncio.gather(
            self._links.targets(of_assistant(record.assistant_id), Link.CONVERSATION),
            self._links.targets(of_user(user.user_id), Link.CONVERSATION),
        )
        assistant = Assistant(record.assistant_service_id, record.assistant_id)
        shared = await self._conversations.load_many(list(set(theirs) & set(ours)))
        now = clock.now()
        return any(
            allows(conversation, user, Access.READ, now)
            and allows(conversation, assistant, Access.READ, now)
            for conversation in shared
        )

    async def _leave_all(self, record: AssistantRecord) -> None:
        ids = await self._links.targets(of_assistant(record.assistant_id), Link.CONVERSATION)
        await self._leaving.leave_all(record.assistant_service_id, record.assistant_id, ids)

    async def _view_list(self, records: Sequence[AssistantRecord]) -> AssistantList:
        return AssistantList(assistants=await self._views(records))

    async def _views(self, records: Sequence[AssistantRecord]) -> list[AssistantView]:
        service_ids = {record.assistant_service_id for record in records}
        online = await self._registrations.online(service_ids, clock.now())
        return [_view(record, online=online[record.assistant_service_id]) for record in records]


def _view(record: AssistantRecord, *, online: bool) -> AssistantView:
    return AssistantView(
        id=record.assistant_id,
        name=record.name,
        image=record.image,
        assistant_service_id=record.assistant_service_id,
        assistant_service_online=online,
        template_id=record.template_id,
        metadata=record.metadata,
        created_datetime=record.created,
    )


def _name(record: AssistantRecord) -> str:
    return record.name


def _created(record: AssistantRecord) -> datetime:
    return record.created
