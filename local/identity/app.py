"""The HTTP side: the keys and the discovery document, and a way to ask for a token."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web
from pydantic import ValidationError

from local.identity.keys import ALGORITHM, SigningKey, load_or_create_key
from local.identity.tokens import TokenRequest, issuer, sign_token

_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Allow-Headers": "*",
}
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the key is kept, and the base URL (no trailing slash) that issuers begin with."""

    data_dir: Path
    issuer_base_url: str


_SETTINGS: web.AppKey[Settings] = web.AppKey("settings", Settings)
_KEY: web.AppKey[SigningKey] = web.AppKey("key", SigningKey)


def create_app(settings: Settings) -> web.Application:
    """Make the stand-in; its key is loaded, or created in the data directory."""
    app = web.Application(middlewares=[_answer_preflights])
    app.on_response_prepare.append(_allow_any_origin)
    app[_SETTINGS] = settings
    app[_KEY] = load_or_create_key(settings.data_dir)
    app.router.add_get("/_admin/health", _health)
    app.router.add_post("/token", _token)
    app.router.add_get("/discovery/v2.0/keys", _keys)
    app.router.add_get("/{tid}/discovery/v2.0/keys", _keys)
    app.router.add_get("/{tid}/v2.0/.well-known/openid-configuration", _configuration)
    return app


async def _health(_: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})


async def _keys(request: web.Request) -> web.Response:
    return web.json_response({"keys": [request.app[_KEY].public_jwk]})


async def _configuration(request: web.Request) -> web.Response:
    base_url = request.app[_SETTINGS].issuer_base_url
    return web.json_response(
        {
            "issuer": issuer(base_url, request.match_info["tid"]),
            "jwks_uri": f"{base_url}/discovery/v2.0/keys",
            "token_endpoint": f"{base_url}/token",
            "response_types_supported": ["token"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": [ALGORITHM],
        }
    )


async def _token(request: web.Request) -> web.Response:
    """Make a token for the person described by a JSON object or a form."""
    try:
        wanted = await _token_request(request)
    except ValueError as error:
        content = {"error": "invalid_request", "error_description": str(error)}
        return web.json_response(content, status=400)
    token = sign_token(request.app[_KEY], request.app[_SETTINGS].issuer_base_url, wanted)
    return web.json_response(
        {"access_token": token, "token_type": "Bearer", "expires_in": wanted.expires_in},
        headers={"Cache-Control": "no-store"},
    )


async def _token_request(request: web.Request) -> TokenRequest:
    content: Any
    if request.content_type == "application/json":
        content = await request.json()
    else:
        content = dict(await request.post())
    try:
        return TokenRequest.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"{where}: {first['msg']}") from error


@web.middleware
async def _answer_preflights(request: web.Request, handler: _Handler) -> web.StreamResponse:
    return web.Response(status=204) if request.method == "OPTIONS" else await handler(request)


async def _allow_any_origin(_: web.Request, response: web.StreamResponse) -> None:
    """Let pages of any origin read an answer, an error too."""
    response.headers.update(_CORS)
