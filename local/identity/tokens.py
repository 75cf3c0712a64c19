"""Makes access tokens as Entra ID v2 makes them, for any person one cares to name."""

import re
import time
import uuid
from pathlib import Path
from typing import Annotated, Any

import jwt
from pydantic import BaseModel, ConfigDict, Field, Json, StringConstraints

from local.identity.keys import ALGORITHM, SigningKey, load_or_create_key

DEFAULT_APP_ID = "d0a2fed8-abb0-4831-8a24-09f5a0b54d97"
DEFAULT_TID = "9b1f6e5a-0000-4000-8000-000000000001"
DEFAULT_EXPIRES_IN = 24 * 3600
_PEOPLE = uuid.UUID("5d4f8a36-8f0e-5c0b-9a53-6f0f5d1c7e21")

_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=256)]
_Tenant = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,128}$")]


class TokenRequest(BaseModel):
    """Who a token is for; `claims` are added to the usual ones, or take their place.

    `expires_in` is in seconds; a negative number gives a token that expired that long ago.
    """

    model_config = ConfigDict(extra="forbid")

    name: _Text
    tid: _Tenant = DEFAULT_TID
    oid: _Text | None = None
    app_id: _Text = DEFAULT_APP_ID
    expires_in: int = Field(default=DEFAULT_EXPIRES_IN, ge=-(10**9), le=10**9)
    claims: dict[str, Any] | Json[dict[str, Any]] = {}


def person_id(name: str) -> str:
    """Give the object id of the person with a name: the same name is the same person."""
    return str(uuid.uuid5(_PEOPLE, name))


def issuer(issuer_base_url: str, tid: str) -> str:
    """Give the issuer of a tenant's tokens."""
    return f"{issuer_base_url}/{tid}/v2.0"


def sign_token(key: SigningKey, issuer_base_url: str, request: TokenRequest) -> str:
    """Make a token."""
    oid = request.oid or person_id(request.name)
    now = int(time.time())
    # An expired token was valid once, for an hour.
    issued = now if request.expires_in > 0 else now + request.expires_in - 3600
    claims = {
        "aud": request.app_id,
        "iss": issuer(issuer_base_url, request.tid),
        "iat": issued,
        "nbf": issued,
        "exp": now + request.expires_in,
        "azp": request.app_id,
        "name": request.name,
        "oid": oid,
        "preferred_username": _user_name(request.name),
        # The person as this application knows it.
        "sub": str(uuid.uuid5(_PEOPLE, f"{oid}/{request.app_id}")),
        "tid": request.tid,
        "ver": "2.0",
    }
    headers = {"kid": key.key_id}
    return jwt.encode(claims | request.claims, key.private_key, ALGORITHM, headers)


def issue_token(
    data_dir: Path,
    issuer_base_url: str,
    *,
    name: str,
    tid: str = DEFAULT_TID,
    oid: str | None = None,
    app_id: str = DEFAULT_APP_ID,
    expires_in: int = DEFAULT_EXPIRES_IN,
    claims: dict[str, Any] | None = None,
) -> str:
    """Make a token with the key of a data directory, whether or not the server runs.

    `issuer_base_url` is where the keys are (to be) published, without a trailing slash;
    `expires_in` is in seconds. Raises ValueError for a value that is not allowed.
    """
    request = TokenRequest(
        name=name, tid=tid, oid=oid, app_id=app_id, expires_in=expires_in, claims=claims or {}
    )
    return sign_token(load_or_create_key(data_dir), issuer_base_url, request)


def _user_name(name: str) -> str:
    return re.sub(r"\W+", ".", name.lower()).strip(".") + "@people.example"
