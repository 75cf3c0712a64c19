"""Document ids made of identifiers that come from outside."""

import base64
import re

_PLAIN = re.compile(r"[A-Za-z0-9._@:+=-]{1,255}")


def document_key(identifier: str) -> str:
    """An id that Cosmos DB and its URLs take, one to one for each identifier.

    Ids may not hold `/ \\ ? #`; a plain identifier stays readable.
    """
    if _PLAIN.fullmatch(identifier) and not identifier.startswith("b64:"):
        return identifier
    encoded = base64.urlsafe_b64encode(identifier.encode()).decode().rstrip("=")
    return f"b64:{encoded}"
