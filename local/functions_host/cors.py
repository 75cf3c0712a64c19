"""Cross-origin requests as Core Tools answers them from local.settings.json's Host.CORS."""

from aiohttp import web
from multidict import CIMultiDict

from local.functions_host.errors import HostError


class Cors:
    """The outermost layer: preflights never reach a function."""

    def __init__(self, origins: tuple[str, ...], credentials: bool) -> None:
        """`origins` are allowed, or every one if "*" is among them; none switches CORS off."""
        self._any = "*" in origins
        if self._any and credentials:
            raise HostError("local.settings.json: CORS * can't go with CORSCredentials")
        self._origins = {origin.lower() for origin in origins}
        self._credentials = credentials

    @property
    def enabled(self) -> bool:
        """Whether any origin is allowed."""
        return bool(self._origins)

    def preflight(self, request: web.BaseRequest) -> web.Response | None:
        """The answer to a preflight; None if the request isn't one."""
        if request.method != "OPTIONS" or "Origin" not in request.headers:
            return None
        method = request.headers.get("Access-Control-Request-Method")
        if method is None:
            return None
        response = web.Response(status=204)
        if self._allows(request.headers["Origin"]):
            response.headers["Access-Control-Allow-Methods"] = method
            if wanted := request.headers.get("Access-Control-Request-Headers"):
                response.headers["Access-Control-Allow-Headers"] = wanted
        return response

    def decorate(self, request: web.BaseRequest, headers: CIMultiDict[str]) -> None:
        """Add the headers that let the browser show the response to the page."""
        origin = request.headers.get("Origin")
        if origin is None or not self._allows(origin):
            return
        headers["Access-Control-Allow-Origin"] = "*" if self._any else origin
        if self._credentials:
            headers["Access-Control-Allow-Credentials"] = "true"
        if len(self._origins) > 1 and not self._any:
            headers["Vary"] = f"{headers['Vary']}, Origin" if "Vary" in headers else "Origin"

    def _allows(self, origin: str) -> bool:
        return self._any or origin.lower() in self._origins
