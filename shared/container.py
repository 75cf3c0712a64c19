"""The composition root: what is made of what, lazily and once for each process."""

from functools import cache, cached_property

from shared import settings as settings_module
from shared.adapters.web_pubsub import CLOCK_SKEW_SECONDS
from shared.outside import Outside
from shared.services.assistants import Assistants
from shared.services.authentication import Authentication
from shared.services.backlog import Backlogs
from shared.services.changes import Changes
from shared.services.connecting import Connecting
from shared.services.conversations import Conversations
from shared.services.dead_letters import DeadLetters
from shared.services.deliveries import Deliveries
from shared.services.duplicates import Duplicates
from shared.services.events import Events
from shared.services.exports import Exports
from shared.services.file_cleanup import FileCleanups
from shared.services.file_uploads import FileUploads
from shared.services.files import Files
from shared.services.import_assistants import ImportAssistants
from shared.services.import_planning import ImportPlanner
from shared.services.imports import Imports
from shared.services.leaving import Leaving
from shared.services.messages import Messages
from shared.services.nudges import Nudges
from shared.services.participants import Participants
from shared.services.profiles import Profiles
from shared.services.publications import Publications
from shared.services.publishing import Publisher
from shared.services.purges import Purges
from shared.services.registrations import Registrations
from shared.services.renames import Renames
from shared.services.replays import Replays
from shared.services.sending import Sender
from shared.services.service_status import ServiceStatuses
from shared.services.share_upkeep import ShareUpkeep
from shared.services.shares import Shares
from shared.services.speech import Speech
from shared.services.states import States
from shared.services.titles import Titles
from shared.services.transfer_blobs import TransferBlobs
from shared.services.unborn import Unborn
from shared.telemetry import quieten_libraries


