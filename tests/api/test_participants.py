"""Participants: list, read, update, join, leave."""

import asyncio
import uuid
from typing import Any

import httpx
import pytest
from aiohttp import web

from local.stack.stack import Stack
from tests.api.builders import (
    admit,
    answer_of,
    contents_of,
    events_of,
    get_conversation,
    leave,
    post_message,
    user_id_of,
)
from tests.api.conftest import Person, add_assistant, new_assistant
from tests.support.assistant_service import RecordingService


@pytest.fixture
async def assistant_id(ada: httpx.AsyncClient, service: RecordingService) -> str:
    """An assistant of Ada's."""
    return (await new_assistant(ada, service))["id"]


@pytest.fixture
def me(cid: str) -> str:
    """The path of the caller's own participant."""
    return f"/conversations/{cid}/participants/me"


async def update(client: httpx.AsyncClient, path: str, **body: Any) -> dict[str, Any]:
    """A participant after a PATCH."""
    return answer_of(await client.patch(path, json=body))


async def listed(client: httpx.AsyncClient, cid: str, **query: Any) -> list[str]:
    """The ids of the participants that a listing gives."""
    response = await client.get(f"/conversations/{cid}/participants", params=query)
    return [participant["id"] for participant in answer_of(response)["participants"]]


class TestOneself:
    """Status, metadata and presence of the caller."""

    @pytest.mark.parametrize("method", ["PUT", "PATCH"])
    async def test_a_status_is_set_by_both_methods(
        self, ada: httpx.AsyncClient, me: str, method: str
    ) -> None:
        before = answer_of(await ada.get(me))
        after = answer_of(await ada.request(method, me, json={"status": "typing"}))

        assert after["status"] == "typing"
        assert after["status_updated_timestamp"] > before["status_updated_timestamp"]
        assert answer_of(await ada.get(me)) == after

    @pytest.mark.parametrize(
        "body",
        [{}, {"status": None}, {"metadata": {"a": 1}}, {"active_participant": True}],
        ids=str,
    )
    async def test_a_patch_without_status_clears_it(
        self, ada: httpx.AsyncClient, me: str, body: dict[str, Any]
    ) -> None:
        await update(ada, me, status="typing")

        assert (await update(ada, me, **body))["status"] is None

    async def test_leaving_clears_the_status_even_if_one_is_given(
        self, ada: httpx.AsyncClient, me: str
    ) -> None:
        left = await update(ada, me, status="bye", active_participant=False)

        assert (left["status"], left["active_participant"]) == (None, False)

    async def test_metadata_is_merged_deeply(self, ada: httpx.AsyncClient, me: str) -> None:
        await update(ada, me, metadata={"a": {"b": 1, "l": [1]}, "k": 1})
        merged = await update(ada, me, metadata={"a": {"c": 2, "l": [2]}, "k": {"x": 1}})

        assert merged["metadata"] == {"a": {"b": 1, "c": 2, "l": [1, 2]}, "k": {"x": 1}}

    async def test_a_change_is_announced_with_all_participants(
        self, ada: httpx.AsyncClient, cid: str, me: str
    ) -> None:
        response = await ada.patch(me, json={"status": "typing"})

        (event,) = await events_of(ada, cid)
        assert (event["event"], event["sequence"]) == ("participant.updated", 1)
        assert event["data"] == {
            "participant": response.json(),
            "participants": [response.json()],
        }
        assert event["correlation_id"] == response.headers["x-request-id"]

    @pytest.mark.parametrize("body", [{}, {"status": None}], ids=str)
    async def test_what_changes_nothing_is_not_announced(
        self, ada: httpx.AsyncClient, cid: str, me: str, body: dict[str, Any]
    ) -> None:
        await update(ada, me, **body)

        assert await events_of(ada, cid) == []

    async def test_metadata_grows_only_so_far(
        self, ada: httpx.AsyncClient, cid: str, me: str
    ) -> None:
        half = {"l": ["x" * 40_000]}
        before = await update(ada, me, metadata=half)
        refused = await ada.patch(me, json={"metadata": half})

        assert refused.status_code == 413, refused.text
        assert answer_of(await ada.get(me)) == before
        assert len(await events_of(ada, cid)) == 1

    @pytest.mark.parametrize(
        "body",
        [
            {"status": 1},
            {"active_participant": "perhaps"},
            {"metadata": []},
            {"status": "x" * 1025},
        ],
        ids=lambda body: next(iter(body)),
    )
    async def test_wrong_values_are_refused(
        self, ada: httpx.AsyncClient, me: str, body: dict[str, Any]
    ) -> None:
        response = await ada.patch(me, json=body)

        assert response.status_code == 422
        assert response.json()["detail"][0]["loc"] == ["body", next(iter(body))]

    async def test_the_own_id_is_the_same_as_me(
        self, ada: httpx.AsyncClient, cid: str, me: str
    ) -> None:
        path = f"/conversations/{cid}/participants/{await user_id_of(ada)}"

        assert await update(ada, path, status="x") == answer_of(await ada.get(me))


