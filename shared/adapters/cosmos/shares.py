"""Shares and their redemptions: the `shares` container, one partition for each share.

| id                  | type       | what                       |
| ------------------- | ---------- | -------------------------- |
| the share's own     | share      | the share                  |
| `redemption-{uuid}` | redemption | one redemption of the share |
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from azure.cosmos.exceptions import CosmosBatchOperationError, CosmosResourceNotFoundError

from shared import resources
from shared.adapters.cosmos.client import Cosmos, cosmos_errors
from shared.adapters.cosmos.documents import without_system_fields
from shared.domain.shares import Redemption, Share
from shared.errors import DependencyUnavailable, NotFound


class ShareRepository:
    """Reads and writes shares and redemptions."""

    def __init__(self, cosmos: Cosmos) -> None:
        self._cosmos = cosmos

    async def create(self, share: Share) -> None:
        """Store a new share."""
        await self._upsert(
            {"id": str(share.share_id), "type": "share", **share.model_dump(mode="json")}
        )

    async def get(self, share_id: UUID) -> Share | None:
        """A share, deleted or not, or None (one point read)."""
        document = await self._cosmos.find(resources.SHARES, str(share_id), str(share_id))
        return None if document is None else _share(document)

    async def get_many(self, share_ids: Sequence[UUID]) -> list[Share]:
        """The shares that exist, deleted or not."""
        keys = [(str(share_id), str(share_id)) for share_id in share_ids]
        return [_share(found) for found in await self._cosmos.read_many(resources.SHARES, keys)]

    async def mark_deleted(self, share_id: UUID, now: datetime) -> None:
        """Take a share from everybody (one request); raises NotFound."""
        container = await self._cosmos.container(resources.SHARES)
        mark = {"op": "set", "path": "/deleted", "value": now.isoformat()}
        with cosmos_errors():
            try:
                await container.patch_item(str(share_id), str(share_id), [mark])
            except CosmosResourceNotFoundError as error:
                raise NotFound from error

    async def record(self, redemption: Redemption) -> bool:
        """Store a redemption if its share is there (one request); whether it is.

        Storing it again changes nothing. Of a removed share nothing may be left: who removes
        it looks for redemptions afterwards.
        """
        container = await self._cosmos.container(resources.SHARES)
        document = {
            "id": _redemption_key(redemption.redemption_id),
            "type": "redemption",
            **redemption.model_dump(mode="json"),
        }
        share_id = str(redemption.share_id)
        with cosmos_errors():
            try:
                await container.execute_item_batch(
                    [("read", (share_id,)), ("upsert", (document,))], partition_key=share_id
                )
            except CosmosBatchOperationError as error:
                if error.status_code != 404:
                    raise
                return False
        return True

    async def with_redemptions(self, share_id: UUID) -> tuple[list[Share], list[Redemption]]:
        """A share, if it exists, and all its redemptions (one request for each page)."""
        found = await self._cosmos.query_partition(
            resources.SHARES, str(share_id), "SELECT * FROM c"
        )
        return _sorted(found)

    async def redemptions(
        self, places: Sequence[tuple[UUID, UUID]]
    ) -> tuple[list[Share], list[Redemption]]:
        """The redemptions at (share id, redemption id) that exist, and their shares."""
        shares = dict.fromkeys(share_id for share_id, _ in places)
        keys = [
            *((str(share_id), str(share_id)) for share_id in shares),
            *((_redemption_key(wanted), str(share_id)) for share_id, wanted in places),
        ]
        return _sorted(await self._cosmos.read_many(resources.SHARES, keys))

    async def some_redemptions(self, share_id: UUID, limit: int) -> list[Redemption]:
        """Up to `limit` redemptions of a share, whether it exists or not."""
        found = await self._cosmos.query_partition(
            resources.SHARES,
            str(share_id),
            f"SELECT TOP {limit} * FROM c WHERE c.type = 'redemption'",  # noqa: S608
        )
        return [_redemption(document) for document in found]

    async def remove_redemptions(self, share_id: UUID, redemptions: Sequence[Redemption]) -> None:
        """Remove up to 100 redemptions of a share in one batch."""
        container = await self._cosmos.container(resources.SHARES)
        with cosmos_errors():
            try:
                await container.execute_item_batch(
                    [("delete", (_redemption_key(one.redemption_id),)) for one in redemptions],
                    partition_key=str(share_id),
                )
            except CosmosBatchOperationError as error:
                # Somebody else removed one of them: the next look finds the rest.
                raise DependencyUnavailable from error

    async def remove(self, share_id: UUID) -> None:
        """Remove a share; removing one that isn't there changes nothing."""
        container = await self._cosmos.container(resources.SHARES)
        with cosmos_errors():
            try:
                await container.delete_item(str(share_id), partition_key=str(share_id))
            except CosmosResourceNotFoundError:
                return

    async def _upsert(self, document: dict[str, Any]) -> None:
        container = await self._cosmos.container(resources.SHARES)
        with cosmos_errors():
            await container.upsert_item(document)


def _redemption_key(redemption_id: UUID) -> str:
    return f"redemption-{redemption_id}"


def _sorted(documents: Sequence[dict[str, Any]]) -> tuple[list[Share], list[Redemption]]:
    return (
        [_share(document) for document in documents if document["type"] == "share"],
        [_redemption(document) for document in documents if document["type"] == "redemption"],
    )


def _share(document: dict[str, Any]) -> Share:
    return Share.model_validate(without_system_fields(document))


def _redemption(document: dict[str, Any]) -> Redemption:
    return Redemption.model_validate(without_system_fields(document))
