"""Lets only the workbench in: every call but GET / has to bring the service's API key."""

import hmac
from urllib.parse import unquote

from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send


class ApiKeyMiddleware:
    """Answers 401 to a call without the right X-API-Key."""

    def __init__(self, app: ASGIApp, api_key: str) -> None:
        self._app = app
        self._api_key = api_key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI call."""
        app = self._app
        if scope["type"] == "http" and scope["path"] != "/" and not self._has_key(scope):
            app = JSONResponse({"detail": "Invalid credentials"}, status_code=401)
        await app(scope, receive, send)

    def _has_key(self, scope: Scope) -> bool:
        given = unquote(HTTPConnection(scope).headers.get("X-API-Key", ""))
        return hmac.compare_digest(given.encode(), self._api_key.encode())
