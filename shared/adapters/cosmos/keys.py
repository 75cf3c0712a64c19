"""Document ids made of identifiers that come from outside."""

import base64
import hashlib
import re

MAX_KEY_LENGTH = 1000
"""Cosmos DB takes up to 1,023 bytes."""

_PLAIN = re.compile(r"(?!b64:|sha256:|\.{1,2}$)[A-Za-z0-9._@:+=-]{1,255}")


def document_key(identifier: str) -> str:
    """An id that Cosmos DB and its URLs take, one to one for each identifier.

    Ids may not hold `/ \\ ? #` nor be `.` or `..`, which get lost in URLs; a plain identifier
    stays readable, a long one becomes its hash.
    """
    if _PLAIN.fullmatch(identifier):
        return identifier
    encoded = f"b64:{base64.urlsafe_b64encode(identifier.encode()).decode().rstrip('=')}"
    if len(encoded) <= MAX_KEY_LENGTH:
        return encoded
    return f"sha256:{hashlib.sha256(identifier.encode()).hexdigest()}"
