"""docs/api.md says of each route what the code does, and of no route that isn't there."""

import inspect
import re
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from shared.api.routes import ROUTES
from shared.api.routing import Route
from shared.domain.principals import Assistant, AssistantService, User
from tests.docs.pages import rows

PAGE = "docs/api.md"
WORDS = {User: "person", AssistantService: "service", Assistant: "assistant"}
TABLE = {cells[0].strip("`"): cells[1:] for cells in rows(PAGE)}


def line_of(route: Route) -> str:
    path = re.sub(r"\{\*?(\w+)(?::[^}]*)?\}", r"{\1}", route.path)
    return f"{route.method} /{path}{route.suffix}"


def models_in(annotation: Any) -> set[type[BaseModel]]:
    """The models that a type is made of, and those that they are made of."""
    if not (inspect.isclass(annotation) and issubclass(annotation, BaseModel)):
        return {model for part in get_args(annotation) for model in models_in(part)}
    fields = annotation.model_fields.values()
    return {annotation, *(model for field in fields for model in models_in(field.annotation))}


def answer_of(route: Route) -> Any:
    return inspect.signature(route.handler).return_annotation


MODELS = {
    model
    for route in ROUTES
    for part in (route.query, route.body, answer_of(route))
    for model in models_in(part)
}


def name_of(item: Route | type[BaseModel]) -> str:
    return item.name if isinstance(item, Route) else item.__name__


def test_the_page_has_no_other_routes() -> None:
    listed = {name for name in TABLE if re.match(r"[A-Z]+ /", name)}
    assert listed == {line_of(route) for route in ROUTES}


@pytest.mark.parametrize("route", ROUTES, ids=name_of)
def test_the_page_says_who_may_call(route: Route) -> None:
    who = "anybody" if route.anonymous else ", ".join(WORDS[kind] for kind in route.callers)
    assert TABLE[line_of(route)][0] == who


@pytest.mark.parametrize("route", ROUTES, ids=name_of)
def test_the_page_says_what_a_route_takes(route: Route) -> None:
    taken = [model.__name__ for model in (route.query, route.body) if model is not None]
    assert TABLE[line_of(route)][1] == ", ".join(f"`{name}`" for name in taken)


@pytest.mark.parametrize("route", ROUTES, ids=name_of)
def test_the_page_says_what_a_route_answers(route: Route) -> None:
    models = get_args(answer_of(route)) or (answer_of(route),)
    answer = " or ".join(f"`{model.__name__}`" for model in models) if route.answer else ""
    assert TABLE[line_of(route)][2] == f"{route.status} {answer}".strip()


@pytest.mark.parametrize("model", sorted(MODELS, key=name_of), ids=name_of)
def test_the_page_lists_the_fields_of_every_model(model: type[BaseModel]) -> None:
    fields = [field.split("`")[1] for field in TABLE[model.__name__][0].split("; ")]
    assert fields == list(model.model_fields)
