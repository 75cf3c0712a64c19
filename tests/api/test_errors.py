"""What a refused request is told, and that it leaves nothing behind."""

import json
import re
import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from local.stack.stack import Stack
from tests.api.builders import (
    admit,
    answer_of,
    contents_of,
    events_of,
    get_conversation,
    post_message,
)
from tests.api.conftest import Person

JSON = {"Content-Type": "application/json"}
HEX_ID = re.compile(r"[0-9a-f]{32}")


def nested(depth: int) -> str:
    """A JSON object in objects, as many levels deep."""
    return '{"a":' * depth + "1" + "}" * depth


class TestPaths:
    """The root, and paths and methods that nothing takes."""

    async def test_the_root_answers_anybody_with_nothing(self, stack: Stack) -> None:
        async with stack.api() as nobody:
            for method in ("GET", "HEAD"):
                response = await nobody.request(method, "/")
                assert (response.status_code, response.content) == (200, b"")

    @pytest.mark.parametrize(
        "path", ["/x", "/conversations/x/y/z", "/assistant-service", "/users/me/x", "/favicon.ico"]
    )
    async def test_an_unknown_path_is_401_to_strangers_and_404_to_others(
        self, stack: Stack, ada: httpx.AsyncClient, path: str
    ) -> None:
        async with stack.api() as nobody:
            assert (await nobody.get(path)).status_code == 401
        known = await ada.get(path)
        assert (known.status_code, known.json()) == (404, {"detail": "Not Found"})

    @pytest.mark.parametrize(
        ("method", "path", "allowed"),
        [
            ("DELETE", "/users/me", "GET, PUT"),
            ("PUT", "/conversations", "GET, POST"),
            ("POST", "/conversations/{cid}/messages/{id}", "DELETE, GET"),
            ("DELETE", "/conversations/{cid}/participants/me", "GET, PATCH, PUT"),
            ("GET", "/events/negotiate", "POST"),
            ("GET", "/conversations/{cid}/events/negotiate", "POST"),
            ("POST", "/", "GET, HEAD"),
            ("PATCH", "/conversations/{cid}/files", "GET, PUT"),
            ("DELETE", "/conversations/{cid}/files/", "GET, PUT"),
            ("PATCH", "/assistant-service-registrations", "GET, POST"),
        ],
    )
    async def test_a_wrong_method_is_405_and_told_the_right_ones(
        self, ada: httpx.AsyncClient, method: str, path: str, allowed: str
    ) -> None:
        path = path.format(cid=uuid.uuid4(), id=uuid.uuid4())
        response = await ada.request(method, path)

        assert (response.status_code, response.json()) == (405, {"detail": "Method Not Allowed"})
        assert response.headers["allow"] == allowed

    async def test_head_is_not_offered_beside_get(self, ada: httpx.AsyncClient) -> None:
        response = await ada.head("/users/me")

        assert (response.status_code, response.content) == (405, b"")

    async def test_options_need_no_credentials(self, stack: Stack) -> None:
        async with stack.api() as nobody:
            assert (await nobody.options("/users/me")).status_code == 405
            assert (await nobody.options("/x")).status_code == 404

    async def test_an_unsupported_method_is_never_a_server_error(
        self, ada: httpx.AsyncClient
    ) -> None:
        for method in ("TRACE", "PURGE"):
            assert (await ada.request(method, "/users/me")).status_code in (404, 405)


