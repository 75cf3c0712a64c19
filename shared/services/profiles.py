"""People: their profile follows their token, and they may change it."""

from shared import clock
from shared.adapters.cosmos.profiles import Profile, ProfileRepository
from shared.contracts.users import UpdateUser, UserList
from shared.contracts.users import User as UserView
from shared.domain.principals import User
from shared.domain.renames import is_renamed
from shared.errors import Conflict, DependencyUnavailable
from shared.services.renames import RenameRequest, Renames

ATTEMPTS = 5


class Profiles:
    """Use cases around people's profiles."""

    def __init__(self, profiles: ProfileRepository, renames: Renames) -> None:
        self._profiles = profiles
        self._renames = renames

    async def ensure(self, user: User) -> Profile:
        """The caller's profile, made or renamed after their token where need be.

        Renaming is a change of conversations: the route must write to the deliveries' queue.
        """
        return await self._put(user, UpdateUser(name=user.name))

    async def me(self, user: User) -> UserView:
        """The caller's own profile."""
        return profile_view(await self.ensure(user))

    async def update_me(self, user: User, update: UpdateUser) -> UserView:
        """Change the fields that are present; a name is kept until the next token differs."""
        return profile_view(await self._put(user, update))

    async def list_users(self, user_ids: list[str]) -> UserList:
        """The profiles that exist among the ids."""
        return UserList(
            users=[profile_view(found) for found in await self._profiles.get_many(user_ids)]
        )

    async def _put(self, user: User, update: UpdateUser) -> Profile:
        """Read, change, write on condition: again if somebody else was faster."""
        renaming: RenameRequest | None = None
        for _ in range(ATTEMPTS):
            found = await self._profiles.get(user.user_id)
            profile, etag = found or (None, "")
            changed = _changed(profile, update) if profile else _new_profile(user, update)
            try:
                if profile is None:
                    await self._profiles.create(changed)
                elif is_renamed(profile, changed):
                    changed.name_version += 1
                    renaming = renaming or await self._renames.ahead(user_id=user.user_id)
                    await self._profiles.replace(changed, etag)
            except Conflict:
                continue
            # Also where the name was there already: perhaps by an attempt of our own.
            if renaming is not None:
                await self._renames.finish(renaming, changed)
            return changed
        raise DependencyUnavailable


def _new_profile(user: User, update: UpdateUser) -> Profile:
    return Profile(
        user_id=user.user_id,
        name=update.name or user.name,
        image=update.image,
        created=clock.now(),
    )


def _changed(profile: Profile, update: UpdateUser) -> Profile:
    """The profile with the fields that are present; a name can't be taken away."""
    changes = {name: getattr(update, name) for name in update.model_fields_set}
    if changes.get("name", "") is None:
        del changes["name"]
    return profile.model_copy(update=changes)


def profile_view(profile: Profile) -> UserView:
    """A profile as the API shows it."""
    return UserView(
        id=profile.user_id,
        name=profile.name,
        image=profile.image,
        service_user=profile.service_user,
        created_datetime=profile.created,
    )
