"""The language model that proposes titles, over Azure OpenAI's chat completions."""

import asyncio
import json
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, Field

from shared.adapters.identity import azure_credential
from shared.adapters.lazy import Lazy
from shared.contracts.participants import ParticipantRole
from shared.domain.conversation import Message
from shared.settings import ServiceSettings
from shared.telemetry import get_logger, log

if TYPE_CHECKING:
    from openai import AsyncAzureOpenAI
    from openai.types.chat import ChatCompletionMessageParam

SCOPE = "https://cognitiveservices.azure.com/.default"
MAX_RETRIES = 1
KEPT_CHARACTERS = 4000
"""How much of each message the model is shown: enough to tell what it is about."""

_logger = get_logger("titles")


class ProposedTitle(BaseModel):
    """What the model has to answer with; its schema is part of what the model is told."""

    title: Annotated[
        str,
        Field(
            description="A title for the conversation: short and descriptive, if possible no"
            " more than four words. Propose one only if the conversation has moved on to"
            " something that its current title doesn't cover; otherwise leave this blank, and"
            " the current title stays."
        ),
    ]


class TitleModel:
    """Asks the model, once per proposal, and takes no for an answer."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._settings = settings
        self._client = Lazy(self._connect)

    @property
    def is_configured(self) -> bool:
        """Whether there is a model to ask."""
        return self._settings.azure_openai_endpoint is not None

    async def propose(self, current_title: str, messages: Sequence[Message]) -> str | None:
        """The model's title, blank to keep the current one.

        None if the model is down, slow, refuses, or answers with something else: the next
        message will prompt for a title again.
        """
        from azure.core.exceptions import AzureError
        from openai import OpenAIError

        # The client takes an answer of another form for a completion and stumbles over it.
        nonsense = (ValueError, TypeError, AttributeError)
        try:
            async with asyncio.timeout(self._settings.azure_openai_timeout_seconds):
                return await self._ask(_prompt(current_title, messages))
        except (AzureError, OpenAIError, TimeoutError, *nonsense) as error:
            # Only the kind: texts of errors may quote the conversation.
            log(_logger, logging.WARNING, "no_title", error=type(error).__name__)
            return None

    async def _ask(self, prompt: "list[ChatCompletionMessageParam]") -> str | None:
        client = await self._client.get()
        completion = await client.chat.completions.parse(
            messages=prompt,
            model=self._settings.azure_openai_model,
            response_format=ProposedTitle,
        )
        parsed = completion.choices[0].message.parsed if completion.choices else None
        return None if parsed is None else parsed.title

    async def _connect(self) -> "AsyncAzureOpenAI":
        """A client with the key if there is one, else with the managed identity."""
        from openai import AsyncAzureOpenAI

        settings = self._settings
        return AsyncAzureOpenAI(
            azure_endpoint=str(settings.azure_openai_endpoint),
            azure_deployment=settings.azure_openai_deployment,
            api_version=settings.azure_openai_api_version,
            timeout=settings.azure_openai_timeout_seconds,
            max_retries=MAX_RETRIES,
            **_credentials(settings.azure_openai_api_key),
        )


def _credentials(api_key: str | None) -> dict[str, Any]:
    if api_key:
        return {"api_key": api_key}
    from azure.identity.aio import get_bearer_token_provider

    return {"azure_ad_token_provider": get_bearer_token_provider(azure_credential(), SCOPE)}


def _prompt(current_title: str, messages: Sequence[Message]) -> "list[ChatCompletionMessageParam]":
    prompt = [_line(message) for message in messages]
    note = f"The current title of this conversation is {json.dumps(current_title)}."
    return [*prompt, {"role": "developer", "content": note}]


def _line(message: Message) -> "ChatCompletionMessageParam":
    content = message.content[:KEPT_CHARACTERS]
    if message.sender.participant_role is ParticipantRole.USER:
        return {"role": "user", "content": content}
    return {"role": "assistant", "content": content}