class TestRequestId:
    """X-Request-ID in, out, and along with events."""

    @pytest.mark.parametrize("form", ["hex", "hyphens"])
    async def test_a_random_uuid_is_echoed_and_goes_with_the_event(
        self, ada: httpx.AsyncClient, cid: str, form: str
    ) -> None:
        given = uuid.uuid4().hex if form == "hex" else str(uuid.uuid4())
        response = await ada.patch(
            f"/conversations/{cid}", json={"title": "T"}, headers={"X-Request-ID": given}
        )

        assert response.headers["x-request-id"] == given
        assert [event["correlation_id"] for event in await events_of(ada, cid)] == [given]

    @pytest.mark.parametrize(
        "given",
        [None, "", "1", "3f0c6f0e-5d8b-11f1-9c55-0d4d3a6f1b2c", "x" * 500, str(uuid.UUID(int=0))],
    )
    async def test_anything_else_is_replaced(
        self, ada: httpx.AsyncClient, given: str | None
    ) -> None:
        headers = {} if given is None else {"X-Request-ID": given}
        response = await ada.get("/users/me", headers=headers)

        assert HEX_ID.fullmatch(response.headers["x-request-id"])

    @pytest.mark.parametrize("path", ["/", "/x", "/users/me", "/users", "/conversations/x"])
    async def test_every_answer_has_one(self, stack: Stack, path: str) -> None:
        given = {"X-Request-ID": uuid.uuid4().hex}
        async with stack.api() as nobody, stack.api("Ada") as ada:
            for client in (nobody, ada):
                response = await client.get(path, headers=given)
                assert response.headers["x-request-id"] == given["X-Request-ID"]


class TestPathParameters:
    """Ids in paths."""

    @pytest.mark.parametrize("conversation_id", ["xyz", "123", "é", "%00x", "'", "a%2Fb"])
    @pytest.mark.parametrize("ending", ["", "/messages", "/participants", "/events"])
    async def test_a_conversation_id_must_be_a_uuid(
        self, ada: httpx.AsyncClient, conversation_id: str, ending: str
    ) -> None:
        response = await ada.get(f"/conversations/{conversation_id}{ending}")

        assert response.status_code == (400 if "%00" in conversation_id else 422)
        if response.status_code == 422:
            (fault,) = response.json()["detail"]
            assert (fault["type"], fault["loc"]) == ("uuid_parsing", ["path", "conversation_id"])

    @pytest.mark.parametrize("form", ["{0.hex}", "{{{0}}}", "urn:uuid:{0}"])
    async def test_any_form_of_a_uuid_will_do(
        self, ada: httpx.AsyncClient, cid: str, form: str
    ) -> None:
        found = await ada.get(f"/conversations/{form.format(uuid.UUID(cid))}")

        assert answer_of(found)["id"] == cid

    @pytest.mark.parametrize(
        ("method", "ending", "body"),
        [
            ("GET", "", None),
            ("PATCH", "", {}),
            ("GET", "/messages", None),
            ("GET", f"/messages?before={uuid.UUID(int=1)}", None),
            ("POST", "/messages", {"content": "x"}),
            ("GET", f"/messages/{uuid.UUID(int=1)}", None),
            ("GET", f"/messages/{uuid.UUID(int=1)}/debug_data", None),
            ("DELETE", f"/messages/{uuid.UUID(int=1)}", None),
            ("GET", "/participants", None),
            ("GET", "/participants/me", None),
            ("PUT", "/participants/me", {}),
            ("PATCH", f"/participants/{uuid.UUID(int=1)}", {}),
            ("GET", "/events", None),
            ("POST", "/events/negotiate", None),
        ],
    )
    async def test_an_unknown_conversation_is_not_found(
        self, ada: httpx.AsyncClient, method: str, ending: str, body: Any
    ) -> None:
        response = await ada.request(method, f"/conversations/{uuid.uuid4()}{ending}", json=body)

        assert (response.status_code, response.json()) == (404, {"detail": "Not Found"})

    @pytest.mark.parametrize(
        ("method", "ending"), [("GET", ""), ("GET", "/debug_data"), ("DELETE", "")]
    )
    async def test_an_unknown_message_is_not_found(
        self, ada: httpx.AsyncClient, cid: str, method: str, ending: str
    ) -> None:
        path = f"/conversations/{cid}/messages"
        assert (await ada.request(method, f"{path}/{uuid.uuid4()}{ending}")).status_code == 404
        wrong = await ada.request(method, f"{path}/xyz{ending}")
        assert wrong.status_code == 422
        assert wrong.json()["detail"][0]["loc"] == ["path", "message_id"]


