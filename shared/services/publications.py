"""Making what an import brings visible: all of it or nothing, whatever dies meanwhile.

Everything is stored first, where nobody sees it. Then one document decides; what is not visible
yet by then is made visible, by the request or, if that dies, by the purge that it asked for.
"""

from functools import partial
from uuid import UUID

from shared.adapters.cosmos.assistants import AssistantRecord, AssistantRepository
from shared.adapters.cosmos.links import Link, LinkRepository, of_service, of_user
from shared.adapters.cosmos.publications import Publication, PublicationRepository
from shared.services.side_by_side import for_each


class Publications:
    """Decides, revokes and carries out."""

    def __init__(
        self,
        publications: PublicationRepository,
        assistants: AssistantRepository,
        links: LinkRepository,
    ) -> None:
        self._publications = publications
        self._assistants = assistants
        self._links = links

    async def decide(self, publication: Publication) -> None:
        """From now on everything becomes visible."""
        await self._publications.decide(publication)

    async def revoke(self, publication_id: UUID) -> None:
        """Make sure that nothing becomes visible; only for what `finish` was not called for."""
        await self._publications.close(publication_id)

    async def finish(self, publication_id: UUID) -> bool:
        """Make visible what is to be and isn't yet; whether that was decided, and not done."""
        publication = await self._publications.find(publication_id)
        if publication is None:
            return False
        assistants = await self._publications.assistants(publication_id)
        await for_each(assistants, partial(self._show, publication_id))
        await for_each(publication.conversation_ids, self._publications.bear)
        await self._publications.close(publication_id)
        return True

    async def _show(self, publication_id: UUID, record: AssistantRecord) -> None:
        assistant_id = record.assistant_id
        await self._links.add(of_user(record.owner_id), Link.ASSISTANT, assistant_id)
        source = of_service(record.assistant_service_id)
        await self._links.add(source, Link.ASSISTANT, assistant_id)
        await self._assistants.create(record)
        await self._publications.shown(publication_id, assistant_id)
