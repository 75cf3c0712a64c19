"""Registrations of assistant services, and what the services say of themselves."""

import asyncio
import logging
from contextlib import suppress
from datetime import timedelta

from shared import clock, invocation, resources
from shared.adapters.api_keys import ApiKeyStore
from shared.adapters.assistant_http import AssistantServices
from shared.adapters.queues import Queues
from shared.adapters.registrations import RegistrationRepository
from shared.contracts.assistant_service import ServiceInfo, ServiceInfoList
from shared.contracts.registrations import (
    AssistantServiceRegistration,
    AssistantServiceRegistrationList,
    NewAssistantServiceRegistration,
    RegistrationsQuery,
    ServiceInfosQuery,
    UpdateAssistantServiceRegistration,
    UpdateAssistantServiceRegistrationUrl,
)
from shared.domain.principals import SYSTEM_USER_ID, SYSTEM_USER_NAME, Principal, Service, User
from shared.domain.registrations import Registration, mask_api_key
from shared.errors import AppError, Conflict, Forbidden, InvalidArgument, NotFound
from shared.services.profiles import Profiles
from shared.services.queue_messages import QueueMessage
from shared.telemetry import get_logger, log

WRITE_AHEAD_SECONDS = 15
ATTEMPTS = 5
TOO_BUSY = "the registration is being changed by too many requests"

_logger = get_logger("registrations")


class ServiceStatus(QueueMessage):
    """A queue message: tell people whether this service is online, if they don't know yet."""

    assistant_service_id: str
    assistant_id: str | None = None