BROKEN_BODIES = {
    "nothing": b"",
    "no JSON": b"{",
    "trailing comma": b'{"content": "x",}',
    "two values": b'{"content": "x"} {}',
    "not a number": b'{"content": "x", "metadata": {"a": NaN}}',
    "infinity": b'{"content": "x", "metadata": {"a": -Infinity}}',
    "overflowing number": b'{"content": "x", "metadata": {"a": 1e999}}',
    "lone surrogate": b'{"content": "\\ud800"}',
    "lone surrogate in a key": b'{"content": "x", "metadata": {"\\udc00": 1}}',
    "no UTF-8": b'{"content": "\xff"}',
    "UTF-16": '{"content": "x"}'.encode("utf-16"),
    "deep": f'{{"content": "x", "metadata": {nested(100)}}}'.encode(),
    "deeper": f'{{"content": "x", "debug_data": {nested(199)}}}'.encode(),
    "very deep": f'{{"content": "x", "metadata": {nested(100_000)}}}'.encode(),
    "deep lists": b'{"content": "x", "metadata": {"a": ' + b"[" * 150 + b"]" * 150 + b"}}",
    "list": b"[]",
    "text": b'"content"',
    "null": b"null",
    "form": b"content=x",
    "content missing": b"{}",
    "content null": b'{"content": null}',
    "content no text": b'{"content": 5}',
    "id no uuid": b'{"content": "x", "id": "xyz"}',
    "unknown type": b'{"content": "x", "message_type": "zzz"}',
    "metadata a list": b'{"content": "x", "metadata": []}',
    "filenames no texts": b'{"content": "x", "filenames": [1]}',
    "sender without id": b'{"content": "x", "sender": {"participant_role": "user"}}',
    "long content type": b'{"content": "x", "content_type": "' + b"x" * 1025 + b'"}',
}


class TestBodies:
    """Bodies that are not what a route takes."""

    @pytest.mark.parametrize("body", BROKEN_BODIES.values(), ids=BROKEN_BODIES)
    async def test_a_wrong_body_is_refused_and_nothing_is_stored(
        self, ada: httpx.AsyncClient, cid: str, body: bytes
    ) -> None:
        response = await ada.post(f"/conversations/{cid}/messages", content=body, headers=JSON)

        assert response.status_code == 422, response.text
        for fault in response.json()["detail"]:
            assert {"type", "loc", "msg", "input"} <= set(fault)
            assert fault["loc"][0] == "body"
        assert await contents_of(ada, cid) == []
        assert await events_of(ada, cid) == []

    async def test_faults_look_as_those_of_the_reference(
        self, ada: httpx.AsyncClient, cid: str
    ) -> None:
        missing = await ada.post("/conversations")
        enum = await ada.post(
            f"/conversations/{cid}/messages", json={"content": "x", "message_type": "zzz"}
        )

        assert missing.json() == {
            "detail": [{"type": "missing", "loc": ["body"], "msg": "Field required", "input": None}]
        }
        kinds = "'chat', 'command', 'command-response', 'log', 'note' or 'notice'"
        assert enum.json() == {
            "detail": [
                {
                    "type": "enum",
                    "loc": ["body", "message_type"],
                    "msg": f"Input should be {kinds}",
                    "input": "zzz",
                    "ctx": {"expected": kinds},
                }
            ]
        }

    @pytest.mark.parametrize(
        "value",
        ["1" * 400, "-1e308", "0.1e-400", "12345678901234567890"],
        ids=lambda text: text[:9],
    )
    async def test_numbers_are_kept_or_refused_but_never_a_server_error(
        self, ada: httpx.AsyncClient, cid: str, value: str
    ) -> None:
        body = f'{{"content": "x", "metadata": {{"a": {value}}}}}'
        response = await ada.post(f"/conversations/{cid}/messages", content=body, headers=JSON)

        assert response.status_code in (200, 400, 422), response.text
        stored = await contents_of(ada, cid)
        assert stored == (["x"] if response.is_success else [])

    @pytest.mark.parametrize("depth", [1, 63])
    async def test_what_is_nested_less_deeply_comes_back_as_it_was(
        self, ada: httpx.AsyncClient, cid: str, depth: int
    ) -> None:
        metadata = json.loads(nested(depth))
        posted = await post_message(ada, cid, metadata=metadata, debug_data=metadata)
        patched = await ada.patch(f"/conversations/{cid}", json={"metadata": metadata})
        me = await ada.patch(f"/conversations/{cid}/participants/me", json={"metadata": metadata})

        for stored in (posted, answer_of(patched), answer_of(me)):
            assert stored["metadata"] == metadata
        assert len(await events_of(ada, cid)) == 3

    async def test_a_body_without_its_length_is_told_what_is_missing(
        self, ada: httpx.AsyncClient, cid: str
    ) -> None:
        async def chunks() -> AsyncIterator[bytes]:
            yield b'{"content": '
            yield b'"x"}'

        response = await ada.post(f"/conversations/{cid}/messages", content=chunks(), headers=JSON)

        assert (response.status_code, response.json()) == (
            411,
            {"detail": "Content-Length required"},
        )
        assert await contents_of(ada, cid) == []

    async def test_a_body_of_many_megabytes_is_not_even_read(
        self, ada: httpx.AsyncClient, cid: str
    ) -> None:
        body = b'{"content": "' + b"x" * 8_000_000 + b'"}'
        response = await ada.post(f"/conversations/{cid}/messages", content=body, headers=JSON)

        assert (response.status_code, response.json()) == (
            413,
            {"detail": "A JSON body may not exceed 8 MB"},
        )

    @pytest.mark.parametrize("content_type", ["text/plain", "application/octet-stream", ""])
    async def test_the_content_type_does_not_matter(
        self, ada: httpx.AsyncClient, cid: str, content_type: str
    ) -> None:
        response = await ada.post(
            f"/conversations/{cid}/messages",
            content=b'{"content": "x"}',
            headers={"Content-Type": content_type},
        )

        assert response.status_code == 200


