"""Routes of people."""

from shared import resources
from shared.api.endpoint import new_router
from shared.api.openapi.described import Described
from shared.container import App
from shared.contracts.users import UpdateUser, UserList, UsersQuery
from shared.contracts.users import User as UserView
from shared.domain.principals import User

router = new_router()


@router.get("users", name="users_all")
async def list_users(app: App, query: UsersQuery) -> UserList:
    """List the profiles of people by their ids."""
    return await app.profiles.list_users(query.id)


@router.get("users/me", name="users_me_get", queues=[resources.DELIVERIES_QUEUE])
async def get_me(app: App, caller: User) -> UserView:
    """Get one's own profile."""
    return await app.profiles.me(caller)


@router.put(
    "users/me",
    name="users_me_put",
    docs=Described(errors={409: "Too many changes at once"}),
    queues=[resources.DELIVERIES_QUEUE],
)
async def put_me(app: App, caller: User, body: UpdateUser) -> UserView:
    """Change one's own profile."""
    return await app.profiles.update_me(caller, body)
