"""Routes: a handler's signature says who may call it, what it takes and what it answers.

    @router.get("conversations/{conversation_id}", name="conversations_get")
    async def get_conversation(
        app: App, caller: Actor, conversation_id: UUID, query: LatestMessageQuery
    ) -> Conversation: ...

`caller` is annotated with the kinds of principal that may call; a handler without it is for
anybody who is authenticated. Parameters named in the path come from there, `query` and `body`
are models of the query string and of the JSON body. A handler whose input or output is no JSON
takes the `request` itself, and returns a `func.HttpResponse`.

The Functions host tries functions in the alphabetical order of their names and takes the first
whose path and method match: names are part of the routing, and tests/api/test_routing.py
holds them to it.
"""

import inspect
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import NoneType
from typing import Any, get_args, get_type_hints

import azure.functions as func
from pydantic import BaseModel, ConfigDict, TypeAdapter

from shared.api.openapi.described import NOTHING_MORE, Described
from shared.bindings import STORAGE, QueueOutput
from shared.domain.principals import Principal

Handler = Callable[..., Awaitable[Any]]

_LATER = ConfigDict(defer_build=True)
_NO_MODEL = (NoneType, func.HttpResponse)
_REST = re.compile(r"\{\*(\w+)\}")
_PARAMETER = re.compile(r"\{\*?(\w+)(?::[^}]*)?\}")


@dataclass(frozen=True, eq=False)
class Route:
    """One function that answers HTTP requests.

    `path` is the host's template; `suffix` is what the value of its last parameter, which may
    hold slashes, must end with. `queues` are written through output bindings of those names.
    """

    name: str
    method: str
    path: str
    suffix: str
    status: int
    handler: Handler
    callers: tuple[type, ...]
    anonymous: bool
    parameters: dict[str, TypeAdapter[Any]]
    query: type[BaseModel] | None
    body: type[BaseModel] | None
    answer: TypeAdapter[Any] | None
    queues: tuple[str, ...]
    docs: Described = NOTHING_MORE

    @cached_property
    def wants(self) -> tuple[str, ...]:
        """The names of the handler's parameters."""
        return tuple(inspect.signature(self.handler).parameters)

    @property
    def summary(self) -> str:
        """The first line of the handler's docstring."""
        return (self.handler.__doc__ or "").strip().partition("\n")[0]


class Router:
    """Registers routes as functions of one blueprint, and remembers them."""

    def __init__(self, respond: Callable[..., Awaitable[func.HttpResponse]]) -> None:
        self.blueprint = func.Blueprint()
        self.routes: list[Route] = []
        self._respond = respond

    def get(self, path: str, **options: Any) -> Callable[[Handler], Handler]:
        """Register a handler for GET; see `add` for the options."""
        return self._register("GET", path, options)

    def post(self, path: str, **options: Any) -> Callable[[Handler], Handler]:
        """Register a handler for POST; see `add` for the options."""
        return self._register("POST", path, options)

    def put(self, path: str, **options: Any) -> Callable[[Handler], Handler]:
        """Register a handler for PUT; see `add` for the options."""
        return self._register("PUT", path, options)

    def patch(self, path: str, **options: Any) -> Callable[[Handler], Handler]:
        """Register a handler for PATCH; see `add` for the options."""
        return self._register("PATCH", path, options)

    def delete(self, path: str, **options: Any) -> Callable[[Handler], Handler]:
        """Register a handler for DELETE; see `add` for the options."""
        return self._register("DELETE", path, options)

    def add(
        self,
        method: str,
        path: str,
        handler: Handler,
        *,
        name: str,
        suffix: str = "",
        status: int = 200,
        anonymous: bool = False,
        queues: Sequence[str] = (),
        docs: Described = NOTHING_MORE,
    ) -> None:
        """Register a handler under a function name; raises TypeError on a bad signature.

        `docs` is what /openapi.json can't know from the signature.
        """
        hints = get_type_hints(handler)
        path_names = _PARAMETER.findall(path)
        answer = hints.pop("return", NoneType)
        route = Route(
            name=name,
            method=method,
            path=path,
            suffix=suffix,
            status=status,
            handler=handler,
            callers=_kinds(hints.get("caller", Principal)),
            anonymous=anonymous,
            parameters={known: TypeAdapter(hints[known], config=_LATER) for known in path_names},
            query=hints.get("query"),
            body=hints.get("body"),
            answer=None if answer in _NO_MODEL else TypeAdapter(answer),
            queues=tuple(queues),
            docs=docs,
        )
        _check_signature(route, hints)
        self.routes.append(route)
        self._bind(route)

    def _register(
        self, method: str, path: str, options: dict[str, Any]
    ) -> Callable[[Handler], Handler]:
        def decorator(handler: Handler) -> Handler:
            self.add(method, path, handler, **options)
            return handler

        return decorator

    def _bind(self, route: Route) -> None:
        """Declare the function to the host, with an output binding for each of its queues."""
        function: Any = _function(route, self._respond)
        for queue in route.queues:
            bind = self.blueprint.queue_output(
                arg_name=output_name(queue), queue_name=queue, connection=STORAGE
            )
            function = bind(function)
        trigger = self.blueprint.route(
            route=_template(route.path),
            methods=[route.method],
            auth_level=func.AuthLevel.ANONYMOUS,
        )
        self.blueprint.function_name(route.name)(trigger(function))


def _template(path: str) -> str:
    """The path as the host takes it: the rest of a path must not be empty.

    Else a path without it would reach the function, and not the one that answers 405.
    """
    return _REST.sub(r"{*\1:minlength(1)}", path)


def output_name(queue: str) -> str:
    """The name of a queue's output binding: letters only, as every host version takes it."""
    return queue.replace("-", "")


def _function(
    route: Route, respond: Callable[..., Awaitable[func.HttpResponse]]
) -> Callable[..., Awaitable[func.HttpResponse]]:
    """What the host calls: its parameters must be exactly the bindings."""

    async def function(req: func.HttpRequest, **outputs: QueueOutput) -> func.HttpResponse:
        return await respond(route, req, outputs)

    function.__name__ = route.name
    function.__doc__ = route.handler.__doc__
    outputs = {output_name(queue): QueueOutput for queue in route.queues}
    parameters = [
        inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=annotation)
        for name, annotation in {"req": func.HttpRequest, **outputs}.items()
    ]
    signature = inspect.Signature(parameters, return_annotation=func.HttpResponse)
    function.__signature__ = signature  # type: ignore[attr-defined]
    function.__annotations__ = {"req": func.HttpRequest, **outputs, "return": func.HttpResponse}
    return function


def _kinds(annotation: Any) -> tuple[type, ...]:
    return get_args(annotation) or (annotation,)


def _check_signature(route: Route, hints: dict[str, Any]) -> None:
    known = {"app", "caller", "request", "query", "body", *route.parameters}
    unknown = set(hints) - known
    if unknown:
        raise TypeError(f"{route.name}: parameters {sorted(unknown)} come from nowhere")
