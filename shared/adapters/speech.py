"""Tokens of a managed identity for Azure's speech service."""

import logging
from typing import TYPE_CHECKING

from azure.core.exceptions import AzureError

from shared.adapters.identity import azure_credential, other_identity
from shared.telemetry import get_logger, log

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential

SCOPE = "https://cognitiveservices.azure.com/.default"

_logger = get_logger("speech")


class SpeechTokens:
    """Gets tokens, which the credential caches until shortly before they expire.

    A browser gets to hold them, and they open whatever their identity may use, the model of the
    titles for example. So `client_id` should be that of an identity with the one role for speech;
    without it the tokens are of the application's own.
    """

    def __init__(self, client_id: str | None) -> None:
        self._client_id = client_id

    async def get(self) -> str | None:
        """A token; None if the identity can't be had or may not use the service."""
        try:
            return (await self._credential().get_token(SCOPE)).token
        except (AzureError, ValueError) as error:
            log(_logger, logging.ERROR, "no_speech_token", error=type(error).__name__)
            return None

    def _credential(self) -> "AsyncTokenCredential":
        return other_identity(self._client_id) if self._client_id else azure_credential()