class TestLeaving:
    """What a person who left may still do."""

    async def test_the_owner_still_sees_the_conversation_but_not_its_messages(
        self, ada: httpx.AsyncClient, cid: str
    ) -> None:
        message = await post_message(ada, cid)
        await leave(ada, cid)

        assert (await get_conversation(ada, cid))["id"] == cid
        for path in ("", f"/{message['id']}"):
            response = await ada.get(f"/conversations/{cid}/messages{path}")
            assert response.status_code == 404

    async def test_who_left_is_listed_only_on_demand(
        self, ada: httpx.AsyncClient, cid: str
    ) -> None:
        await leave(ada, cid)

        assert await listed(ada, cid) == []
        assert await listed(ada, cid, include_inactive="true") == [await user_id_of(ada)]

    async def test_the_owner_may_come_back(self, ada: httpx.AsyncClient, cid: str, me: str) -> None:
        await leave(ada, cid)
        await update(ada, me, active_participant=True)

        await post_message(ada, cid, "back")
        assert await contents_of(ada, cid) == ["back"]
        kinds = [(event["sequence"], event["event"]) for event in await events_of(ada, cid)]
        assert kinds == [
            (1, "participant.updated"),
            (2, "participant.updated"),
            (3, "message.created"),
        ]

    async def test_others_may_not_come_back_by_themselves(
        self, ada: httpx.AsyncClient, cid: str, me: str, person: Person, stack: Stack
    ) -> None:
        bert = person()
        await admit(stack, cid, bert)
        await leave(bert, cid)

        refused = await bert.patch(me, json={"active_participant": True})

        assert refused.status_code == 404
        assert await listed(ada, cid) == [await user_id_of(ada)]


class TestOthers:
    """Participants that are not the caller."""

    async def test_people_read_each_other(
        self, ada: httpx.AsyncClient, cid: str, person: Person, stack: Stack
    ) -> None:
        bert_id = await admit(stack, cid, bert := person(), "read")

        found = answer_of(await ada.get(f"/conversations/{cid}/participants/{bert_id}"))

        assert (found["role"], found["conversation_permission"]) == ("user", "read")
        assert await listed(bert, cid) == [await user_id_of(ada), bert_id]

    async def test_nobody_changes_another_person(
        self, ada: httpx.AsyncClient, cid: str, person: Person, stack: Stack
    ) -> None:
        bert_id = await admit(stack, cid, person())
        path = f"/conversations/{cid}/participants/{bert_id}"

        for method in ("PUT", "PATCH"):
            refused = await ada.request(method, path, json={"active_participant": False})
            assert (refused.status_code, refused.json()) == (403, {"detail": "Forbidden"})
        assert answer_of(await ada.get(path))["active_participant"] is True

    async def test_an_assistant_changes_nobody_but_itself(
        self,
        ada: httpx.AsyncClient,
        cid: str,
        me: str,
        assistant_id: str,
        service: RecordingService,
    ) -> None:
        await add_assistant(ada, cid, assistant_id)
        async with service.workbench(assistant_id) as assistant:
            for other in (await user_id_of(ada), str(uuid.uuid4())):
                path = f"/conversations/{cid}/participants/{other}"
                assert (await assistant.patch(path, json={})).status_code == 403
            updated = await update(assistant, me, status="thinking", metadata={"a": 1})

        assert (updated["id"], updated["status"]) == (assistant_id, "thinking")

    @pytest.mark.parametrize("unknown", ["nobody", str(uuid.UUID(int=7))])
    async def test_an_unknown_participant_is_not_found(
        self, ada: httpx.AsyncClient, cid: str, unknown: str
    ) -> None:
        path = f"/conversations/{cid}/participants/{unknown}"
        assert (await ada.get(path)).status_code == 404


