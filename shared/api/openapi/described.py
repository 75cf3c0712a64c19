"""What a handler's signature doesn't say of its route, for the description of the API."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

Schema = Mapping[str, Any] | type[BaseModel]
"""A JSON schema as it is, or a model to make one of."""

BINARY: Schema = {"type": "string", "format": "binary"}


@dataclass(frozen=True)
class Answer:
    """A successful answer that isn't the JSON of the handler's annotation.

    `content` has a schema for each media type; `headers` say what each one is for.
    """

    description: str
    content: Mapping[str, Schema] = field(default_factory=dict[str, Schema])
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Described:
    """What to add to the description of a route.

    `errors`: statuses beside those that follow from the signature, with what each means.
    `forwards`: an assistant service is asked, whose own error status is passed through.
    `request`: the schema of each media type of a body that isn't a `body` model.
    `headers`: request headers that the handler reads itself.
    `answers`: by status, what can't be read off the annotation; replaces it if there are any.
    `also`: endings of the path that the function answers with something of its own, by what
    that is: they are described as further paths.
    `hidden`: not part of the API, so not described at all.
    """

    errors: Mapping[int, str] = field(default_factory=dict[int, str])
    forwards: bool = False
    request: Mapping[str, Schema] = field(default_factory=dict[str, Schema])
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    answers: Mapping[int, Answer] = field(default_factory=dict[int, Answer])
    also: Mapping[str, Answer] = field(default_factory=dict[str, Answer])
    hidden: bool = False


NOTHING_MORE = Described()
"""For routes whose signature says it all."""

FORWARDED = Described(forwards=True)
"""For routes that an assistant service answers."""
