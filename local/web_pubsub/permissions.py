"""What a client may do by itself: join and leave groups, send to groups."""

from collections.abc import Iterable

from local.web_pubsub.errors import bad_request, not_supported

JOIN_LEAVE = "joinLeaveGroup"
SEND = "sendToGroup"
PERMISSIONS = (JOIN_LEAVE, SEND)
_PREFIX = "webpubsub."


class Permissions:
    """The permissions of one connection, each for all groups or for named ones."""

    def __init__(self, roles: Iterable[str] = ()) -> None:
        self._all: set[str] = set()
        self._named: set[tuple[str, str]] = set()
        for role in roles:
            self._add_role(role)

    def grant(self, permission: str, group: str | None) -> None:
        """Grant a permission for one group, or for all when group is None."""
        if group is None:
            self._all.add(permission)
        else:
            self._named.add((permission, group))

    def revoke(self, permission: str, group: str | None) -> None:
        """Take a permission back for one group, or altogether when group is None."""
        if group is None:
            self._all.discard(permission)
            self._named = {named for named in self._named if named[0] != permission}
        else:
            self._named.discard((permission, group))

    def allow(self, permission: str, group: str | None) -> bool:
        """Tell whether a permission is held for one group, or for all when group is None."""
        return permission in self._all or (group is not None and (permission, group) in self._named)

    def _add_role(self, role: str) -> None:
        if not role.startswith(_PREFIX):
            return  # an application's own role, of no meaning to the service
        permission, _, group = role.removeprefix(_PREFIX).partition(".")
        if permission in ("joinLeaveGroups", "sendToGroups"):
            raise not_supported(f"role {role!r} (group patterns)")
        if permission in PERMISSIONS:
            self.grant(permission, group or None)


def permission_name(name: str) -> str:
    """Give back a permission's name; an unknown one is a 400."""
    if name not in PERMISSIONS:
        raise bad_request(f"permission {name!r}: expected one of {', '.join(PERMISSIONS)}")
    return name
