"""The names of everything that must exist before the first request.

One truth for the code, infra/ and the local stack: Cosmos containers with their partition keys,
time to live and indexes, storage queues, tables and blob containers, and the Web PubSub hub.
Request code never creates any of them: in Azure a managed identity may not.
"""

from dataclasses import dataclass
from typing import Any

COSMOS_DATABASE = "workbench"

CONVERSATIONS = "conversations"
LINKS = "links"
ASSISTANTS = "assistants"
USERS = "users"
SHARES = "shares"

DELIVERIES_QUEUE = "assistant-deliveries"
SERVICE_STATUS_QUEUE = "service-status"
PURGES_QUEUE = "conversation-purges"
TITLES_QUEUE = "conversation-titles"
RENAMES_QUEUE = "participant-renames"
SHARES_QUEUE = "conversation-shares"
FILE_CLEANUPS_QUEUE = "file-cleanups"

REGISTRATIONS_TABLE = "AssistantServiceRegistrations"

FILES_BLOB_CONTAINER = "files"
"""Versions of conversations' files: `{conversation_id}/{file_id}/{version}-{unique}`."""

TRANSFERS_BLOB_CONTAINER = "transfers"
"""What is on its way: uploads by SAS before they are committed, archives to be fetched."""

WEB_PUBSUB_HUB = "workbench"


@dataclass(frozen=True)
class CosmosContainer:
    """One container: its partition key path, default time to live and indexing policy.

    `default_ttl` is in seconds; -1 means that only documents with a `ttl` of their own expire,
    None that nothing does. Indexing is opt-in: only `indexed_paths` and `composite_indexes`
    (tuples of path and order) are kept, because each indexed path makes every write dearer.
    """

    name: str
    partition_key_path: str
    default_ttl: int | None = None
    indexed_paths: tuple[str, ...] = ()
    composite_indexes: tuple[tuple[tuple[str, str], ...], ...] = ()

    def indexing_policy(self) -> dict[str, Any]:
        """The policy in the shape that the Cosmos REST API and Bicep share."""
        return {
            "indexingMode": "consistent",
            "automatic": True,
            "includedPaths": [{"path": path} for path in self.indexed_paths],
            "excludedPaths": [{"path": "/*"}, {"path": '/"_etag"/?'}],
            "compositeIndexes": [
                [{"path": path, "order": order} for path, order in composite]
                for composite in self.composite_indexes
            ],
        }


COSMOS_CONTAINERS = (
    CosmosContainer(
        CONVERSATIONS,
        "/conversation_id",
        default_ttl=-1,
        indexed_paths=("/sequence/?", "/type/?", "/filename/?", "/waiting_since/?"),
        composite_indexes=((("/type", "ascending"), ("/sequence", "ascending")),),
    ),
    CosmosContainer(LINKS, "/source", indexed_paths=("/type/?",)),
    CosmosContainer(ASSISTANTS, "/id"),
    CosmosContainer(USERS, "/id"),
    CosmosContainer(SHARES, "/share_id", indexed_paths=("/type/?",)),
)

QUEUES = (
    DELIVERIES_QUEUE,
    SERVICE_STATUS_QUEUE,
    PURGES_QUEUE,
    TITLES_QUEUE,
    RENAMES_QUEUE,
    SHARES_QUEUE,
    FILE_CLEANUPS_QUEUE,
)
POISON_QUEUES = tuple(f"{queue}-poison" for queue in QUEUES)
"""Where the host puts what failed too often; it is the host that names them so."""

TABLES = (REGISTRATIONS_TABLE,)
BLOB_CONTAINERS = (FILES_BLOB_CONTAINER, TRANSFERS_BLOB_CONTAINER)
