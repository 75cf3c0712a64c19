"""The route of speech."""

from shared.api.endpoint import new_router
from shared.container import App
from shared.contracts.speech import SpeechToken

router = new_router()


@router.get("azure-speech/token", name="speech_token")
async def get_speech_token(app: App) -> SpeechToken:
    """Get a token for Azure's speech service; empty where speech is not set up."""
    return await app.speech.token()