class TestAssistants:
    """Assistants that people add and take away."""

    async def test_one_that_is_added_is_announced_and_its_service_told(
        self, ada: httpx.AsyncClient, cid: str, assistant_id: str, service: RecordingService
    ) -> None:
        added = await add_assistant(ada, cid, assistant_id)

        assert (added["role"], added["online"], added["active_participant"]) == (
            "assistant",
            True,
            True,
        )
        assert await listed(ada, cid) == [await user_id_of(ada), assistant_id]
        (event,) = await events_of(ada, cid)
        assert event["event"] == "participant.created"
        assert event["data"]["participant"] == added
        assert [found["id"] for found in event["data"]["participants"]][1:] == [assistant_id]
        path = f"/{assistant_id}/conversations/{cid}"
        assert [call.method for call in service.calls if call.path == path] == ["PUT"]

    async def test_adding_it_again_changes_and_tells_nothing(
        self, ada: httpx.AsyncClient, cid: str, assistant_id: str, service: RecordingService
    ) -> None:
        first = await add_assistant(ada, cid, assistant_id)
        assert await add_assistant(ada, cid, assistant_id) == first

        assert len(await events_of(ada, cid)) == 1
        path = f"/{assistant_id}/conversations/{cid}"
        assert len([call for call in service.calls if call.path == path]) == 1

    async def test_of_many_who_add_it_at_once_all_succeed_and_it_is_created_once(
        self, ada: httpx.AsyncClient, cid: str, assistant_id: str
    ) -> None:
        await asyncio.gather(*(add_assistant(ada, cid, assistant_id) for _ in range(6)))

        kinds = [event["event"] for event in await events_of(ada, cid)]
        assert kinds.count("participant.created") == 1
        assert await listed(ada, cid) == [await user_id_of(ada), assistant_id]

    async def test_one_that_is_taken_away_loses_access_and_its_service_is_told(
        self, ada: httpx.AsyncClient, cid: str, assistant_id: str, service: RecordingService
    ) -> None:
        await add_assistant(ada, cid, assistant_id)
        path = f"/conversations/{cid}/participants/{assistant_id}"

        gone = await update(ada, path, active_participant=False)

        assert gone["active_participant"] is False
        assert await listed(ada, cid) == [await user_id_of(ada)]
        async with service.workbench(assistant_id) as me:
            assert (await me.get(f"/conversations/{cid}")).status_code == 404
        told = f"/{assistant_id}/conversations/{cid}"
        methods = [call.method for call in service.calls if call.path == told]
        assert methods[:2] == ["PUT", "DELETE"]

    async def test_one_that_comes_back_gets_no_event_of_its_absence(
        self, ada: httpx.AsyncClient, cid: str, assistant_id: str, service: RecordingService
    ) -> None:
        path = f"/conversations/{cid}/participants/{assistant_id}"
        await add_assistant(ada, cid, assistant_id)
        await update(ada, path, active_participant=False)
        await post_message(ada, cid, "missed")
        await update(ada, path, active_participant=True)
        await post_message(ada, cid, "heard")

        event = await service.wait_for_event(cid, "message.created")
        assert event["data"]["message"]["content"] == "heard"
        assert [each["event"] for each in await events_of(ada, cid)] == [
            "participant.created",
            "participant.updated",
            "message.created",
            "participant.updated",
            "message.created",
        ]

    @pytest.mark.parametrize("status", [404, 500])
    async def test_one_whose_service_refuses_does_not_join(
        self,
        ada: httpx.AsyncClient,
        cid: str,
        assistant_id: str,
        service: RecordingService,
        status: int,
    ) -> None:
        service.answer = lambda method, path: web.Response(status=status, text="boom")
        path = f"/conversations/{cid}/participants/{assistant_id}"

        refused = await ada.put(path, json={})

        assert refused.status_code == status
        assert refused.json() == {"detail": "Assistant responded with error; response: boom"}
        assert await listed(ada, cid, include_inactive="true") == [await user_id_of(ada)]
        assert await events_of(ada, cid) == []

    async def test_one_leaves_by_itself(
        self,
        ada: httpx.AsyncClient,
        cid: str,
        me: str,
        assistant_id: str,
        service: RecordingService,
    ) -> None:
        await add_assistant(ada, cid, assistant_id)
        async with service.workbench(assistant_id) as assistant:
            await leave(assistant, cid)
            assert (await assistant.get(me)).status_code == 404

        assert await listed(ada, cid) == [await user_id_of(ada)]

    async def test_an_unknown_assistant_is_not_found(
        self, ada: httpx.AsyncClient, cid: str
    ) -> None:
        path = f"/conversations/{cid}/participants/{uuid.uuid4()}"
        assert (await ada.put(path, json={})).status_code == 404
        assert await events_of(ada, cid) == []

    async def test_somebody_elses_assistant_can_not_be_added(
        self, cid: str, ada: httpx.AsyncClient, person: Person, service: RecordingService
    ) -> None:
        foreign = (await new_assistant(person(), service))["id"]
        response = await ada.put(f"/conversations/{cid}/participants/{foreign}", json={})

        assert response.status_code == 404
        assert await listed(ada, cid, include_inactive="true") == [await user_id_of(ada)]
