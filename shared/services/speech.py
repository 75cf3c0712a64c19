"""Speech: what a browser needs to talk to Azure's speech service itself."""

from shared.adapters.speech import SpeechTokens
from shared.contracts.speech import SpeechToken
from shared.settings import AzureSpeechSettings


class Speech:
    """Use cases around speech."""

    def __init__(self, settings: AzureSpeechSettings, tokens: SpeechTokens) -> None:
        self._settings = settings
        self._tokens = tokens

    async def token(self) -> SpeechToken:
        """A token with its region; both are absent where speech isn't set up or has failed."""
        if not (self._settings.resource_id and self._settings.region):
            return SpeechToken()
        token = await self._tokens.get()
        if token is None:
            return SpeechToken()
        return SpeechToken(
            token=f"aad#{self._settings.resource_id}#{token}", region=self._settings.region
        )
