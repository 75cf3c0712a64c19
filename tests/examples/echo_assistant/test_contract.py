"""The HTTP contract between the workbench and the echo assistant."""

import json
import uuid
from pathlib import Path

import httpx
import pytest

from tests.examples.echo_assistant.conftest import (
    API_KEY,
    RunningEcho,
    running_echo,
    running_workbench,
)

UNKNOWN = str(uuid.uuid4())


async def test_registers_with_its_address(echo: RunningEcho):
    registration = echo.workbench.registrations()[0]
    assert registration.method == "PUT"
    assert registration.path == "/assistant-service-registrations/echo-assistant.example"
    assert registration.headers["x-assistant-service-id"] == "echo-assistant.example"
    assert registration.headers["x-api-key"] == API_KEY
    assert registration.body == {
        "name": "Echo assistant",
        "description": "Repeats what people say.",
        "url": f"{echo.url}/",
        "online_expires_in_seconds": 105.0,
    }


async def test_keeps_trying_to_register_and_then_pings():
    async with running_workbench() as workbench:
        path = "/assistant-service-registrations/other.example"
        workbench.answers[path] = [503, 401]
        settings = {"ECHO_SERVICE_ID": "other.example", "ECHO_PING_INTERVAL_SECONDS": "0.05"}
        async with running_echo(workbench, **settings):
            registrations = await workbench.wait_for_registrations(5)
    assert {call.path for call in registrations} == {path}


async def test_describes_itself_without_a_key(echo: RunningEcho):
    async with httpx.AsyncClient(base_url=echo.url) as stranger:
        info = (await stranger.get("/")).json()
    assert info["assistant_service_id"] == "echo-assistant.example"
    [template] = info["templates"]
    assert template["id"] == "default"
    assert template["config"]["config"] == {"prefix": "Echo: "}
    assert template["config"]["json_schema"]["properties"]["prefix"]["type"] == "string"
    assert info["metadata"]["_dashboard_card"]["default"]["icon"].startswith("data:image/svg+xml")


@pytest.mark.parametrize("key", [None, "", "wrong", "a key"])
async def test_refuses_a_wrong_key(echo: RunningEcho, key: str | None):
    headers = {} if key is None else {"X-API-Key": key}
    async with httpx.AsyncClient(base_url=echo.url, headers=headers) as stranger:
        answer = await stranger.get(f"/{UNKNOWN}/config")
    assert (answer.status_code, answer.json()) == (401, {"detail": "Invalid credentials"})


async def test_assistant_is_created_renamed_and_deleted(echo: RunningEcho):
    assistant_id = await echo.new_assistant("First")
    renamed = await echo.put_form(
        f"/{assistant_id}", "assistant", {"assistant_name": "Second", "template_id": "default"}
    )
    assert renamed.json() == {"id": assistant_id}
    assert (await echo.client.get(f"/{assistant_id}")).json() == {"id": assistant_id}
    assert (await echo.client.delete(f"/{assistant_id}")).status_code == 204
    assert (await echo.client.delete(f"/{assistant_id}")).status_code == 404


async def test_unknown_things_are_not_found(echo: RunningEcho):
    assistant_id = await echo.new_assistant()
    conversation_id = await echo.new_conversation(assistant_id)
    conversation = f"/{assistant_id}/conversations/{conversation_id}"
    paths = [
        f"/{UNKNOWN}",
        f"/{UNKNOWN}/config",
        f"/{UNKNOWN}/export-data",
        f"/{assistant_id}/conversations/{UNKNOWN}",
        f"/{assistant_id}/conversations/{UNKNOWN}/states",
        f"/{assistant_id}/conversations/{UNKNOWN}/export-data",
        f"{conversation}/states/other",
    ]
    answers = [await echo.client.get(path) for path in paths]
    assert [answer.status_code for answer in answers] == [404] * len(paths)
    assert (await echo.say(assistant_id, UNKNOWN, "hi")).status_code == 404
    assert (await echo.say(UNKNOWN, conversation_id, "hi")).status_code == 404


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"other": "{}"},
        {"assistant": "no json"},
        {"assistant": '{"assistant_name": "x"}'},
        {"assistant": '{"assistant_name": "x", "template_id": "default"}', "from_export": "text"},
    ],
)
async def test_broken_forms_are_unprocessable(echo: RunningEcho, form: dict[str, str]):
    answer = await echo.client.put(f"/{UNKNOWN}", data=form)
    assert answer.status_code == 422
    assert answer.json()["detail"]


async def test_unknown_template_is_refused(echo: RunningEcho):
    form = {"assistant": '{"assistant_name": "x", "template_id": "other"}'}
    assert (await echo.client.put(f"/{UNKNOWN}", data=form)).status_code == 404


