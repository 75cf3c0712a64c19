"""What all ways of saving files have in common: who may, and committing what is in its blobs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from shared import clock, invocation
from shared.adapters.cosmos.conversations import ConversationRepository
from shared.adapters.cosmos.files import FileRepository
from shared.domain.access import Access, allows
from shared.domain.conversation import Conversation
from shared.domain.file_changes import SaveFiles, StoredBytes
from shared.domain.files import File
from shared.domain.principals import Actor
from shared.services.opening import open_for


async def admit_writer(
    conversations: ConversationRepository, actor: Actor, conversation_id: UUID
) -> Conversation:
    """The conversation, perhaps not the latest of it; raises NotFound for who may not write.

    Before bytes are taken in: what is committed afterwards is decided once more.
    """
    conversation = (await conversations.load_for_write(conversation_id)).conversation
    if not allows(conversation, actor, Access.WRITE, clock.now()):
        conversation = await open_for(conversations, actor, conversation_id, Access.WRITE)
    return conversation


@dataclass(frozen=True)
class Saving:
    """Knows the files that exist when stored bytes become versions of them.

    `known` are those found after the conversation was loaded at sequence `as_of`: they are
    right if it is committed from there, because every change of a file is an event.
    """

    actor: Actor
    stored: Sequence[StoredBytes]
    files: FileRepository
    known: Mapping[str, File]
    as_of: int

    async def prepare(self, conversation: Conversation) -> SaveFiles:
        """The command for this state of the conversation."""
        existing = self.known
        if conversation.last_sequence != self.as_of:
            names = [stored.filename for stored in self.stored]
            existing = await self.files.get_many(conversation.conversation_id, names)
        correlation_id = invocation.current().correlation_id
        return SaveFiles(self.actor, self.stored, existing, correlation_id)
