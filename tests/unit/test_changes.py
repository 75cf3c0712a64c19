"""The write path where the database is at its worst: what no test through the API can time."""

from collections.abc import Callable
from typing import Any

import pytest

from shared import invocation
from shared.adapters.cosmos.client import UncertainWriteError
from shared.adapters.cosmos.conversations import Loaded, StaleConversationError
from shared.contracts.messages import NewConversationMessage
from shared.contracts.participants import UpdateParticipant
from shared.domain.changes import Change, Event
from shared.domain.conversation import Conversation, Message
from shared.domain.messages import PostMessage
from shared.domain.participants import UpdateOwnParticipant
from shared.errors import Conflict, DependencyUnavailable, NotFound
from shared.services import changes as changes_module
from shared.services.changes import MAX_ATTEMPTS, Changes
from tests.unit.builders import ADA, BOB, assistant, conversation, message, person

Fault = Callable[["Database", Change[Any]], None]


class Database:
    """One conversation as stored, and a cached copy of it; `faults` meet commits in order."""

    def __init__(self, stored: Conversation, cached: Conversation | None = None) -> None:
        self.stored = stored
        self.cached = cached
        self.faults: list[Fault] = []
        self.announced_so_far: dict[int, Message | Event] = {}
        self.loads = 0
        self.commits = 0

    async def load(self, _: object) -> Loaded:
        self.loads += 1
        return Loaded(self.stored.model_copy(deep=True), "etag", fresh=True)

    async def load_for_write(self, conversation_id: object) -> Loaded:
        if self.cached is None:
            return await self.load(conversation_id)
        return Loaded(self.cached.model_copy(deep=True), "old etag", fresh=False)

    def forget(self, _: object) -> None:
        self.cached = None

    async def commit(self, loaded: Loaded, change: Change[Any], _: object) -> None:
        self.commits += 1
        change.number()
        if not loaded.fresh and self.cached != self.stored:
            raise StaleConversationError
        if self.faults:
            self.faults.pop(0)(self, change)
        self.store(change)

    def store(self, change: Change[Any]) -> None:
        """What a commit does."""
        self.stored = change.conversation.model_copy(deep=True)
        self.announced_so_far |= {found.sequence: found for found in change.announcements}

    async def announced(self, _: object, event_id: str, sequence: int) -> bool:
        found = self.announced_so_far.get(sequence)
        return found is not None and found.event_id == event_id

    async def find(self, _: object, message_id: object) -> Message | None:
        for found in self.announced_so_far.values():
            if isinstance(found, Message) and found.message_id == message_id:
                return found
        return None


class Listener:
    """Stands for nudges and for the publisher: remembers what was sent."""

    def __init__(self) -> None:
        self.published: list[Message | Event] = []
        self.covered = 0
        self.nudged = 0

    async def cover(self, _: object) -> None:
        self.covered += 1

    def committed(self, _: object) -> None:
        self.nudged += 1

    async def publish(self, _: object, announcements: list[Message | Event]) -> None:
        self.published += announcements


def stale(_: Database, __: Change[Any]) -> None:
    """Somebody else was faster."""
    raise StaleConversationError


def lost(_: Database, __: Change[Any]) -> None:
    """The connection broke before the write arrived."""
    raise UncertainWriteError


def unconfirmed(database: Database, change: Change[Any]) -> None:
    """The connection broke after the write arrived."""
    database.store(change)
    raise UncertainWriteError


def sent_twice(database: Database, change: Change[Any]) -> None:
    """The SDK sent the write again, and met its own first attempt."""
    database.store(change)
    raise StaleConversationError


def taken(_: Database, __: Change[Any]) -> None:
    """There is a message of that id."""
    raise Conflict


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts follow each other at once, within one invocation."""
    monkeypatch.setattr(changes_module, "MAX_BACKOFF_SECONDS", 0)
    invocation.begin(None)


@pytest.fixture
def listener() -> Listener:
    return Listener()


def changes_of(database: Any, listener: Any) -> Changes:
    """The write path over the fakes."""
    return Changes(database, database, listener, listener, address_seconds=60)


def posting(database: Database) -> PostMessage:
    """A command of Ada's."""
    made = message(database.stored)
    return PostMessage(
        ADA, NewConversationMessage(content="hello"), made.message_id, made.event_id, "c"
    )


