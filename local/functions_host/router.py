"""The route table: functions in alphabetical order of their names, the first match wins."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from local.functions_host.app_model import LoadedFunction
from local.functions_host.route_template import RouteTemplate

_INDEXED_SEGMENTS = 16


@dataclass(frozen=True)
class Route:
    """One HTTP function with its compiled template; `methods` None takes every method."""

    function: LoadedFunction
    template: RouteTemplate
    methods: frozenset[str] | None


class Router:
    """Finds the function of a request.

    Like the real host it knows no precedence of literals over parameters and answers a wrong
    method as if there were no route.
    """

    def __init__(self, routes: Iterable[Route]) -> None:
        """Index `routes`, which come in the order in which they are tried."""
        self._routes = list(routes)
        self._by_length: dict[int, list[Route]] = defaultdict(list)
        for length in range(_INDEXED_SEGMENTS + 1):
            self._by_length[length] = [r for r in self._routes if _fits(r, length)]

    def match(self, method: str, path: str) -> tuple[LoadedFunction, dict[str, str]] | None:
        """The function and its route parameters; `path` is decoded, without a leading slash."""
        length = path.count("/") + 1 if path else 0
        candidates = self._routes if length > _INDEXED_SEGMENTS else self._by_length[length]
        for route in candidates:
            if route.methods is not None and method not in route.methods:
                continue
            values = route.template.match(path)
            if values is not None:
                return route.function, values
        return None


def _fits(route: Route, length: int) -> bool:
    template = route.template
    # A trailing slash counts as one more, empty, segment.
    longest = length if template.max_segments is None else template.max_segments + 1
    return template.min_segments <= length <= longest
