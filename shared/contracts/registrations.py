"""Registrations of assistant services, as the API shows them."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, HttpUrl

from shared.contracts.base import Flag, ShortText, WireModel


class AssistantServiceRegistration(WireModel):
    """A registered assistant service.

    `api_key` is whole when it was just made, masked when one registration is read, else null.
    """

    assistant_service_id: str
    created_by_user_id: str
    created_by_user_name: str
    created_datetime: datetime
    name: str
    description: str
    include_in_listing: bool
    api_key_name: str
    assistant_service_url: str | None
    assistant_service_online: bool
    assistant_service_online_expiration_datetime: datetime | None
    api_key: str | None = None


class AssistantServiceRegistrationList(WireModel):
    """Several registrations."""

    assistant_service_registrations: list[AssistantServiceRegistration]


class NewAssistantServiceRegistration(WireModel):
    """A service to register; the id is what the service will call itself."""

    assistant_service_id: Annotated[
        str, Field(min_length=4, max_length=256, pattern=r"^[a-z0-9-\.]+$")
    ]
    name: Annotated[str, Field(min_length=1, max_length=1024)]
    description: Annotated[str, Field(max_length=4096)]
    include_in_listing: Flag = True


class UpdateAssistantServiceRegistration(WireModel):
    """Changes to a registration; only the fields present are applied, none may be null."""

    name: ShortText | None = None
    description: Annotated[str, Field(max_length=4096)] | None = None
    include_in_listing: Flag | None = None


class UpdateAssistantServiceRegistrationUrl(WireModel):
    """A service says where it is and for how many seconds it will count as online."""

    name: ShortText
    description: Annotated[str, Field(max_length=4096)]
    url: Annotated[HttpUrl, Field(json_schema_extra={"pattern": "^https?://"})]
    online_expires_in_seconds: Annotated[float, Field(strict=True, ge=0, le=86_400)]


class RegistrationsQuery(WireModel):
    """Which registrations: `me` stands for the caller; none given means the public listing."""

    user_id: list[ShortText] = Field(default_factory=list)
    assistant_service_online: bool | None = None


class ServiceInfosQuery(WireModel):
    """Whose services: `me` stands for the caller; none given means the public listing."""

    user_id: list[ShortText] = Field(default_factory=list)