async def post(database: Database, listener: Listener) -> None:
    """Ada posts a message."""
    changes = changes_of(database, listener)
    await changes.apply(database.stored.conversation_id, posting(database))


async def test_a_change_costs_one_commit(listener: Listener) -> None:
    subject = conversation(person(), assistant())
    database = Database(subject, cached=subject)

    await post(database, listener)

    assert (database.loads, database.commits) == (0, 1)
    assert (listener.covered, listener.nudged, len(listener.published)) == (1, 1, 1)
    assert database.stored.last_sequence == 1


@pytest.mark.parametrize(
    ("faults", "commits"),
    [
        ([stale], 2),
        ([stale, stale, stale], 4),
        ([lost], 2),
        ([lost, stale], 3),
        ([unconfirmed], 1),
        ([sent_twice], 1),
        ([stale, unconfirmed], 2),
        ([lost, sent_twice], 2),
    ],
)
async def test_a_change_is_stored_and_told_exactly_once(
    listener: Listener, faults: list[Fault], commits: int
) -> None:
    database = Database(conversation(last_sequence=4))
    database.faults = list(faults)

    await post(database, listener)

    assert database.commits == commits
    assert database.stored.last_sequence == 5
    assert list(database.announced_so_far) == [5]
    assert [found.sequence for found in listener.published] == [5]


async def test_a_stale_copy_is_replaced_by_what_is_stored(listener: Listener) -> None:
    old = conversation()
    stored = old.model_copy(update={"last_sequence": 9})
    database = Database(stored, cached=old)

    await post(database, listener)

    assert [found.sequence for found in listener.published] == [10]
    assert (database.loads, database.commits) == (1, 2)


async def test_a_cached_copy_never_proves_a_refusal(listener: Listener) -> None:
    before_ada_came = conversation(person(BOB))
    stored = before_ada_came.model_copy(
        update={"participants": {found.id: found for found in (person(BOB), person())}}
    )

    await post(Database(stored, cached=before_ada_came), listener)

    assert len(listener.published) == 1


async def test_a_cached_copy_never_proves_that_there_is_nothing_to_do(listener: Listener) -> None:
    old = conversation(person(status="busy"))
    database = Database(conversation(person(status="idle")), cached=old)
    command = UpdateOwnParticipant(ADA, ADA.user_id, UpdateParticipant(status="busy"), "c")

    await changes_of(database, listener).apply(old.conversation_id, command)

    assert database.stored.participants[ADA.user_id].status == "busy"


async def test_a_refusal_is_proved_by_a_fresh_copy(listener: Listener) -> None:
    stored = conversation(person(BOB))
    database = Database(stored, cached=stored)

    with pytest.raises(NotFound):
        await post(database, listener)

    assert (database.loads, database.commits, listener.published) == (1, 0, [])


async def test_nothing_to_do_is_neither_stored_nor_told(listener: Listener) -> None:
    database = Database(conversation(person(status="busy")))
    command = UpdateOwnParticipant(ADA, ADA.user_id, UpdateParticipant(status="busy"), "c")

    await changes_of(database, listener).apply(database.stored.conversation_id, command)

    assert (database.commits, listener.nudged, listener.published) == (0, 0, [])


async def test_a_message_id_that_is_taken_is_a_conflict(listener: Listener) -> None:
    database = Database(conversation())
    database.faults = [taken]

    with pytest.raises(Conflict):
        await post(database, listener)

    assert listener.published == []


async def test_a_message_that_an_attempt_before_stored_is_told_under_its_number(
    listener: Listener,
) -> None:
    database = Database(conversation())
    command = posting(database)
    changes = changes_of(database, listener)
    await changes.apply(database.stored.conversation_id, command)
    database.faults = [taken]

    await changes.apply(database.stored.conversation_id, command)

    assert [found.sequence for found in listener.published] == [1, 1]
    assert database.stored.last_sequence == 1


async def test_a_conversation_that_is_too_busy_gives_up_in_the_end(listener: Listener) -> None:
    database = Database(conversation())
    database.faults = [stale] * (MAX_ATTEMPTS + 1)

    with pytest.raises(DependencyUnavailable):
        await post(database, listener)

    assert database.commits == MAX_ATTEMPTS
    assert listener.published == []