class App(Outside):
    """Everything that the functions call, made when it is first asked for."""

    # --- what use cases share ---

    @cached_property
    def publisher(self) -> Publisher:
        """Real-time publication."""
        return Publisher(self.web_pubsub)

    @cached_property
    def nudges(self) -> Nudges:
        """Queue messages that make somebody look."""
        return Nudges(self.queues, self.settings.events.write_ahead_seconds)

    @cached_property
    def changes(self) -> Changes:
        """The write path."""
        return Changes(
            self.conversation_records,
            self.message_records,
            self.nudges,
            self.publisher,
            address_seconds=self.settings.web_pubsub.token_minutes * 60 + CLOCK_SKEW_SECONDS,
        )

    @cached_property
    def renames(self) -> Renames:
        """New names of people and assistants."""
        return Renames(
            self.profile_records,
            self.assistant_records,
            self.conversation_records,
            self.link_records,
            self.registration_records,
            self.queues,
            self.changes,
        )

    @cached_property
    def share_upkeep(self) -> ShareUpkeep:
        """What happens to shares in the background."""
        return ShareUpkeep(
            self.share_records, self.conversation_records, self.link_records, self.queues
        )

    @cached_property
    def connecting(self) -> Connecting:
        """Telling services of conversations."""
        return Connecting(self.registration_records, self.assistant_services)

    @cached_property
    def leaving(self) -> Leaving:
        """Assistants that are deleted."""
        return Leaving(
            self.assistant_records, self.conversation_records, self.changes, self.connecting
        )

    # --- use cases ---

    @cached_property
    def authentication(self) -> Authentication:
        """Who calls."""
        return Authentication(self.tokens, self.api_keys, self.registration_records)

    @cached_property
    def profiles(self) -> Profiles:
        """People."""
        return Profiles(self.profile_records, self.renames)

    @cached_property
    def conversations(self) -> Conversations:
        """Conversations."""
        return Conversations(
            self.conversation_records,
            self.message_records,
            self.link_records,
            self.registration_records,
            self.profiles,
            self.changes,
        )

    @cached_property
    def messages(self) -> Messages:
        """Messages."""
        return Messages(self.conversation_records, self.message_records, self.changes, self.titles)

    @cached_property
    def titles(self) -> Titles:
        """Titles by a model."""
        return Titles(
            self.conversation_records, self.message_records, self.title_model, self.changes
        )

    @cached_property
    def speech(self) -> Speech:
        """Tokens for the speech service."""
        return Speech(self.settings.azure_speech, self.speech_tokens)

    @cached_property
    def file_cleanups(self) -> FileCleanups:
        """Blobs that belong to nothing."""
        delay = self.settings.files.cleanup_seconds
        return FileCleanups(self.file_records, self.blobs, self.queues, delay)

    @cached_property
    def files(self) -> Files:
        """Files."""
        return Files(
            self.conversation_records,
            self.file_records,
            self.blobs,
            self.file_cleanups,
            self.changes,
            self.settings.files.download_address_seconds,
        )

    @cached_property
    def file_uploads(self) -> FileUploads:
        """Files that are too large for a request."""
        return FileUploads(
            self.conversation_records,
            self.file_records,
            self.blobs,
            self.file_cleanups,
            self.changes,
            self.settings.files,
        )

    @cached_property
    def participants(self) -> Participants:
        """Participants."""
        return Participants(
            self.conversation_records,
            self.assistant_records,
            self.profile_records,
            self.link_records,
            self.registration_records,
            self.changes,
            self.connecting,
        )

    @cached_property
    def events(self) -> Events:
        """Replay and real-time connections."""
        return Events(
            self.conversation_records,
            self.message_records,
            self.assistant_records,
            self.web_pubsub,
            self.settings.events.retention_seconds,
        )

    @cached_property
    def registrations(self) -> Registrations:
        """Assistant services."""
        return Registrations(
            self.registration_records,
            self.api_keys,
            self.assistant_services,
            self.queues,
            self.profiles,
        )

    @cached_property
    def assistants(self) -> Assistants:
        """Assistants."""
        return Assistants(
            self.assistant_records,
            self.conversation_records,
            self.link_records,
            self.registration_records,
            self.assistant_services,
            self.profiles,
            self.connecting,
            self.leaving,
            self.renames,
            self.settings.service.default_assistants,
        )

    @cached_property
    def states(self) -> States:
        """States of assistants."""
        return States(
            self.conversation_records,
            self.assistant_records,
            self.link_records,
            self.assistant_services,
            self.connecting,
            self.changes,
        )

    @cached_property
    def sender(self) -> Sender:
        """The way to an assistant."""
        return Sender(
            self.assistant_records,
            self.registration_records,
            self.assistant_services,
            self.web_pubsub,
        )

    @cached_property
    def backlogs(self) -> Backlogs:
        """What is left undone."""
        return Backlogs(self.backlog_records, self.queues)

    @cached_property
    def replays(self) -> Replays:
        """Dead letters that are to be sent once more."""
        return Replays(
            self.backlog_records, self.conversation_records, self.message_records, self.sender
        )

    @cached_property
    def deliveries(self) -> Deliveries:
        """Events on their way to assistants."""
        return Deliveries(
            self.conversation_records,
            self.message_records,
            self.cursor_records,
            self.sender,
            DeadLetters(self.cursor_records, self.settings.events),
            self.connecting,
            self.nudges,
            self.publisher,
        )

    @cached_property
    def purges(self) -> Purges:
        """The end of conversations."""
        return Purges(
            self.conversation_records,
            self.partitions,
            self.link_records,
            self.blobs,
            self.queues,
            self.changes,
            self.share_upkeep,
            self.publications,
            self.leaving,
            hold_seconds=self.settings.events.offline_hold_seconds,
        )

    @cached_property
    def shares(self) -> Shares:
        """Shares and redemptions."""
        return Shares(
            self.share_records,
            self.conversation_records,
            self.link_records,
            self.profile_records,
            self.profiles,
            self.changes,
            self.share_upkeep,
        )

    @cached_property
    def transfer_blobs(self) -> TransferBlobs:
        """Archives on their way."""
        return TransferBlobs(self.blobs, self.file_cleanups)

    @cached_property
    def unborn(self) -> Unborn:
        """Conversations that are being made."""
        return Unborn(
            self.conversation_records,
            self.link_records,
            self.purges,
            self.settings.transfers.cleanup_seconds,
        )

    @cached_property
    def publications(self) -> Publications:
        """What becomes visible together."""
        return Publications(self.publication_records, self.assistant_records, self.link_records)

    @cached_property
    def exports(self) -> Exports:
        """Archives that leave."""
        return Exports(
            self.conversation_records,
            self.assistant_records,
            self.link_records,
            self.file_records,
            self.bulk_reader,
            self.blobs,
            self.transfer_blobs,
            self.assistant_services,
            self.connecting,
            self.settings.transfers,
        )

    @cached_property
    def imports(self) -> Imports:
        """Archives that come."""
        return Imports(
            ImportPlanner(
                self.conversation_records,
                self.assistant_records,
                self.link_records,
                self.profile_records,
                self.registration_records,
            ),
            ImportAssistants(
                self.assistant_records, self.link_records, self.assistant_services, self.connecting
            ),
            self.unborn,
            self.publications,
            self.leaving,
            self.cosmos,
            self.profile_records,
            self.profiles,
            self.blobs,
            self.transfer_blobs,
            self.settings.transfers,
        )

    @cached_property
    def duplicates(self) -> Duplicates:
        """Copies of conversations."""
        return Duplicates(
            self.conversation_records,
            self.file_records,
            self.bulk_reader,
            self.cosmos,
            self.blobs,
            self.assistant_services,
            self.connecting,
            self.unborn,
            self.leaving,
        )

    @cached_property
    def service_statuses(self) -> ServiceStatuses:
        """Services that come and go."""
        return ServiceStatuses(
            self.registration_records,
            self.link_records,
            self.queues,
            self.changes,
            self.nudges,
        )


@cache
def app() -> App:
    """The application of this process, with the settings of its environment."""
    quieten_libraries()
    return App(settings_module.load())
