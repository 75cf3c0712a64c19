"""Deciding what an archive becomes here, before anything is written."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from shared import clock
from shared.adapters.cosmos.assistants import AssistantRecord, AssistantRepository
from shared.adapters.cosmos.conversations import ConversationRepository
from shared.adapters.cosmos.links import Link, LinkRepository, of_user
from shared.adapters.cosmos.profiles import Profile, ProfileRepository
from shared.adapters.registrations import RegistrationRepository
from shared.domain.archive_contents import ArchiveContents
from shared.domain.archive_import import (
    UNKNOWN_USER,
    Face,
    NewIds,
    admit_importer,
    check_aggregate,
    imported_assistant,
    imported_conversation,
    imported_file,
    imported_person,
)
from shared.domain.archive_reading import ArchiveReader
from shared.domain.archive_rows import AssistantRow
from shared.domain.conversation import Conversation
from shared.domain.files import File
from shared.domain.numbering import numbered
from shared.domain.registrations import Registration
from shared.errors import InvalidArgument, NotFound

PROFILES_AT_ONCE = 1_000


@dataclass(frozen=True)
class PlannedAssistant:
    """An assistant of the archive (`old_id`), and what it is here: a new one or one's own."""

    old_id: UUID
    record: AssistantRecord
    service: Registration
    is_new: bool


@dataclass(frozen=True)
class PlannedFile:
    """A file, and where the bytes of each of its versions are in the archive."""

    file: File
    entries: list[str]


@dataclass(frozen=True)
class ImportPlan:
    """What an import makes; `newcomers` are people whom nobody has seen here yet."""

    contents: ArchiveContents
    ids: NewIds
    conversations: dict[UUID, Conversation]
    assistants: list[PlannedAssistant]
    files: list[PlannedFile]
    newcomers: list[str]

    def conversations_of(self, assistant_id: UUID) -> list[UUID]:
        """The old ids of the conversations in which an assistant (old id) takes part."""
        return [
            conversation_id
            for conversation_id, member_id in self.contents.members
            if member_id == assistant_id
        ]


