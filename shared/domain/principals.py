"""Who calls: a person, an assistant service, or a service on behalf of one of its assistants."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class User:
    """A person, by the id `{tid}.{oid}` of their verified token."""

    user_id: str
    name: str


@dataclass(frozen=True)
class AssistantService:
    """An assistant service that showed its API key."""

    assistant_service_id: str


@dataclass(frozen=True)
class Assistant:
    """An assistant, in whose name its service calls.

    That it belongs to the service is not known yet: every access check compares both ids with
    what is stored.
    """

    assistant_service_id: str
    assistant_id: UUID


Actor = User | Assistant
"""Who can take part in a conversation."""

Service = AssistantService | Assistant
"""Who can speak for an assistant service."""

Principal = User | AssistantService | Assistant


def participant_id(actor: Actor) -> str:
    """The id under which an actor takes part in conversations."""
    return actor.user_id if isinstance(actor, User) else str(actor.assistant_id)


SYSTEM_USER_ID = "semantic-workbench"
SYSTEM_USER_NAME = "Semantic Workbench Service"
"""The creator of services that registered themselves: the reference's names, kept for clients."""
