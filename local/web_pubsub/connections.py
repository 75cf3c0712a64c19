"""Client connections: plain, JSON and reliable JSON, each over a socket that may come and go."""

import asyncio
import uuid
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple

from local.web_pubsub.frames import connected_frame, disconnected_frame
from local.web_pubsub.messages import Message
from local.web_pubsub.outbox import Outbox
from local.web_pubsub.permissions import Permissions
from local.web_pubsub.settings import Settings

NORMAL_CLOSURE = 1000
POLICY_VIOLATION = 1008
_REMEMBERED_ACK_IDS = 1_000


@dataclass(eq=False)
class Connection:
    """A client's connection without a subprotocol; hubs know it until it has ended."""

    subprotocol: ClassVar[str | None] = None

    settings: Settings
    user_id: str | None
    permissions: Permissions
    on_end: Callable[["Connection"], None]
    connection_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    groups: set[str] = field(default_factory=set)
    ended: bool = False
    _outbox: Outbox | None = None

    @property
    def is_attached(self) -> bool:
        """Whether a socket is there now."""
        return self._outbox is not None

    def attach(self, outbox: Outbox) -> None:
        """Begin to send through a socket."""
        self._outbox = outbox

    def detach(self, outbox: Outbox, *, for_good: bool) -> None:  # noqa: ARG002
        """Take note that a socket is gone; one that has been replaced is ignored."""
        if outbox is self._outbox:
            self._outbox = None
            self.forget()

    def deliver(self, message: Message, ttl_seconds: int = 0) -> None:  # noqa: ARG002
        """Send a message, at most once; the time to live matters to reliable clients only."""
        self.send(message.plain)

    def send(self, frame: str | bytes) -> None:
        """Send a frame; a client too slow to keep up with is cut off."""
        if self._outbox is not None and not self._outbox.put(frame):
            self.drop()

    def drop(self) -> bool:
        """Drop the socket without a close handshake; False when there is none."""
        if self._outbox is None:
            return False
        self._outbox.abort()
        return True

    def end(self, reason: str, code: int = NORMAL_CLOSURE) -> None:
        """End the connection for good and close its socket with a code and a reason."""
        outbox = self._outbox
        self.forget()
        if outbox is not None:
            outbox.close(code, reason)

    async def settle(self) -> None:
        """Wait until the socket of a connection that has been ended is closed."""
        if self._outbox is not None:
            await self._outbox.finish()

    def forget(self) -> None:
        """End the connection, whose socket is gone or going."""
        if not self.ended:
            self.ended = True
            self.on_end(self)


@dataclass(eq=False)
class JsonConnection(Connection):
    """A connection with the subprotocol json.webpubsub.azure.v1."""

    subprotocol: ClassVar[str | None] = "json.webpubsub.azure.v1"

    _done_ack_ids: OrderedDict[int, None] = field(default_factory=OrderedDict)

    def attach(self, outbox: Outbox) -> None:
        """Begin to send through a socket, first of all that the client is connected."""
        super().attach(outbox)
        self.send(connected_frame(self.connection_id, self.user_id, None))

    def deliver(self, message: Message, ttl_seconds: int = 0) -> None:  # noqa: ARG002
        """Send a message, at most once; the time to live matters to reliable clients only."""
        self.send(message.frame())

    def end(self, reason: str, code: int = NORMAL_CLOSURE) -> None:
        """End the connection for good, telling the client why."""
        self.send(disconnected_frame(reason))
        super().end(reason, code)

    def is_done(self, ack_id: int) -> bool:
        """Tell whether a frame with this ackId has been carried out already."""
        return ack_id in self._done_ack_ids

    def remember_done(self, ack_id: int) -> None:
        """Remember an ackId; only successes, since clients take `Duplicate` for a success."""
        self._done_ack_ids[ack_id] = None
        if len(self._done_ack_ids) > _REMEMBERED_ACK_IDS:
            self._done_ack_ids.popitem(last=False)


class _Unacked(NamedTuple):
    sequence_id: int
    frame: str
    expiry: float | None


@dataclass(eq=False)
class ReliableConnection(JsonConnection):
    """A connection with json.reliable.webpubsub.azure.v1: it outlives its sockets for a while."""

    subprotocol: ClassVar[str | None] = "json.reliable.webpubsub.azure.v1"

    reconnection_token: str = ""
    _sequence_id: int = 0
    _unacked: deque[_Unacked] = field(default_factory=deque)
    _unacked_size: int = 0
    _expiry: asyncio.TimerHandle | None = None

    def attach(self, outbox: Outbox) -> None:
        """Go on with a socket: a former one is dropped, what is unacknowledged is sent again."""
        former, self._outbox = self._outbox, outbox
        if former is not None:
            former.abort()
        self._cancel_expiry()
        self.send(connected_frame(self.connection_id, self.user_id, self.reconnection_token))
        now = self.settings.clock()
        for unacked in self._unacked:
            if unacked.expiry is None or now < unacked.expiry:
                self.send(unacked.frame)

    def detach(self, outbox: Outbox, *, for_good: bool) -> None:
        """Keep the state for a client that may come back, unless it left for good."""
        if for_good or self.ended:
            super().detach(outbox, for_good=for_good)
        elif outbox is self._outbox:
            self._outbox = None
            loop = asyncio.get_running_loop()
            self._expiry = loop.call_later(self.settings.recovery_seconds, self.forget)

    def deliver(self, message: Message, ttl_seconds: int = 0) -> None:
        """Send a message and keep it until the client acknowledges it or its time is over."""
        self._sequence_id += 1
        frame = message.frame(self._sequence_id)
        expiry = self.settings.clock() + ttl_seconds if ttl_seconds else None
        self._unacked.append(_Unacked(self._sequence_id, frame, expiry))
        self._unacked_size += len(frame)
        if (
            len(self._unacked) > self.settings.max_unacked_messages
            or self._unacked_size > self.settings.max_unacked_size
        ):
            self.end("too many messages are unacknowledged", POLICY_VIOLATION)
        else:
            self.send(frame)

    def acknowledge(self, sequence_id: int) -> None:
        """Let go of the messages up to a sequence id."""
        while self._unacked and self._unacked[0].sequence_id <= sequence_id:
            self._unacked_size -= len(self._unacked.popleft().frame)

    def forget(self) -> None:
        """End the connection, whose socket is gone or going."""
        self._cancel_expiry()
        super().forget()

    def _cancel_expiry(self) -> None:
        if self._expiry is not None:
            self._expiry.cancel()
            self._expiry = None


SUBPROTOCOLS: dict[str, type[JsonConnection]] = {
    "json.webpubsub.azure.v1": JsonConnection,
    "json.reliable.webpubsub.azure.v1": ReliableConnection,
}
