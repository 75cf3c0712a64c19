"""JSON as Cosmos DB stores it: strict, compact and in UTF-8."""

import json
from typing import Any

from local.cosmos.errors import CosmosError, bad_request


def _refuse_constant(name: str) -> Any:
    raise bad_request(f"The request body is not valid JSON: {name} is not a JSON number.")


_decoder = json.JSONDecoder(parse_constant=_refuse_constant)
_encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def loads(text: bytes | str) -> Any:
    """Parse JSON; anything else raises a 400."""
    try:
        return _decoder.decode(text if isinstance(text, str) else text.decode("utf-8"))
    except CosmosError:
        raise
    except (ValueError, RecursionError) as error:
        raise bad_request(f"The request body is not valid JSON: {error}") from error


def loads_object(text: bytes | str) -> dict[str, Any]:
    """Parse JSON that must be an object; anything else raises a 400."""
    value = loads(text)
    if not isinstance(value, dict):
        raise bad_request("The request body must be a JSON object.")
    return value


def dumps(value: Any) -> str:
    """Compact JSON; a value that has no UTF-8 form (a lone surrogate) raises a 400."""
    try:
        text = _encoder.encode(value)
        text.encode("utf-8")
    except ValueError as error:
        raise bad_request(f"The value cannot be stored as JSON: {error}") from error
    return text


def dump_bytes(value: Any) -> bytes:
    """Compact JSON in UTF-8."""
    return dumps(value).encode("utf-8")
