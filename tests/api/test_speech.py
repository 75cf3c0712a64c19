"""Tokens for Azure's speech service."""

import httpx
import pytest

from local.stack.stack import Stack
from tests.support.assistant_service import RecordingService
from tests.support.azure import REGION, RESOURCE_ID, SPEECH_IDENTITY, FakeAzure

PATH = "/azure-speech/token"
RESOURCE = "https://cognitiveservices.azure.com"


async def test_without_a_speech_resource_the_answer_is_empty(ada: httpx.AsyncClient) -> None:
    answer = await ada.get(PATH)

    assert (answer.status_code, answer.json()) == (200, {})


async def test_the_token_is_of_the_identity_for_speech_and_in_no_log(
    azure_stack: Stack, azure: FakeAzure
) -> None:
    async with azure_stack.api("Ada") as ada:
        answer = await ada.get(PATH)

    token = f"token of {SPEECH_IDENTITY} for {RESOURCE}"
    assert answer.json() == {"token": f"aad#{RESOURCE_ID}#{token}", "region": REGION}
    assert (RESOURCE, SPEECH_IDENTITY) in azure.tokens_for
    logs = "".join(log.read_text() for log in (azure_stack.data_dir / "logs").iterdir())
    assert token not in logs


@pytest.mark.parametrize("assistant_id", [None, "3f0c6f0e-5d8b-4f9e-9c55-0d4d3a6f1b2c"])
async def test_services_and_assistants_get_it_too(
    azure_stack: Stack, assistant_id: str | None
) -> None:
    service = RecordingService(azure_stack.functions_url, "speaking.test")
    async with service.workbench(assistant_id) as caller:
        assert (await caller.get(PATH)).json()["region"] == REGION


async def test_strangers_get_none(azure_stack: Stack) -> None:
    async with azure_stack.api() as stranger:
        assert (await stranger.get(PATH)).status_code == 401


async def test_an_identity_that_can_not_be_had_makes_the_answer_empty(
    azure_stack: Stack, azure: FakeAzure
) -> None:
    await azure_stack.restart_functions_host()  # or a token would be cached
    azure.identity_fails = True
    try:
        async with azure_stack.api("Ada") as ada:
            answer = await ada.get(PATH)
    finally:
        azure.identity_fails = False

    assert (answer.status_code, answer.json()) == (200, {})