class Registrations:
    """Use cases around assistant services."""

    def __init__(
        self,
        registrations: RegistrationRepository,
        api_keys: ApiKeyStore,
        services: AssistantServices,
        queues: Queues,
        profiles: Profiles,
    ) -> None:
        self._registrations = registrations
        self._api_keys = api_keys
        self._services = services
        self._queues = queues
        self._profiles = profiles

    async def create(
        self, user: User, new: NewAssistantServiceRegistration
    ) -> AssistantServiceRegistration:
        """Register a service in a person's name; the answer holds its key, once."""
        profile = await self._profiles.ensure(user)
        service_id = new.assistant_service_id.strip().lower()
        key_name = self._api_keys.key_name(service_id)
        registration = Registration(
            assistant_service_id=service_id,
            created_by_user_id=user.user_id,
            created_by_user_name=profile.name,
            created=clock.now(),
            name=new.name,
            description=new.description,
            include_in_listing=new.include_in_listing,
            api_key_name=key_name,
        )
        try:
            await self._registrations.create(registration)
        except Conflict as error:
            raise Conflict(
                "assistant service with this assistant_service_id already exists"
            ) from error
        try:
            key = await self._api_keys.reset(key_name)
        except AppError:
            await self._registrations.delete(service_id)
            raise
        return self._view(registration, key)

    async def list_registrations(
        self, user: User, query: RegistrationsQuery
    ) -> AssistantServiceRegistrationList:
        """The public listing, or the registrations of certain people."""
        now = clock.now()
        wanted = query.assistant_service_online
        found = await self._listed(_resolve_me(user, query.user_id))
        return AssistantServiceRegistrationList(
            assistant_service_registrations=[
                self._view(registration)
                for registration in found
                if wanted is None or registration.online(now) is wanted
            ]
        )

    async def get(self, assistant_service_id: str) -> AssistantServiceRegistration:
        """One registration, with its key masked."""
        registration = await self._registrations.get(assistant_service_id.lower())
        key = await self._api_keys.get(registration.api_key_name)
        return self._view(registration, mask_api_key(key))

    async def update(
        self, user: User, assistant_service_id: str, update: UpdateAssistantServiceRegistration
    ) -> AssistantServiceRegistration:
        """Change the fields that are present; with real keys only the creator may."""
        changes = {name: getattr(update, name) for name in update.model_fields_set}
        for name, value in changes.items():
            if value is None:
                raise InvalidArgument(f"{name} cannot be null")
        for _ in range(ATTEMPTS):
            registration = await self._of_creator(user, assistant_service_id)
            changed = registration.model_copy(update=changes)
            with suppress(Conflict):  # heartbeats change it every few seconds
                await self._registrations.replace(changed)
                return self._view(changed)
        raise Conflict(TOO_BUSY)

    async def reset_key(
        self, user: User, assistant_service_id: str
    ) -> AssistantServiceRegistration:
        """Make a new key; the answer holds it, once. With real keys only the creator may."""
        registration = await self._of_creator(user, assistant_service_id)
        return self._view(registration, await self._api_keys.reset(registration.api_key_name))

    async def delete(self, user: User, assistant_service_id: str) -> None:
        """Remove a registration with its key: always the creator only.

        That its assistants are offline now is announced in the background.
        """
        registration = await self._registrations.get(assistant_service_id.lower())
        if registration.created_by_user_id != user.user_id:
            raise NotFound
        status = ServiceStatus(assistant_service_id=registration.assistant_service_id)
        # The key first: it may never outlive what it is for.
        await self._api_keys.delete(registration.api_key_name)
        await self._announce_ahead(status)
        await self._registrations.delete(registration.assistant_service_id)
        _announce_now(status)

    async def heartbeat(
        self,
        service: Service,
        assistant_service_id: str,
        update: UpdateAssistantServiceRegistrationUrl,
    ) -> AssistantServiceRegistration:
        """A service says where it is; one that comes online is announced in the background."""
        service_id = assistant_service_id.lower()
        if service_id != service.assistant_service_id.lower():
            raise Forbidden
        if self._api_keys.secured and update.url.scheme != "https":
            raise InvalidArgument("url must be https")
        for _ in range(ATTEMPTS):
            with suppress(Conflict):
                return self._view(await self._beat(service_id, update))
        raise Conflict(TOO_BUSY)

    async def info(self, assistant_service_id: str) -> ServiceInfo:
        """What a service says of itself; raises NotFound while nobody knows where it is."""
        registration = await self._registrations.get(assistant_service_id.lower())
        if not registration.url:
            raise NotFound
        return await self._services.info(registration)

    async def list_infos(self, caller: Principal, query: ServiceInfosQuery) -> ServiceInfoList:
        """What the services that are online say of themselves; failing ones are left out."""
        user_ids = (
            _resolve_me(caller, query.user_id) if isinstance(caller, User) else set(query.user_id)
        )
        now = clock.now()
        online = [found for found in await self._listed(user_ids) if found.online(now)]
        infos = await asyncio.gather(*(self._info_or_none(found) for found in online))
        return ServiceInfoList(assistant_service_infos=[info for info in infos if info])

    async def _beat(
        self, service_id: str, update: UpdateAssistantServiceRegistrationUrl
    ) -> Registration:
        now = clock.now()
        try:
            registration = await self._registrations.get(service_id)
        except NotFound:
            registration = await self._self_registered(service_id, update)
        changed = registration.model_copy(
            update={
                "url": str(update.url),
                "expires": now + timedelta(seconds=update.online_expires_in_seconds),
                "announced_online": True,
            }
        )
        status = ServiceStatus(assistant_service_id=service_id)
        comes_online = not (registration.announced_online and registration.online(now))
        if comes_online:
            await self._announce_ahead(status)
        try:
            await self._registrations.replace(changed)
        except NotFound as error:
            raise Conflict from error  # deleted just now: look once more
        if comes_online:
            _announce_now(status)
        return changed

    async def _announce_ahead(self, status: ServiceStatus) -> None:
        """Have it announced later, should a crash keep us from doing it after the change."""
        text = status.model_dump_json()
        await self._queues.send(resources.SERVICE_STATUS_QUEUE, text, WRITE_AHEAD_SECONDS)

    async def _self_registered(
        self, service_id: str, update: UpdateAssistantServiceRegistrationUrl
    ) -> Registration:
        """A service nobody registered: accepted while there are no real keys."""
        if self._api_keys.secured:
            raise NotFound
        registration = Registration(
            assistant_service_id=service_id,
            created_by_user_id=SYSTEM_USER_ID,
            created_by_user_name=SYSTEM_USER_NAME,
            created=clock.now(),
            name=update.name,
            description=update.description,
            api_key_name=self._api_keys.key_name(service_id),
        )
        await self._registrations.create(registration)
        return await self._registrations.get(service_id)

    async def _of_creator(self, user: User, assistant_service_id: str) -> Registration:
        registration = await self._registrations.get(assistant_service_id.lower())
        if self._api_keys.secured and registration.created_by_user_id != user.user_id:
            raise NotFound
        return registration

    async def _listed(self, user_ids: set[str]) -> list[Registration]:
        found = await self._registrations.list_all()
        if user_ids:
            return [one for one in found if one.created_by_user_id in user_ids]
        return [one for one in found if one.include_in_listing]

    async def _info_or_none(self, registration: Registration) -> ServiceInfo | None:
        try:
            return await self._services.info(registration)
        except AppError as error:
            log(
                _logger,
                logging.WARNING,
                "service_info_failed",
                assistant_service_id=registration.assistant_service_id,
                error=type(error).__name__,
            )
            return None

    def _view(
        self, registration: Registration, api_key: str | None = None
    ) -> AssistantServiceRegistration:
        return AssistantServiceRegistration(
            assistant_service_id=registration.assistant_service_id,
            created_by_user_id=registration.created_by_user_id,
            created_by_user_name=registration.created_by_user_name,
            created_datetime=registration.created,
            name=registration.name,
            description=registration.description,
            include_in_listing=registration.include_in_listing,
            api_key_name=registration.api_key_name if self._api_keys.secured else "",
            assistant_service_url=registration.url,
            assistant_service_online=registration.online(clock.now()),
            assistant_service_online_expiration_datetime=registration.expires,
            api_key=api_key,
        )


def _announce_now(status: ServiceStatus) -> None:
    invocation.current().enqueue(resources.SERVICE_STATUS_QUEUE, status.model_dump_json())


def _resolve_me(user: User, user_ids: list[str]) -> set[str]:
    return {user.user_id if user_id == "me" else user_id for user_id in user_ids}
