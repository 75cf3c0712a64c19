"""The description of the API: complete, true to OpenAPI, and compatible with the reference's."""

import json
import re
import tomllib
from typing import Any

import httpx
import pytest

from local.stack.stack import Stack
from shared.api.openapi.document import document
from shared.api.routes import ROUTES
from shared.api.routing import Route
from shared.domain.principals import Assistant, User
from tests.api.openapi_comparison import Document, differences
from tests.docs.pages import ROOT, rows

PAGE = "docs/api-differences.md"
DESCRIBED = tuple(route for route in ROUTES if not route.docs.hidden)
OURS = Document(document(ROUTES))
THEIRS = Document(json.loads((ROOT / "tests/data/reference-openapi.json").read_text()))

FOUND = [f"{operation}: {what}" for operation, what in differences(THEIRS, OURS)]
OPERATIONS = {operation["operationId"]: operation for _, _, operation in OURS.operations()}


def known_differences() -> list[str]:
    """The rows of the page's table: operation and difference, `*` for anything."""
    table = [row for row in rows(PAGE) if re.match(r"`(\*|[A-Z]+ /\S*)`$", row[0])]
    return [f"{row[0].strip('`')}: {row[1]}" for row in table if len(row) == 3]


def matches(pattern: str, found: str) -> bool:
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), found) is not None


KNOWN = known_differences()


@pytest.mark.parametrize("found", FOUND)
def test_every_difference_to_the_reference_is_documented(found: str) -> None:
    assert any(matches(pattern, found) for pattern in KNOWN), f"{PAGE} says nothing of: {found}"


@pytest.mark.parametrize("pattern", KNOWN)
def test_every_documented_difference_is_one(pattern: str) -> None:
    assert any(matches(pattern, found) for found in FOUND)


def test_there_are_documented_differences() -> None:
    assert len(KNOWN) > 10


def test_a_difference_is_noticed() -> None:
    """The comparison itself: what a client relies on must not vanish unnoticed."""
    changed = json.loads(json.dumps(OURS.content))
    del changed["paths"]["/users"]
    schemas = changed["components"]["schemas"]
    del schemas["Conversation"]["properties"]["owner_id"]
    schemas["UserList"]["properties"]["users"] = {"type": "string"}
    schemas["NewAssistant"]["required"].append("metadata")
    del changed["paths"]["/conversations"]["get"]["parameters"][0]

    found = {f"{operation}: {what}" for operation, what in differences(OURS, Document(changed))}

    assert "GET /users: missing" in found
    assert "GET /conversations/{conversation_id}: `owner_id` is not given" in found
    assert "GET /conversations: `conversations[].owner_id` is not given" in found
    assert "POST /assistants: `metadata` may be missing" in found
    assert any(text.startswith("GET /conversations: `") for text in found)
    assert not list(differences(OURS, OURS))


@pytest.mark.parametrize("route", DESCRIBED, ids=lambda route: route.name)
def test_every_route_is_described(route: Route) -> None:
    operation = OPERATIONS[route.name]

    assert operation["summary"]
    assert str(route.status) in operation["responses"]
    described = {parameter["name"] for parameter in operation["parameters"]}
    query = set(route.query.model_fields) if route.query else set()
    assert query <= described
    if not route.anonymous:
        assert {"401", "429", "503"} <= set(operation["responses"])
    if route.body or route.docs.request:
        assert {"411", "413"} <= set(operation["responses"])
    people_may = {"person": []} in operation["security"]
    assert people_may == (User in route.callers and not route.anonymous)
    assistants_may = any("assistant" in way for way in operation["security"])
    assert assistants_may == (Assistant in route.callers and not route.anonymous)


def test_operations_have_names_of_their_own() -> None:
    names = [operation["operationId"] for _, _, operation in OURS.operations()]

    assert sorted(names) == sorted(set(names))
    assert {route.name for route in DESCRIBED} <= set(names)


def test_paths_differ_in_more_than_the_names_of_parameters() -> None:
    shapes = [re.sub(r"\{[^}]*\}", "{}", path) for path in OURS.content["paths"]]

    assert sorted(shapes) == sorted(set(shapes))


def test_every_parameter_in_a_path_is_described() -> None:
    for _, path, operation in OURS.operations():
        described = [
            parameter["name"]
            for parameter in operation["parameters"]
            if parameter["in"] == "path" and parameter["required"]
        ]
        assert sorted(described) == sorted(re.findall(r"\{(\w+)\}", path)), path


def test_every_reference_leads_somewhere_and_every_component_is_referred_to() -> None:
    used = set(_references(OURS.content))
    components = OURS.content["components"]
    present = {
        f"#/components/{kind}/{name}"
        for kind in ("schemas", "responses")
        for name in components[kind]
    }

    assert used == present


def test_the_version_is_the_project_s() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert OURS.content["info"]["version"] == project["version"]


async def test_strangers_get_the_document_and_who_has_it_gets_no_more(stack: Stack) -> None:
    async with stack.api() as stranger:
        answer = await stranger.get("/openapi.json")
        again = await stranger.get(
            "/openapi.json", headers={"If-None-Match": answer.headers["ETag"]}
        )
        plain = await stranger.get("/openapi.json", headers={"Accept-Encoding": "identity"})

    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json() == plain.json() == OURS.content
    assert (again.status_code, again.content) == (304, b"")
    assert "Content-Encoding" not in plain.headers


async def test_an_error_looks_as_described(ada: httpx.AsyncClient) -> None:
    answer = await ada.get("/conversations/not-an-id")

    assert answer.status_code == 422
    (fault,) = answer.json()["detail"]
    described = OURS.content["components"]["schemas"]["ValidationError"]
    assert set(described["required"]) <= set(fault) <= set(described["properties"])


def _references(node: Any) -> list[str]:
    if isinstance(node, list):
        return [found for child in node for found in _references(child)]
    if not isinstance(node, dict):
        return []
    own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
    return own + [found for child in node.values() for found in _references(child)]
