"""What the echo assistant does about events."""

import asyncio

import pytest

from tests.examples.echo_assistant.conftest import RunningEcho

# Per message: status on, message, state event, status off.
CALLS_PER_ECHO = 4


async def test_a_message_is_echoed(echo: RunningEcho):
    assistant_id = await echo.new_assistant()
    conversation_id = await echo.new_conversation(assistant_id)
    assert (await echo.say(assistant_id, conversation_id, "hello")).status_code == 204
    calls = await echo.workbench.wait_for_assistant_calls(CALLS_PER_ECHO)

    me = f"/conversations/{conversation_id}/participants/me"
    assert [(call.method, call.path) for call in calls] == [
        ("PATCH", me),
        ("POST", f"/conversations/{conversation_id}/messages"),
        ("POST", f"/assistants/{assistant_id}/states/events"),
        ("PATCH", me),
    ]
    assert [calls[0].body, calls[3].body] == [{"status": "thinking..."}, {"status": None}]
    assert calls[1].body["content"] == "Echo: hello"
    for call in calls:
        assert call.headers["x-assistant-service-id"] == "echo-assistant.example"
        assert call.headers["x-assistant-id"] == assistant_id
        assert call.headers["x-request-id"] == "correlation of hello"
    path = f"/{assistant_id}/conversations/{conversation_id}/states/echo_log"
    state = (await echo.client.get(path)).json()
    assert state["data"] == {"count": 1, "last_message": "hello"}


async def test_events_are_answered_at_once_and_worked_off_in_order(echo: RunningEcho):
    assistant_id = await echo.new_assistant()
    conversation_id = await echo.new_conversation(assistant_id)
    echo.workbench.hold = asyncio.Event()
    words = [str(number) for number in range(5)]
    for word in words:
        assert (await echo.say(assistant_id, conversation_id, word)).status_code == 204
    assert len(await echo.workbench.wait_for_assistant_calls(1)) == 1
    echo.workbench.hold.set()
    calls = await echo.workbench.wait_for_assistant_calls(CALLS_PER_ECHO * len(words))
    messages = [call.body["content"] for call in calls if call.path.endswith("/messages")]
    assert messages == [f"Echo: {word}" for word in words]


async def test_a_slow_conversation_delays_no_other(echo: RunningEcho):
    assistant_id = await echo.new_assistant()
    slow = await echo.new_conversation(assistant_id)
    other = await echo.new_conversation(assistant_id)
    echo.workbench.hold = asyncio.Event()
    await echo.say(assistant_id, slow, "waits")
    await echo.say(assistant_id, other, "doesn't")
    calls = await echo.workbench.wait_for_assistant_calls(2)
    assert {call.path.split("/")[2] for call in calls} == {slow, other}
    echo.workbench.hold.set()
    await echo.workbench.wait_for_assistant_calls(2 * CALLS_PER_ECHO)


@pytest.mark.parametrize(
    "changes",
    [
        {"message_type": "notice"},
        {"event": "message.deleted"},
        {"event": "participant.updated"},
        {"sender": {"participant_role": "assistant", "participant_id": "someone"}},
    ],
)
async def test_other_events_are_not_answered(echo: RunningEcho, changes: dict):
    assistant_id = await echo.new_assistant()
    conversation_id = await echo.new_conversation(assistant_id)
    await echo.say(assistant_id, conversation_id, "ignored", **changes)
    await echo.say(assistant_id, conversation_id, "echoed")
    calls = await echo.workbench.wait_for_assistant_calls(CALLS_PER_ECHO)
    assert {call.headers["x-request-id"] for call in calls} == {"correlation of echoed"}


async def test_an_event_that_comes_twice_is_echoed_under_one_id(echo: RunningEcho):
    assistant_id = await echo.new_assistant()
    conversation_id = await echo.new_conversation(assistant_id)
    message_id = "5f0c9b8e-0000-4000-8000-000000000001"
    await echo.say(assistant_id, conversation_id, "once", id=message_id)
    await echo.workbench.wait_for_assistant_calls(CALLS_PER_ECHO)
    echo.workbench.answers[f"/conversations/{conversation_id}/messages"] = [409]
    await echo.say(assistant_id, conversation_id, "once", id=message_id)
    # The second time there is no state event.
    calls = await echo.workbench.wait_for_assistant_calls(2 * CALLS_PER_ECHO - 1)
    messages = [call.body["id"] for call in calls if call.path.endswith("/messages")]
    assert len(messages) == 2
    assert len(set(messages)) == 1
    path = f"/{assistant_id}/conversations/{conversation_id}/states/echo_log"
    assert (await echo.client.get(path)).json()["data"]["count"] == 1


async def test_a_failing_workbench_is_asked_again(echo: RunningEcho):
    assistant_id = await echo.new_assistant()
    conversation_id = await echo.new_conversation(assistant_id)
    echo.workbench.answers[f"/conversations/{conversation_id}/messages"] = [503, 200]
    await echo.say(assistant_id, conversation_id, "again")
    calls = await echo.workbench.wait_for_assistant_calls(CALLS_PER_ECHO + 1)
    messages = [call for call in calls if call.path.endswith("/messages")]
    assert [call.body["content"] for call in messages] == ["Echo: again"] * 2


async def test_a_refused_answer_clears_the_status_and_the_next_event_has_its_turn(
    echo: RunningEcho,
):
    assistant_id = await echo.new_assistant()
    conversation_id = await echo.new_conversation(assistant_id)
    echo.workbench.answers[f"/conversations/{conversation_id}/messages"] = [403]
    await echo.say(assistant_id, conversation_id, "refused")
    await echo.say(assistant_id, conversation_id, "accepted")
    calls = await echo.workbench.wait_for_assistant_calls(3 + CALLS_PER_ECHO)
    assert calls[2].body == {"status": None}
    assert calls[4].body["content"] == "Echo: accepted"
