"""People's profiles: the `users` container."""

from collections.abc import Sequence
from datetime import datetime

from azure.core import MatchConditions
from azure.cosmos.exceptions import (
    CosmosAccessConditionFailedError,
    CosmosResourceExistsError,
)

from shared import resources
from shared.adapters.cosmos.client import Cosmos, cosmos_errors
from shared.adapters.cosmos.documents import without_system_fields
from shared.adapters.cosmos.keys import document_key
from shared.domain.conversation import Entity
from shared.errors import Conflict


class Profile(Entity):
    """A person as stored; `name_version` counts the changes of name and image."""

    user_id: str
    name: str
    image: str | None = None
    name_version: int = 0
    service_user: bool = False
    created: datetime


class ProfileRepository:
    """Reads and writes profiles; writes are conditional on what was read."""

    def __init__(self, cosmos: Cosmos) -> None:
        self._cosmos = cosmos

    async def get(self, user_id: str) -> tuple[Profile, str] | None:
        """A profile and its ETag, or None (one point read)."""
        key = document_key(user_id)
        document = await self._cosmos.find(resources.USERS, key, key)
        if document is None:
            return None
        return Profile.model_validate(without_system_fields(document)), document["_etag"]

    async def get_many(self, user_ids: Sequence[str]) -> list[Profile]:
        """The profiles that exist."""
        keys = [document_key(user_id) for user_id in dict.fromkeys(user_ids)]
        documents = await self._cosmos.read_many(resources.USERS, [(key, key) for key in keys])
        return [Profile.model_validate(without_system_fields(found)) for found in documents]

    async def create(self, profile: Profile) -> None:
        """Store a new profile; raises Conflict if there is one."""
        container = await self._cosmos.container(resources.USERS)
        with cosmos_errors():
            try:
                await container.create_item(_document(profile))
            except CosmosResourceExistsError as error:
                raise Conflict from error

    async def replace(self, profile: Profile, etag: str) -> None:
        """Store a changed profile; raises Conflict if somebody else changed it meanwhile."""
        container = await self._cosmos.container(resources.USERS)
        with cosmos_errors():
            try:
                await container.replace_item(
                    document_key(profile.user_id),
                    _document(profile),
                    etag=etag,
                    match_condition=MatchConditions.IfNotModified,
                )
            except CosmosAccessConditionFailedError as error:
                raise Conflict from error


def _document(profile: Profile) -> dict[str, object]:
    return {"id": document_key(profile.user_id), **profile.model_dump(mode="json")}