class ImportPlanner:
    """Reads what is here already and makes a plan; writes nothing."""

    def __init__(
        self,
        conversations: ConversationRepository,
        assistants: AssistantRepository,
        links: LinkRepository,
        profiles: ProfileRepository,
        registrations: RegistrationRepository,
    ) -> None:
        self._conversations = conversations
        self._assistants = assistants
        self._links = links
        self._profiles = profiles
        self._registrations = registrations

    async def plan(
        self, importer: Profile, archive: ArchiveReader, contents: ArchiveContents
    ) -> ImportPlan:
        """Raises InvalidArgument for an unknown assistant service, TooLarge."""
        assistants = await self._plan_assistants(importer.user_id, contents)
        ids = NewIds.of(contents, {plan.old_id: plan.record.assistant_id for plan in assistants})
        people = await self._faces_of_people(contents)
        conversations = await self._plan_conversations(importer, contents, ids)
        await self._add_assistants(contents, ids, conversations, assistants)
        for (conversation_id, user_id), row in contents.people.items():
            person = imported_person(row, people.get(user_id, Face(UNKNOWN_USER, None)))
            conversations[conversation_id].participants[user_id] = person
        for conversation in conversations.values():
            admit_importer(conversation, importer.user_id, _face(importer), clock.now())
            check_aggregate(conversation)
        newcomers = {user_id for _, user_id in contents.people} - people.keys()
        return ImportPlan(
            contents=contents,
            ids=ids,
            conversations=conversations,
            assistants=assistants,
            files=_plan_files(archive, contents, ids),
            newcomers=sorted(newcomers - {importer.user_id}),
        )

    async def _plan_assistants(
        self, user_id: str, contents: ArchiveContents
    ) -> list[PlannedAssistant]:
        """One's own assistant of the same service, template and name is taken for an old one."""
        if not contents.assistants:
            return []
        links = await self._links.targets(of_user(user_id), Link.ASSISTANT)
        own = [
            record
            for record in await self._assistants.get_many(links)
            if record.owner_id == user_id
        ]
        plans: list[PlannedAssistant] = []
        for row in contents.assistants.values():
            service = await self._service(row.assistant_service_id)
            found = _same(own, row, service)
            record = found or _new_assistant(row, user_id, service, own)
            if found is None:
                own.append(record)
            plans.append(PlannedAssistant(row.assistant_id, record, service, found is None))
        return plans

    async def _service(self, assistant_service_id: str) -> Registration:
        try:
            return await self._registrations.get(assistant_service_id.strip().lower())
        except NotFound as error:
            raise InvalidArgument(
                f"assistant service id {assistant_service_id} is not valid"
            ) from error

    async def _plan_conversations(
        self, importer: Profile, contents: ArchiveContents, ids: NewIds
    ) -> dict[UUID, Conversation]:
        """The conversations by their old ids, titles numbered where they are taken."""
        links = await self._links.targets(of_user(importer.user_id), Link.CONVERSATION)
        titles = [
            conversation.title
            for conversation in await self._conversations.load_many(links)
            if conversation.owner_id == importer.user_id and conversation.deleted is None
        ]
        now = clock.now()
        conversations: dict[UUID, Conversation] = {}
        for old_id, row in contents.conversations.items():
            title = numbered(row.title, titles)
            titles.append(title)
            conversations[old_id] = imported_conversation(
                row, ids.conversations[old_id], importer.user_id, title, now
            )
        return conversations

    async def _add_assistants(
        self,
        contents: ArchiveContents,
        ids: NewIds,
        conversations: dict[UUID, Conversation],
        assistants: Sequence[PlannedAssistant],
    ) -> None:
        now = clock.now()
        faces = {plan.old_id: _assistant_face(plan.record) for plan in assistants}
        online = {plan.old_id: plan.service.online(now) for plan in assistants}
        strangers = {assistant_id for _, assistant_id in contents.members} - faces.keys()
        for record in await self._assistants.get_many(sorted(strangers)):
            faces[record.assistant_id] = _assistant_face(record)
        for (conversation_id, assistant_id), row in contents.members.items():
            face = faces.get(assistant_id) or Face(row.name, row.image)
            participant = imported_assistant(row, ids.assistants.get(assistant_id), face)
            participant.announced_online = online.get(assistant_id)
            # Two assistants of the archive may be one here: active is what either of them was.
            known = conversations[conversation_id].participants.get(participant.id)
            participant.active = participant.active or (known is not None and known.active)
            conversations[conversation_id].participants[participant.id] = participant

    async def _faces_of_people(self, contents: ArchiveContents) -> dict[str, Face]:
        user_ids = sorted({user_id for _, user_id in contents.people})
        faces: dict[str, Face] = {}
        for start in range(0, len(user_ids), PROFILES_AT_ONCE):
            wanted = user_ids[start : start + PROFILES_AT_ONCE]
            for profile in await self._profiles.get_many(wanted):
                faces[profile.user_id] = _face(profile)
        return faces


def _same(
    own: Sequence[AssistantRecord], row: AssistantRow, service: Registration
) -> AssistantRecord | None:
    """The newest of one's own assistants that counts as the one in the archive."""
    wanted = (service.assistant_service_id, row.template_id, row.name)
    matching = [
        record
        for record in own
        if (record.assistant_service_id, record.template_id, record.name) == wanted
    ]
    return max(matching, key=_created, default=None)


def _new_assistant(
    row: AssistantRow, user_id: str, service: Registration, own: Sequence[AssistantRecord]
) -> AssistantRecord:
    return AssistantRecord(
        assistant_id=clock.new_uuid(),
        owner_id=user_id,
        name=numbered(row.name, [record.name for record in own]),
        image=row.image,
        metadata=row.meta_data,
        assistant_service_id=service.assistant_service_id,
        template_id=row.template_id,
        created=clock.now(),
    )


def _plan_files(
    archive: ArchiveReader, contents: ArchiveContents, ids: NewIds
) -> list[PlannedFile]:
    plans: list[PlannedFile] = []
    for row in contents.files.values():
        versions = contents.versions_of(row.file_id)
        entries = {version.version: contents.entry_of(version) for version in versions}
        sizes = {number: archive.size(entry) for number, entry in entries.items()}
        plans.append(PlannedFile(imported_file(row, versions, ids, sizes), list(entries.values())))
    return plans


def _face(profile: Profile) -> Face:
    return Face(profile.name, profile.image, profile.name_version, profile.service_user)


def _assistant_face(record: AssistantRecord) -> Face:
    return Face(
        record.name, record.image, record.name_version, service_id=record.assistant_service_id
    )


def _created(record: AssistantRecord) -> float:
    return record.created.timestamp()
