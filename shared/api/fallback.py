"""The root, and an answer for every path and method that nothing else takes.

The host itself answers 404 without a body, and never 405: clients of the reference get here
what they got there.
"""

import re
from collections.abc import Iterable

import azure.functions as func

from shared import invocation
from shared.api.requests import headers_of
from shared.api.responses import failure, problem
from shared.api.routing import Route
from shared.container import app
from shared.errors import AppError

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
ROOT_METHODS = ("GET", "HEAD")


class Fallback:
    """Two functions: the root, and the last of all by name."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self.blueprint = func.Blueprint()
        self._known = [(_pattern(route), route.method) for route in routes]
        self._known += [(re.compile(""), method) for method in ROOT_METHODS]
        # A template that matches the empty path only: an empty one would mean the name.
        self._bind("root", "{ignored:maxlength(0)?}", ROOT_METHODS, answer_root)
        self._bind("zz_unmatched", "{*path}", METHODS, self.answer_unmatched)

    async def answer_unmatched(self, req: func.HttpRequest) -> func.HttpResponse:
        """401 to strangers, 405 where another method would do, else 404.

        OPTIONS is for browsers that ask before they show who their user is.
        """
        headers = headers_of(req)
        invocation.begin(headers.get("x-request-id"))
        try:
            if req.method != "OPTIONS":
                await app().authentication.authenticate(headers)
        except AppError as error:
            return failure(error)
        path = req.route_params.get("path", "").rstrip("/")
        methods = sorted({method for pattern, method in self._known if pattern.fullmatch(path)})
        if not methods:
            return problem(404, "Not Found")
        return problem(405, "Method Not Allowed", {"Allow": ", ".join(methods)})

    def _bind(self, name: str, path: str, methods: Iterable[str], handler: object) -> None:
        trigger = self.blueprint.route(
            route=path, methods=list(methods), auth_level=func.AuthLevel.ANONYMOUS
        )
        self.blueprint.function_name(name)(trigger(handler))


async def answer_root(req: func.HttpRequest) -> func.HttpResponse:
    """200 and nothing, for whoever asks whether the service is there."""
    invocation.begin(headers_of(req).get("x-request-id"))
    correlation_id = invocation.current().correlation_id
    return func.HttpResponse(status_code=200, headers={"X-Request-ID": correlation_id})


def _pattern(route: Route) -> re.Pattern[str]:
    """The route's template as a regular expression."""
    expression = re.sub(r"\\\{\\\*\w+\\\}", "(?!$).+", re.escape(route.path))
    expression = re.sub(r"\\\{\w+\\\}", "[^/]+", expression)
    return re.compile(expression + re.escape(route.suffix), re.IGNORECASE)
