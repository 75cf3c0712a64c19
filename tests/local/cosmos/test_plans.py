"""SQLite answers the queries that matter from indexes: the containers' real policies are used."""

from collections.abc import Iterator
from typing import Any

import pytest

from local.cosmos.catalog import Catalog
from local.cosmos.containers import Container
from local.cosmos.database import Database
from local.cosmos.queries import Queries, Question
from shared.resources import CONVERSATIONS, COSMOS_CONTAINERS, LINKS, SHARES


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    opened = Database(tmp_path_factory.mktemp("plans") / "cosmos.sqlite3")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def containers(database: Database) -> dict[str, Container]:
    catalog = Catalog(database)
    catalog.create_database({"id": "plans"})
    for one in COSMOS_CONTAINERS:
        definition: dict[str, Any] = {
            "id": one.name,
            "partitionKey": {"paths": [one.partition_key_path], "kind": "Hash", "version": 2},
            "indexingPolicy": one.indexing_policy(),
            "defaultTtl": one.default_ttl,
        }
        catalog.create_container("plans", definition)
    return {one.name: catalog.container("plans", one.name) for one in COSMOS_CONTAINERS}


LATEST = "SELECT TOP 100 * FROM c WHERE c.type = 'message' AND c.sequence < @n ORDER BY c.sequence"
PAIRS = " OR ".join(f"( c.id = @id{n} AND c.conversation_id = @pk{n} )" for n in range(100))


@pytest.mark.parametrize(
    ("container", "text", "columns"),
    [
        (CONVERSATIONS, f"{LATEST} DESC", 5),
        (CONVERSATIONS, LATEST, 5),
        (CONVERSATIONS, "SELECT * FROM c WHERE c.sequence > @n ORDER BY c.sequence", 3),
        (CONVERSATIONS, "SELECT * FROM c WHERE c.sequence > @n", 3),
        (CONVERSATIONS, "SELECT * FROM c WHERE c.type = 'message' AND c.sequence > @n", 5),
        (CONVERSATIONS, "SELECT * FROM c ORDER BY c.sequence DESC", 1),
        (CONVERSATIONS, "SELECT * FROM c WHERE c.type = 'file'", 3),
        (CONVERSATIONS, "SELECT * FROM c ORDER BY c.type DESC, c.sequence DESC", 1),
        (CONVERSATIONS, "SELECT * FROM c WHERE STARTSWITH(c.id, 'message:') ORDER BY c.id", 3),
        (LINKS, "SELECT * FROM c WHERE c.type = 'conversation'", 3),
        (SHARES, "SELECT * FROM c WHERE c.type = 'share'", 3),
    ],
)
def test_an_index_finds_and_orders(
    database: Database, containers: dict[str, Container], container: str, text: str, columns: int
):
    question = Question(text, (("@n", 5),), '["p"]')
    (step,) = Queries(database).explain(containers[container], question)
    assert step.startswith("SEARCH")
    assert "INDEX" in step
    assert step.count("?") == columns


@pytest.mark.parametrize(
    "text",
    [
        f"SELECT * FROM c WHERE ( {PAIRS} )",
        "SELECT * FROM c WHERE c.conversation_id = @pk0 AND c.id IN (@id1, @id2, @id3)",
        "SELECT * FROM c WHERE c.conversation_id = @pk0 AND ARRAY_CONTAINS(@ids, c.id)",
    ],
)
def test_reading_many_items_searches_for_each(
    database: Database, containers: dict[str, Container], text: str
):
    named = [(f"@{kind}{n}", f"{n}") for n in range(100) for kind in ("id", "pk")]
    question = Question(text, (*named, ("@ids", ["1", "2"])))
    steps = Queries(database).explain(containers[CONVERSATIONS], question)
    assert "(partition=? AND id=?)" in " ".join(steps)
    assert not [step for step in steps if "SCAN items" in step]


def test_the_id_as_partition_key_is_found_by_index(
    database: Database, containers: dict[str, Container]
):
    question = Question("SELECT * FROM c WHERE c.id IN (@a, @b)", (("@a", "1"), ("@b", "2")))
    steps = Queries(database).explain(containers["users"], question)
    assert steps[0].startswith("SEARCH")
    assert "(partition=?" in steps[0]
