"""Access to Azure's speech service, as the API gives it out."""

from operator import not_
from typing import Annotated

from pydantic import Field

from shared.contracts.base import WireModel

OmittedIfEmpty = Annotated[str, Field(exclude_if=not_)]


class SpeechToken(WireModel):
    """What Azure's speech SDK for browsers takes; empty where speech is not set up."""

    token: OmittedIfEmpty = ""
    region: OmittedIfEmpty = ""
