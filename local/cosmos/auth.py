"""Verifies the master-key signature that every request carries."""

import base64
import binascii
import hmac
from collections.abc import Mapping
from urllib.parse import unquote

from local.cosmos.errors import CosmosError

EMULATOR_KEY = (
    "C2y6yDjf5/R+ob0N8A7Cgv30VRDJIWEHLM+4QDU5DE2nQ9nDuVTqobD4b8mGGyPMbIZnqyMsEcaGQy67XIw/Jw=="
)
"""The well-known key of Microsoft's emulator: public, and therefore no secret."""


class MasterKey:
    """The account's key; raises ValueError if it is not base64."""

    def __init__(self, key: str) -> None:
        try:
            self._key = base64.b64decode(key, validate=True)
        except binascii.Error as error:
            raise ValueError("the Cosmos key must be base64") from error

    def verify(
        self, method: str, resource_type: str, link: str, headers: Mapping[str, str]
    ) -> None:
        """Raise 401 unless `authorization` signs this verb, resource and date with the key."""
        token = unquote(headers.get("authorization", ""))
        prefix, _, signature = token.partition("&sig=")
        if prefix != "type=master&ver=1.0":
            raise CosmosError(
                401, "Authorization must be a master-key token (type=master&ver=1.0&sig=...)."
            )
        date = headers.get("x-ms-date", "").lower()
        http_date = headers.get("date", "").lower() if not date else ""
        text = f"{method.lower()}\n{resource_type}\n{link}\n{date}\n{http_date}\n"
        expected = base64.b64encode(hmac.digest(self._key, text.encode("utf-8"), "sha256"))
        if not hmac.compare_digest(expected, signature.encode("utf-8")):
            raise CosmosError(
                401,
                "The input authorization token can't serve the request. The wrong key is being "
                "used or the expected payload is not built as per the protocol. Server used the "
                f"following payload to sign: '{text}'",
            )
