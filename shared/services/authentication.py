"""From the credentials of a request to the principal that it comes from."""

import secrets
from collections.abc import Mapping

from shared.adapters.api_keys import ApiKeyStore
from shared.adapters.entra import TokenVerifier
from shared.domain.identifiers import uuid_or_none
from shared.domain.principals import Assistant, AssistantService, Principal
from shared.errors import Unauthenticated

BEARER = "bearer "


class Authentication:
    """Verifies tokens of people and keys of assistant services."""

    def __init__(self, tokens: TokenVerifier, api_keys: ApiKeyStore) -> None:
        self._tokens = tokens
        self._api_keys = api_keys

    async def authenticate(self, headers: Mapping[str, str]) -> Principal:
        """The principal behind the headers (names in lower case); raises Unauthenticated.

        An assistant service's id wins over a token, as in the reference.
        """
        service_id = headers.get("x-assistant-service-id")
        if service_id:
            return await self._service(service_id.lower(), headers)
        authorization = headers.get("authorization", "")
        if not authorization.lower().startswith(BEARER):
            raise Unauthenticated
        return await self._tokens.verify(authorization[len(BEARER) :].strip())

    async def _service(
        self, service_id: str, headers: Mapping[str, str]
    ) -> AssistantService | Assistant:
        expected = await self._api_keys.get(self._api_keys.key_name(service_id))
        given = headers.get("x-api-key", "")
        if expected is None or not secrets.compare_digest(given.encode(), expected.encode()):
            raise Unauthenticated("Invalid credentials")
        assistant_id = uuid_or_none(headers.get("x-assistant-id", ""))
        if assistant_id is None:
            return AssistantService(service_id)
        return Assistant(service_id, assistant_id)
