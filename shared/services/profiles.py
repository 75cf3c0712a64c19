"""People: their profile follows their token, and they may change it."""

from shared import clock
from shared.adapters.cosmos.profiles import Profile, ProfileRepository
from shared.contracts.users import UpdateUser, UserList
from shared.contracts.users import User as UserView
from shared.domain.principals import User
from shared.domain.renames import is_renamed
from shared.errors import Conflict, DependencyUnavailable
from shared.services.renames import Renames

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
        for _ in range(ATTEMPTS):
            try:
                return await self._try_put(user, update)
            except Conflict:
                continue
        raise DependencyUnavailable

    async def _try_put(self, user: User, update: UpdateUser) -> Profile:
        found = await self._profiles.get(user.user_id)
        if found is None:
            profile = Profile(
                user_id=user.user_id,
                name=update.name or user.name,
                image=update.image,
                created=clock.now(),
            )
            await self._profiles.create(profile)
            return profile
        profile, etag = found
        changes = {name: getattr(update, name) for name in update.model_fields_set}
        if changes.get("name", "") is None:
            del changes["name"]
        changed = profile.model_copy(update=changes)
        if is_renamed(profile, changed):
            return await self._rename(changed, etag)
        return changed

    async def _rename(self, changed: Profile, etag: str) -> Profile:
        changed.name_version += 1
        request = await self._renames.ahead(user_id=changed.user_id)
        await self._profiles.replace(changed, etag)
        await self._renames.finish(request, changed)
        return changed


def profile_view(profile: Profile) -> UserView:
    """A profile as the API shows it."""
    return UserView(
        id=profile.user_id,
        name=profile.name,
        image=profile.image,
        service_user=profile.service_user,
        created_datetime=profile.created,
    )
