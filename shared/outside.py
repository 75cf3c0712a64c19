"""The outside world, as use cases see it: adapters and repositories, made when first asked for."""

from functools import cached_property

from shared.adapters.api_keys import ApiKeyStore, api_key_store
from shared.adapters.assistant_http import AssistantServices
from shared.adapters.blobs import Blobs
from shared.adapters.cosmos.assistants import AssistantRepository
from shared.adapters.cosmos.backlog import BacklogRepository
from shared.adapters.cosmos.bulk import BulkReader
from shared.adapters.cosmos.client import Cosmos
from shared.adapters.cosmos.conversations import ConversationRepository
from shared.adapters.cosmos.cursors import CursorRepository
from shared.adapters.cosmos.files import FileRepository
from shared.adapters.cosmos.links import LinkRepository
from shared.adapters.cosmos.messages import MessageRepository
from shared.adapters.cosmos.partitions import ConversationPartitions
from shared.adapters.cosmos.profiles import ProfileRepository
from shared.adapters.cosmos.publications import PublicationRepository
from shared.adapters.cosmos.shares import ShareRepository
from shared.adapters.entra import TokenVerifier
from shared.adapters.openai_titles import TitleModel
from shared.adapters.queues import Queues
from shared.adapters.registrations import RegistrationRepository
from shared.adapters.speech import SpeechTokens
from shared.adapters.web_pubsub import WebPubSub
from shared.settings import Settings


class Outside:
    """The adapters and repositories of one process."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    # --- the outside world ---

    @cached_property
    def cosmos(self) -> Cosmos:
        """The database."""
        return Cosmos(self.settings.cosmos)

    @cached_property
    def queues(self) -> Queues:
        """The storage queues."""
        return Queues(self.settings.storage)

    @cached_property
    def blobs(self) -> Blobs:
        """The bytes of files and archives."""
        return Blobs(self.settings.storage)

    @cached_property
    def registration_records(self) -> RegistrationRepository:
        """The table of assistant services."""
        return RegistrationRepository(self.settings.storage)

    @cached_property
    def web_pubsub(self) -> WebPubSub:
        """The real-time channel."""
        return WebPubSub(self.settings.web_pubsub)

    @cached_property
    def api_keys(self) -> ApiKeyStore:
        """The keys of assistant services."""
        return api_key_store(self.settings.service.assistant_api_key)

    @cached_property
    def assistant_services(self) -> AssistantServices:
        """The assistant services' HTTP interface."""
        return AssistantServices(self.api_keys)

    @cached_property
    def tokens(self) -> TokenVerifier:
        """The verification of people's tokens."""
        return TokenVerifier(self.settings.auth)

    @cached_property
    def title_model(self) -> TitleModel:
        """The model that proposes titles."""
        return TitleModel(self.settings.service)

    @cached_property
    def speech_tokens(self) -> SpeechTokens:
        """Tokens of Azure's speech service."""
        return SpeechTokens(self.settings.azure_speech.client_id)

    # --- repositories ---

    @cached_property
    def conversation_records(self) -> ConversationRepository:
        """The aggregates."""
        return ConversationRepository(self.cosmos, self.settings.events.retention_seconds)

    @cached_property
    def message_records(self) -> MessageRepository:
        """Messages and events."""
        return MessageRepository(self.cosmos, self.conversation_records)

    @cached_property
    def cursor_records(self) -> CursorRepository:
        """Delivery cursors."""
        return CursorRepository(self.cosmos)

    @cached_property
    def backlog_records(self) -> BacklogRepository:
        """What has not reached its assistant."""
        return BacklogRepository(self.cosmos)

    @cached_property
    def link_records(self) -> LinkRepository:
        """The adjacency list."""
        return LinkRepository(self.cosmos)

    @cached_property
    def assistant_records(self) -> AssistantRepository:
        """Assistants."""
        return AssistantRepository(self.cosmos)

    @cached_property
    def file_records(self) -> FileRepository:
        """Files."""
        return FileRepository(self.cosmos)

    @cached_property
    def partitions(self) -> ConversationPartitions:
        """Whole partitions of conversations."""
        return ConversationPartitions(self.cosmos)

    @cached_property
    def profile_records(self) -> ProfileRepository:
        """Profiles."""
        return ProfileRepository(self.cosmos)

    @cached_property
    def publication_records(self) -> PublicationRepository:
        """What becomes visible together."""
        return PublicationRepository(self.cosmos)

    @cached_property
    def share_records(self) -> ShareRepository:
        """Shares and redemptions."""
        return ShareRepository(self.cosmos)

    @cached_property
    def bulk_reader(self) -> BulkReader:
        """Whole conversations, page by page."""
        return BulkReader(self.cosmos)