async def test_config_is_changed(echo: RunningEcho):
    path = f"/{await echo.new_assistant()}/config"
    changed = await echo.client.put(path, json={"config": {"prefix": "You said: "}})
    assert changed.json()["config"] == {"prefix": "You said: "}
    assert changed.json()["errors"] is None
    assert (await echo.client.get(path)).json() == changed.json()
    assert set(changed.json()) == {"config", "errors", "json_schema", "ui_schema"}


@pytest.mark.parametrize(
    "config", [{"prefix": 5}, {"prefix": "x" * 101}, {"prefix": "x", "suffix": "y"}]
)
async def test_bad_config_changes_nothing_and_says_why(echo: RunningEcho, config: dict):
    path = f"/{await echo.new_assistant()}/config"
    answer = (await echo.client.put(path, json={"config": config})).json()
    assert len(answer["errors"]) == 1
    assert "fix" in answer["errors"][0]
    assert answer["config"] == {"prefix": "Echo: "}
    assert (await echo.client.get(path)).json()["config"] == {"prefix": "Echo: "}


async def test_assistant_moves_by_export(echo: RunningEcho):
    original = await echo.new_assistant()
    await echo.client.put(f"/{original}/config", json={"config": {"prefix": "> "}})
    export = await echo.client.get(f"/{original}/export-data")
    assert export.headers["content-type"] == "application/octet-stream"
    copy = str(uuid.uuid4())
    body = {"assistant_name": "Copy", "template_id": "default"}
    await echo.put_form(f"/{copy}", "assistant", body, export=export.content)
    assert (await echo.client.get(f"/{copy}/config")).json()["config"] == {"prefix": "> "}


async def test_conversation_moves_by_export(echo: RunningEcho):
    assistant_id = await echo.new_assistant()
    base = f"/{assistant_id}/conversations"
    original = f"{base}/{await echo.new_conversation(assistant_id)}"
    log = {"count": 3, "last_message": "bye"}
    await echo.client.put(f"{original}/states/echo_log", json={"data": log})
    export = await echo.client.get(f"{original}/export-data")
    assert export.headers["content-type"] == "application/octet-stream"
    assert json.loads(export.content) == log
    copy = str(uuid.uuid4())
    body = {"id": copy, "title": "Copy"}
    await echo.put_form(f"{base}/{copy}", "conversation", body, export=export.content)
    state = await echo.client.get(f"{base}/{copy}/states/echo_log")
    assert state.json()["data"] == log


async def test_broken_export_is_unprocessable(echo: RunningEcho):
    body = {"assistant_name": "Copy", "template_id": "default"}
    with pytest.raises(httpx.HTTPStatusError, match="422"):
        await echo.put_form(f"/{UNKNOWN}", "assistant", body, export=b"\x00")


async def test_state_is_listed_read_and_changed(echo: RunningEcho):
    assistant_id = await echo.new_assistant()
    conversation_id = await echo.new_conversation(assistant_id)
    states = f"/{assistant_id}/conversations/{conversation_id}/states"
    [listed] = (await echo.client.get(states)).json()["states"]
    assert set(listed) == {"id", "display_name", "description", "enabled"}
    state = (await echo.client.get(f"{states}/{listed['id']}")).json()
    assert state["data"] == {"count": 0, "last_message": ""}
    assert set(state) == {"id", "data", "json_schema", "ui_schema"}

    wanted = {"count": 7, "last_message": "edited"}
    changed = await echo.client.put(f"{states}/echo_log", json={"data": wanted})
    assert changed.json()["data"] == wanted
    [announcement] = await echo.workbench.wait_for_assistant_calls(1)
    assert announcement.path == f"/assistants/{assistant_id}/states/events"
    assert announcement.query == {"conversation_id": conversation_id}
    assert announcement.headers["x-assistant-id"] == assistant_id
    assert announcement.body == {"state_id": "echo_log", "event": "updated", "state": None}


async def test_bad_state_is_unprocessable(echo: RunningEcho):
    assistant_id = await echo.new_assistant()
    conversation_id = await echo.new_conversation(assistant_id)
    path = f"/{assistant_id}/conversations/{conversation_id}/states/echo_log"
    answer = await echo.client.put(path, json={"data": {"count": -1}})
    assert answer.status_code == 422


async def test_restart_keeps_assistants(tmp_path: Path):
    settings = {"ECHO_DATA_FILE": str(tmp_path / "data" / "echo.json")}
    async with running_workbench() as workbench:
        async with running_echo(workbench, **settings) as echo:
            assistant_id = await echo.new_assistant()
            conversation_id = await echo.new_conversation(assistant_id)
            await echo.client.put(f"/{assistant_id}/config", json={"config": {"prefix": "> "}})
        async with running_echo(workbench, **settings) as echo:
            config = await echo.client.get(f"/{assistant_id}/config")
            assert config.json()["config"] == {"prefix": "> "}
            path = f"/{assistant_id}/conversations/{conversation_id}"
            assert (await echo.client.get(path)).status_code == 200
