"""Hubs: which connections there are, of which user, in which groups."""

from collections.abc import Iterable, Iterator

from local.web_pubsub.connections import Connection
from local.web_pubsub.errors import not_found
from local.web_pubsub.filters import parse_filter
from local.web_pubsub.messages import Message

_Members = dict[str, Connection]


class Hub:
    """The connections of one hub; a user or a group exists while it has a connection."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._connections: _Members = {}
        self._groups: dict[str, _Members] = {}
        self._users: dict[str, _Members] = {}

    def add(self, connection: Connection, groups: Iterable[str]) -> None:
        """Take in a new connection and put it into groups."""
        self._connections[connection.connection_id] = connection
        if connection.user_id is not None:
            _add(self._users, connection.user_id, connection)
        for group in groups:
            self.join(connection, group)

    def remove(self, connection: Connection) -> None:
        """Let go of a connection that has ended."""
        self._connections.pop(connection.connection_id, None)
        if connection.user_id is not None:
            _remove(self._users, connection.user_id, connection)
        self.leave_all(connection)

    def join(self, connection: Connection, group: str) -> None:
        """Put a connection into a group."""
        connection.groups.add(group)
        _add(self._groups, group, connection)

    def leave(self, connection: Connection, group: str) -> None:
        """Take a connection out of a group."""
        connection.groups.discard(group)
        _remove(self._groups, group, connection)

    def leave_all(self, connection: Connection) -> None:
        """Take a connection out of all of its groups."""
        for group in list(connection.groups):
            self.leave(connection, group)

    def connection(self, connection_id: str) -> Connection:
        """Give a connection by its id; a 404 if there is none."""
        connection = self._connections.get(connection_id)
        if connection is None:
            raise not_found(f"connection {connection_id!r} does not exist in hub {self.name!r}")
        return connection

    def find(self, connection_id: str) -> list[Connection]:
        """Give the connection with an id, as a list that is empty if there is none."""
        connection = self._connections.get(connection_id)
        return [] if connection is None else [connection]

    def everyone(self) -> list[Connection]:
        """Give all connections, oldest first."""
        return list(self._connections.values())

    def of_user(self, user_id: str) -> list[Connection]:
        """Give the connections of a user."""
        return list(self._users.get(user_id, {}).values())

    def of_group(self, group: str) -> list[Connection]:
        """Give the connections in a group, in the order in which they joined."""
        return list(self._groups.get(group, {}).values())


class Hubs:
    """All hubs; one comes to be when it is first named."""

    def __init__(self) -> None:
        self._hubs: dict[str, Hub] = {}

    def get(self, key: str) -> Hub:
        """Give the hub with a key (see names.hub_key)."""
        hub = self._hubs.get(key)
        if hub is None:
            hub = self._hubs[key] = Hub(key)
        return hub

    def __iter__(self) -> Iterator[Hub]:
        return iter(list(self._hubs.values()))


def select(
    connections: Iterable[Connection], excluded: Iterable[str] = (), filter_text: str | None = None
) -> list[Connection]:
    """Leave out the connections with excluded ids and those that a filter does not match."""
    left_out = frozenset(excluded)
    chosen = [item for item in connections if item.connection_id not in left_out]
    if filter_text is None:
        return chosen
    condition = parse_filter(filter_text)
    return [connection for connection in chosen if condition.value(connection)]


def deliver(connections: Iterable[Connection], message: Message, ttl_seconds: int = 0) -> None:
    """Send a message to each of some connections."""
    for connection in connections:
        connection.deliver(message, ttl_seconds)


def _add(index: dict[str, _Members], key: str, connection: Connection) -> None:
    index.setdefault(key, {})[connection.connection_id] = connection


def _remove(index: dict[str, _Members], key: str, connection: Connection) -> None:
    members = index.get(key, {})
    members.pop(connection.connection_id, None)
    if not members:
        index.pop(key, None)
