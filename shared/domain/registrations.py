"""Registrations of assistant services, and when a service counts as online."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict


class Registration(BaseModel):
    """A registered assistant service as stored.

    `expires`: until then it is online. `announced_online`: what people were last told.
    """

    model_config = ConfigDict(defer_build=True)

    assistant_service_id: str
    created_by_user_id: str
    created_by_user_name: str
    created: datetime
    name: str
    description: str
    include_in_listing: bool = True
    api_key_name: str
    url: str = ""
    expires: datetime | None = None
    announced_online: bool = False
    etag: str = ""

    def online(self, now: datetime) -> bool:
        """Whether the service said recently enough that it is there."""
        return self.expires is not None and now < self.expires


def mask_api_key(api_key: str | None) -> str | None:
    """The first four characters and stars; a short key gives 32 stars, so as not to show it."""
    if api_key is None:
        return None
    shown = 4
    if len(api_key) <= shown:
        return "*" * 32
    return api_key[:shown] + "*" * (len(api_key) - shown)