@pytest.mark.parametrize("body", [{"title": None}, {"title": "x" * 1025}, {"metadata": "x"}])
async def test_no_conversation_is_created_of_wrong_values(
    ada: httpx.AsyncClient, body: dict[str, Any]
) -> None:
    assert (await ada.post("/conversations", json=body)).status_code == 422
    assert answer_of(await ada.get("/conversations")) == {"conversations": []}


async def test_a_query_may_hold_anything(ada: httpx.AsyncClient, cid: str) -> None:
    for query in ("?", "?&&=", "?limit=1&limit=2", "?x=%ff%00", "?limit=1;before=x", "?%"):
        response = await ada.get(f"/conversations/{cid}/messages{query}")
        assert response.status_code in (200, 422), query


class TestDatabaseTrouble:
    """What happens when Cosmos DB refuses or drops requests."""

    @pytest.fixture(autouse=True)
    async def _no_fault_stays(self, stack: Stack) -> AsyncIterator[None]:
        admin = stack.cosmos_admin
        yield
        await admin.clear_faults()

    async def test_a_write_that_fails_leaves_neither_message_nor_event(
        self, stack: Stack, ada: httpx.AsyncClient, cid: str
    ) -> None:
        await stack.cosmos_admin.add_fault(operation="batch", status=400)
        refused = await ada.post(f"/conversations/{cid}/messages", json={"content": "x"})
        await stack.cosmos_admin.clear_faults()

        assert refused.status_code == 400
        assert await contents_of(ada, cid) == []
        assert await events_of(ada, cid) == []
        assert (await get_conversation(ada, cid))["latest_message"] is None
        await post_message(ada, cid, "y")
        assert [event["sequence"] for event in await events_of(ada, cid)] == [1]

    async def test_an_unconfirmed_write_is_stored_once_and_confirmed(
        self, stack: Stack, ada: httpx.AsyncClient, cid: str
    ) -> None:
        await stack.cosmos_admin.add_fault(operation="batch", reset_after=True, times=1)
        posted = await post_message(ada, cid, "once")

        assert await contents_of(ada, cid) == ["once"]
        (event,) = await events_of(ada, cid)
        assert event["data"]["message"] == posted


async def test_a_remembered_conversation_that_others_changed_is_read_anew(
    stack: Stack, ada: httpx.AsyncClient, person: Person, cid: str
) -> None:
    await post_message(ada, cid, "before")
    bert_id = await admit(stack, cid, person())
    await post_message(ada, cid, "after")

    assert [event["sequence"] for event in await events_of(ada, cid)] == [1, 2]
    found = await ada.get(f"/conversations/{cid}/participants/{bert_id}")
    assert answer_of(found)["active_participant"] is True
