"""What the workbench and the echo assistant say to each other, and what the assistant keeps."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class EchoConfig(BaseModel):
    """What a person may set on an assistant."""

    model_config = ConfigDict(extra="forbid", title="Echo assistant")

    prefix: str = Field(
        default="Echo: ",
        max_length=100,
        title="Prefix",
        description="What stands before every echo.",
    )


class EchoLog(BaseModel):
    """The state of an assistant in a conversation."""

    model_config = ConfigDict(extra="forbid", title="Echo log")

    count: int = Field(default=0, ge=0, title="Messages echoed")
    last_message: str = Field(default="", title="Last message echoed")


class Conversation(BaseModel):
    """A conversation that an assistant takes part in."""

    title: str
    echo_log: EchoLog = EchoLog()


class Assistant(BaseModel):
    """An assistant of this service; `conversations` are by conversation id."""

    name: str
    template_id: str
    config: EchoConfig = EchoConfig()
    conversations: dict[str, Conversation] = {}


class AssistantPut(BaseModel):
    """The form field `assistant` of PUT /{assistant_id}."""

    assistant_name: str
    template_id: str


class ConversationPut(BaseModel):
    """The form field `conversation` of PUT /{assistant_id}/conversations/{conversation_id}."""

    id: str
    title: str


class ConfigPut(BaseModel):
    """The body of PUT /{assistant_id}/config; the config is checked apart."""

    config: dict[str, Any]


class StatePut(BaseModel):
    """The body of PUT .../states/{state_id}; the data is checked apart."""

    data: dict[str, Any]


class Sender(BaseModel):
    """Who sent a message."""

    participant_role: Literal["user", "assistant", "service"]
    participant_id: str


class Message(BaseModel):
    """As much of a message as the echo needs."""

    id: str
    sender: Sender
    message_type: str
    content: str


class ConversationEvent(BaseModel):
    """An event that the workbench delivers."""

    id: str
    correlation_id: str = ""
    conversation_id: str
    event: str
    timestamp: str
    data: dict[str, Any] = {}
