"""The records of an archive: the original service's tables, with its names and defaults.

Each line of workbench.jsonl is `{"type": …, "data": …}`; archives move both ways between the
two services, so these names stay as they are.
"""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import pydantic_core
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from shared import clock
from shared.contracts.base import JsonObject
from shared.contracts.messages import MessageType
from shared.contracts.participants import ConversationPermission, ParticipantRole
from shared.errors import InvalidArgument


def _in_utc(value: datetime) -> datetime:
    """The original service's datetimes have no zone if its database was SQLite: they are UTC."""
    if value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("the date is out of range") from error


Moment = Annotated[datetime, AfterValidator(_in_utc), Field(default_factory=clock.now)]
Identifier = Annotated[str, Field(min_length=1, max_length=1024)]


class Row(BaseModel):
    """A record's `data`; what we don't keep is ignored when it is read."""

    model_config = ConfigDict(extra="ignore", defer_build=True)


class AssistantRow(Row):
    """An assistant."""

    assistant_id: UUID
    owner_id: str
    assistant_service_id: Identifier
    template_id: str = "default"
    created_datetime: Moment
    imported_from_assistant_id: UUID | None = None
    name: str
    image: str | None = None
    meta_data: JsonObject = Field(default_factory=dict)


class ConversationRow(Row):
    """A conversation."""

    conversation_id: UUID
    created_datetime: Moment
    owner_id: str
    title: str
    meta_data: JsonObject = Field(default_factory=dict)
    imported_from_conversation_id: UUID | None = None


class MessageRow(Row):
    """A message; the order of the records counts when it is read, not `sequence`."""

    sequence: int = 0
    message_id: UUID
    conversation_id: UUID
    created_datetime: Moment
    sender_participant_id: Identifier
    sender_participant_role: ParticipantRole
    message_type: MessageType
    content: str
    content_type: str
    meta_data: JsonObject = Field(default_factory=dict)
    filenames: list[str] = Field(default_factory=list)


class DebugRow(Row):
    """The debug data of a message."""

    message_id: UUID
    data: JsonObject = Field(default_factory=dict)


class _ParticipantRow(Row):
    conversation_id: UUID
    name: str = ""
    image: str | None = None
    joined_datetime: Moment
    status: str | None = None
    status_updated_datetime: Moment
    active_participant: bool = True
    meta_data: JsonObject = Field(default_factory=dict)


class UserParticipantRow(_ParticipantRow):
    """A person in a conversation."""

    user_id: Identifier
    service_user: bool = False
    conversation_permission: ConversationPermission


class AssistantParticipantRow(_ParticipantRow):
    """An assistant in a conversation."""

    assistant_id: UUID


class FileRow(Row):
    """A file of a conversation."""

    file_id: UUID
    conversation_id: UUID
    filename: str
    current_version: int
    created_datetime: Moment


class FileVersionRow(Row):
    """A version of a file; where its bytes are follows from `storage_filename`."""

    file_id: UUID
    version: Annotated[int, Field(ge=0, lt=2**31)]
    participant_id: Identifier
    participant_role: ParticipantRole
    created_datetime: Moment
    meta_data: JsonObject = Field(default_factory=dict)
    content_type: str
    file_size: int
    storage_filename: str


ROW_TYPES: dict[str, type[Row]] = {
    "Assistant": AssistantRow,
    "Conversation": ConversationRow,
    "ConversationMessage": MessageRow,
    "ConversationMessageDebug": DebugRow,
    "UserParticipant": UserParticipantRow,
    "AssistantParticipant": AssistantParticipantRow,
    "File": FileRow,
    "FileVersion": FileVersionRow,
}
_TYPE_NAMES = {row_type: name for name, row_type in ROW_TYPES.items()}


class _Line(BaseModel):
    type: str
    data: dict[str, Any]


def line_of(row: Row) -> bytes:
    """A row as a line of workbench.jsonl."""
    record = {"type": _TYPE_NAMES[type(row)], "data": row.model_dump(mode="json")}
    return pydantic_core.to_json(record) + b"\n"


def row_of(line: bytes, number: int) -> Row:
    """The row of a line; raises InvalidArgument, which names the line by its number."""
    try:
        record = _Line.model_validate(pydantic_core.from_json(line, allow_inf_nan=False))
        row_type = ROW_TYPES.get(record.type)
        if row_type is None:
            raise InvalidArgument(f"workbench.jsonl, line {number}: unknown record type")
        return row_type.model_validate(record.data)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in fault["loc"])
        raise InvalidArgument(f"workbench.jsonl, line {number}: {where}: {fault['msg']}") from error
    except ValueError as error:
        raise InvalidArgument(f"workbench.jsonl, line {number}: not valid JSON") from error
