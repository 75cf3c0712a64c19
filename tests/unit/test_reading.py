"""How documents are read by id and partition key: the query depends on where they are."""

from shared import resources
from shared.adapters.cosmos.reading import Key, PageQuery, key_of, page_query


def parameters(**values: str) -> list[dict[str, object]]:
    """Parameters as the SDK takes them."""
    return [{"name": f"@{name}", "value": value} for name, value in values.items()]


def test_documents_of_one_partition_are_asked_for_there_by_their_ids() -> None:
    keys: list[Key] = [("file-a", "c1"), ("file-b", "c1")]

    assert page_query(resources.CONVERSATIONS, keys) == PageQuery(
        "SELECT * FROM c WHERE c.id IN (@id0, @id1)", parameters(id0="file-a", id1="file-b"), "c1"
    )


def test_documents_that_are_their_own_partitions_are_asked_for_by_their_ids_alone() -> None:
    keys: list[Key] = [("a1", "a1"), ("a2", "a2")]

    assert page_query(resources.ASSISTANTS, keys) == PageQuery(
        "SELECT * FROM c WHERE c.id IN (@id0, @id1)", parameters(id0="a1", id1="a2")
    )


def test_documents_of_several_partitions_are_asked_for_by_pairs() -> None:
    keys: list[Key] = [("s1", "s1"), ("redemption-r", "s1"), ("s2", "s2")]

    assert page_query(resources.SHARES, keys) == PageQuery(
        "SELECT * FROM c WHERE (c.id = @id0 AND c.share_id = @key0)"
        " OR (c.id = @id1 AND c.share_id = @key1) OR (c.id = @id2 AND c.share_id = @key2)",
        parameters(id0="s1", id1="redemption-r", id2="s2", key0="s1", key1="s1", key2="s2"),
    )


def test_a_document_says_where_it_is() -> None:
    assert key_of(resources.SHARES, {"id": "s1", "share_id": "s1"}) == ("s1", "s1")
    assert key_of(resources.USERS, {"id": "u1"}) == ("u1", "u1")
