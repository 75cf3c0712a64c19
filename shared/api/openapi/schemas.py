"""JSON schemas of everything that routes take and answer, each model once."""

from collections.abc import Hashable, Iterator, Mapping
from typing import Any, Literal

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import core_schema

from shared.api.openapi.described import Schema
from shared.api.routing import Route

REFERENCE = "#/components/schemas/{model}"

Mode = Literal["validation", "serialization"]
Part = tuple[Hashable, Mode, TypeAdapter[Any]]


class Schemas:
    """The schemas of all parts of all routes, and the models that they refer to."""

    def __init__(self, routes: tuple[Route, ...]) -> None:
        parts = [part for route in routes for part in _parts(route)]
        schemas, definitions = TypeAdapter.json_schemas(
            parts, ref_template=REFERENCE, schema_generator=_Generator
        )
        self._schemas = {key: schema for (key, _), schema in schemas.items()}
        self._models: dict[str, Any] = definitions.get("$defs", {})

    def of(self, route: Route, *part: Hashable) -> dict[str, Any]:
        """The schema of a part of a route; a reference, where it is a model."""
        return self._schemas[route, *part]

    def of_query(self, route: Route) -> dict[str, Any]:
        """The schema of a route's query model, which is no component: it is never sent whole."""
        return self._models[_name(self.of(route, "query"))]

    def of_raw(self, route: Route, schema: Schema, *part: Hashable) -> dict[str, Any]:
        """A schema that was given as it is, or that of the model that was given instead."""
        return dict(schema) if isinstance(schema, Mapping) else self.of(route, *part)

    def components(self, routes: tuple[Route, ...]) -> dict[str, Any]:
        """The models by name, those of queries left out."""
        queries = {_name(self.of(route, "query")) for route in routes if route.query}
        return {name: model for name, model in sorted(self._models.items()) if name not in queries}


class _Generator(GenerateJsonSchema):
    """Says of answers what is true of them: every field is there, unless it is left out."""

    def field_is_required(
        self,
        field: core_schema.ModelField | core_schema.DataclassField | core_schema.TypedDictField,
        total: bool,
    ) -> bool:
        if self.mode == "serialization":
            return "serialization_exclude_if" not in field
        return super().field_is_required(field, total)

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002
        return False


def _parts(route: Route) -> Iterator[Part]:
    if route.query is not None:
        yield (route, "query"), "validation", TypeAdapter(route.query)
    if route.body is not None:
        yield (route, "body"), "validation", TypeAdapter(route.body)
    if route.answer is not None:
        yield (route, "answer"), "serialization", route.answer
    for name, adapter in route.parameters.items():
        yield (route, "path", name), "validation", adapter
    for media, schema in route.docs.request.items():
        yield from _part_of_model((route, "request", media), "validation", schema)
    for where, answer in [*route.docs.answers.items(), *route.docs.also.items()]:
        for media, schema in answer.content.items():
            yield from _part_of_model((route, where, media), "serialization", schema)


def _part_of_model(key: Hashable, mode: Mode, schema: Schema) -> Iterator[Part]:
    if isinstance(schema, type) and issubclass(schema, BaseModel):
        yield key, mode, TypeAdapter(schema)


def _name(reference: dict[str, Any]) -> str:
    return reference["$ref"].rpartition("/")[2]
