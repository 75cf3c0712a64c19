"""Tokens of the managed identity for Azure's speech service."""

import logging

from azure.core.exceptions import AzureError

from shared.adapters.identity import azure_credential
from shared.telemetry import get_logger, log

SCOPE = "https://cognitiveservices.azure.com/.default"

_logger = get_logger("speech")


class SpeechTokens:
    """Gets tokens, which the credential caches until shortly before they expire."""

    async def get(self) -> str | None:
        """A token; None if the identity can't be had or may not use the service."""
        try:
            return (await azure_credential().get_token(SCOPE)).token
        except (AzureError, ValueError) as error:
            log(_logger, logging.ERROR, "no_speech_token", error=type(error).__name__)
            return None
