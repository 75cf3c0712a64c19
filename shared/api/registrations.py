"""Routes of assistant-service registrations and of what the services say of themselves.

Service ids may hold slashes, so the id is the rest of the path.
"""

from shared import resources
from shared.api.endpoint import new_router
from shared.api.openapi.described import Answer, Described
from shared.container import App
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
from shared.domain.principals import Principal, Service, User
from shared.errors import NotFound

router = new_router()

PATH = "assistant-service-registrations/{*assistant_service_id}"
INFO = "/info"
CHANGING = "The registration is being changed by too many requests"


@router.get("assistant-service-registrations", name="registrations_all")
async def list_registrations(
    app: App, caller: User, query: RegistrationsQuery
) -> AssistantServiceRegistrationList:
    """List the assistant services on offer, or those that certain people registered."""
    return await app.registrations.list_registrations(caller, query)


@router.post(
    "assistant-service-registrations",
    name="registrations_create",
    docs=Described(errors={409: "There is a service with this id"}),
    queues=[resources.DELIVERIES_QUEUE],
)
async def create_registration(
    app: App, caller: User, body: NewAssistantServiceRegistration
) -> AssistantServiceRegistration:
    """Register an assistant service; the answer holds its API key."""
    return await app.registrations.create(caller, body)


@router.post(
    PATH, name="registrations_reset_key", docs=Described(errors={409: CHANGING}), suffix="/api-key"
)
async def reset_key(
    app: App, caller: User, assistant_service_id: str
) -> AssistantServiceRegistration:
    """Make a new API key for an assistant service; the answer holds it."""
    return await app.registrations.reset_key(caller, assistant_service_id)


@router.get(PATH, name="registrations_get")
async def get_registration(
    app: App,
    caller: User,  # noqa: ARG001 (says who may call)
    assistant_service_id: str,
) -> AssistantServiceRegistration:
    """Get one registration, its API key masked."""
    return await app.registrations.get(assistant_service_id)


@router.put(
    PATH,
    name="registrations_heartbeat",
    docs=Described(errors={400: "The address is not https", 409: CHANGING}),
    queues=[resources.SERVICE_STATUS_QUEUE],
)
async def heartbeat(
    app: App,
    caller: Service,
    assistant_service_id: str,
    body: UpdateAssistantServiceRegistrationUrl,
) -> AssistantServiceRegistration:
    """Say where an assistant service is, and for how long it counts as online."""
    return await app.registrations.heartbeat(caller, assistant_service_id, body)


@router.patch(
    PATH,
    name="registrations_update",
    docs=Described(errors={400: "A field is null", 409: CHANGING}),
)
async def update_registration(
    app: App, caller: User, assistant_service_id: str, body: UpdateAssistantServiceRegistration
) -> AssistantServiceRegistration:
    """Change name, description or listing of a registration."""
    return await app.registrations.update(caller, assistant_service_id, body)


@router.delete(
    PATH,
    name="registrations_delete",
    status=204,
    queues=[resources.SERVICE_STATUS_QUEUE],
)
async def delete_registration(app: App, caller: User, assistant_service_id: str) -> None:
    """Remove a registration with its API key."""
    await app.registrations.delete(caller, assistant_service_id)


@router.get("assistant-services", name="services_all")
async def list_infos(app: App, caller: Principal, query: ServiceInfosQuery) -> ServiceInfoList:
    """List what the assistant services that are online say of themselves."""
    return await app.registrations.list_infos(caller, query)


@router.get(
    "assistant-services/{*assistant_service_id}",
    name="services_info",
    docs=Described(
        forwards=True,
        also={INFO: Answer("The same as without this ending", {"application/json": ServiceInfo})},
    ),
)
async def get_info(
    app: App,
    caller: User,  # noqa: ARG001 (says who may call)
    assistant_service_id: str,
) -> ServiceInfo:
    """Get what one assistant service says of itself; the path may end in `/info`."""
    service_id = assistant_service_id.removesuffix(INFO)
    if not service_id:
        raise NotFound
    return await app.registrations.info(service_id)
