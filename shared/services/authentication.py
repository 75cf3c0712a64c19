"""From the credentials of a request to the principal that it comes from."""

import secrets
from collections.abc import Mapping

from shared.adapters.api_keys import ApiKeyStore
from shared.adapters.entra import TokenVerifier
from shared.adapters.registrations import RegistrationRepository
from shared.domain.identifiers import uuid_or_none
from shared.domain.principals import Assistant, AssistantService, Principal
from shared.errors import Unauthenticated

BEARER = "bearer "


class Authentication:
    """Verifies tokens of people and keys of assistant services."""

    def __init__(
        self,
        tokens: TokenVerifier,
        api_keys: ApiKeyStore,
        registrations: RegistrationRepository,
    ) -> None:
        self._tokens = tokens
        self._api_keys = api_keys
        self._registrations = registrations

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
        if not await self._is_key_of(service_id, headers.get("x-api-key", "")):
            raise Unauthenticated("Invalid credentials")
        assistant_id = uuid_or_none(headers.get("x-assistant-id", ""))
        if assistant_id is None:
            return AssistantService(service_id)
        return Assistant(service_id, assistant_id)

    async def _is_key_of(self, service_id: str, given: str) -> bool:
        """Whether a key is the service's; one that doesn't fit may have been made elsewhere.

        Only what is registered has a key, so that strangers can't use up the vault's requests.
        """
        name = self._api_keys.key_name(service_id)
        if _same(given, self._api_keys.remembered(name)):
            return True
        if not self._api_keys.secured:
            return False
        if await self._registrations.find_recent(service_id) is None:
            return False
        return _same(given, await self._api_keys.recheck(name))


def _same(given: str, expected: str | None) -> bool:
    return expected is not None and secrets.compare_digest(given.encode(), expected.encode())
