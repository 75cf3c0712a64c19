"""People, as the API shows them."""

from datetime import datetime

from pydantic import Field

from shared.contracts.base import Image, ShortText, WireModel


class User(WireModel):
    """A person's profile."""

    id: str
    name: str
    image: str | None
    service_user: bool
    created_datetime: datetime


class UserList(WireModel):
    """Several profiles."""

    users: list[User]


class UsersQuery(WireModel):
    """Whose profiles: `id`, repeated."""

    id: list[str] = Field(max_length=1000)


class UpdateUser(WireModel):
    """Changes to one's own profile; only the fields present are applied."""

    name: ShortText | None = None
    image: Image | None = None
