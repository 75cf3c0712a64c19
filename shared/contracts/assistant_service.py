"""What assistant services speak: the models of the calls that go out to them."""

from uuid import UUID

from pydantic import Field

from shared.contracts.base import JsonObject, WireModel


class ConfigResponse(WireModel):
    """An assistant's configuration with the schema to edit it by."""

    config: JsonObject
    errors: list[str] | None = None
    json_schema: JsonObject | None
    ui_schema: JsonObject | None


class ConfigPutRequest(WireModel):
    """A new configuration."""

    config: JsonObject


class StateDescription(WireModel):
    """One of an assistant's states in a conversation."""

    id: str
    display_name: str
    description: str
    enabled: bool = True


class StateDescriptionList(WireModel):
    """The states that an assistant offers in a conversation."""

    states: list[StateDescription]


class StateResponse(WireModel):
    """A state with the schema to edit it by."""

    id: str
    data: JsonObject
    json_schema: JsonObject | None
    ui_schema: JsonObject | None


class StatePutRequest(WireModel):
    """New data for a state."""

    data: JsonObject


class AssistantTemplate(WireModel):
    """A kind of assistant that a service can create."""

    id: str
    name: str
    description: str
    config: ConfigResponse


class ServiceInfo(WireModel):
    """What an assistant service says of itself."""

    assistant_service_id: str
    name: str
    templates: list[AssistantTemplate]
    metadata: JsonObject = Field(default_factory=dict)


class LegacyServiceInfo(WireModel):
    """What a service written before templates existed says of itself."""

    assistant_service_id: str
    name: str
    description: str
    default_config: ConfigResponse
    metadata: JsonObject = Field(default_factory=dict)


class ServiceInfoList(WireModel):
    """What the services that are online say of themselves."""

    assistant_service_infos: list[ServiceInfo]


class AssistantPutRequest(WireModel):
    """Sent when an assistant is created or renamed."""

    assistant_name: str
    template_id: str


class ConversationPutRequest(WireModel):
    """Sent when an assistant joins a conversation."""

    id: UUID
    title: str
