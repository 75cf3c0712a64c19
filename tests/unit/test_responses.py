"""Answers: models as JSON, nothing, and errors with their status."""

import json
from typing import Any

import azure.functions as func
import pytest

from shared import errors, invocation
from shared.api.responses import failure, status_of, success
from shared.api.routing import Router, output_name
from shared.contracts.users import User, UserList
from shared.domain.principals import Assistant, AssistantService, Principal
from shared.domain.principals import User as Person
from tests.unit.builders import NOW

CORRELATION_ID = "3f0c6f0e-5d8b-4f9e-9c55-0d4d3a6f1b2c"


@pytest.fixture(autouse=True)
def begun() -> None:
    """The request that is answered."""
    invocation.begin(CORRELATION_ID)


async def answer(*_: object) -> func.HttpResponse:
    """Nobody answers here."""
    raise NotImplementedError


async def list_users(caller: Person) -> UserList:
    """List people.

    And more that the summary leaves out.
    """
    raise NotImplementedError


async def forget(user_id: str) -> None:
    """Forget somebody."""


async def misspelt(qery: str) -> None:
    """A handler with a parameter that nothing fills."""


@pytest.fixture
def router() -> Router:
    return Router(answer)


def json_of(response: func.HttpResponse) -> Any:
    """The body."""
    return json.loads(response.get_body())


def test_an_answer_is_its_model_with_every_field(router: Router) -> None:
    router.add("GET", "users", list_users, name="users_all")
    person = User(id="a", name="ü", image=None, service_user=False, created_datetime=NOW)

    response = success(router.routes[0], UserList(users=[person]))

    assert response.status_code == 200
    assert response.mimetype == "application/json"
    assert response.headers["X-Request-ID"] == CORRELATION_ID
    assert json_of(response) == {
        "users": [
            {
                "id": "a",
                "name": "ü",
                "image": None,
                "service_user": False,
                "created_datetime": "2026-11-22T12:00:00Z",
            }
        ]
    }


def test_no_answer_is_an_empty_body(router: Router) -> None:
    router.add("DELETE", "users/{user_id}", forget, name="users_delete", status=204)

    response = success(router.routes[0], None)

    assert (response.status_code, response.get_body()) == (204, b"")


def test_a_route_knows_its_callers_and_its_summary(router: Router) -> None:
    router.add("GET", "users", list_users, name="users_all")
    router.add("DELETE", "users/{user_id}", forget, name="users_delete")

    first, second = router.routes
    assert (first.callers, first.summary, first.wants) == ((Person,), "List people.", ("caller",))
    assert set(second.callers) == {Person, AssistantService, Assistant}
    assert set(second.callers) == set(Principal.__args__)


def test_a_parameter_that_comes_from_nowhere_is_refused_at_start(router: Router) -> None:
    with pytest.raises(TypeError, match="qery"):
        router.add("GET", "users", misspelt, name="users_all")


def test_the_host_gets_exactly_the_bindings(router: Router) -> None:
    router.add("GET", "users", list_users, name="users_all", queues=["service-status"])

    app = func.FunctionApp()
    app.register_functions(router.blueprint)
    [function] = app.get_functions()

    assert function.get_function_name() == "users_all"
    assert {binding.name for binding in function.get_bindings()} == {
        "req",
        output_name("service-status"),
        "$return",
    }


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.Unauthenticated(), 401),
        (errors.Forbidden(), 403),
        (errors.NotFound(), 404),
        (errors.InvalidArgument(), 400),
        (errors.UnprocessableInput([]), 422),
        (errors.Conflict(), 409),
        (errors.TooLarge(), 413),
        (errors.LengthRequired(), 411),
        (errors.NotAcceptable(), 406),
        (errors.AssistantFailure(302, ""), 302),
        (errors.AssistantFailure(404, ""), 404),
        (errors.AssistantUnreachable(), 424),
        (errors.DependencyUnavailable(), 503),
        (errors.Throttled(), 429),
        (errors.AppError(), 500),
    ],
    ids=repr,
)
def test_every_error_has_its_status(error: errors.AppError, status: int) -> None:
    assert status_of(error) == status
    assert failure(error).status_code == status


def test_every_kind_of_error_has_a_status() -> None:
    kinds = set(errors.AppError.__subclasses__()) - {errors.AssistantFailure}

    assert {kind.__name__ for kind in kinds if status_of(kind.__new__(kind)) == 500} == set()


def test_a_subclass_has_the_status_of_its_kind() -> None:
    class StrangeError(errors.Conflict):
        """A conflict that nobody listed."""

    assert status_of(StrangeError()) == 409


@pytest.mark.parametrize(
    ("error", "detail"),
    [
        (errors.NotFound(), "Not Found"),
        (errors.Forbidden(), "Forbidden"),
        (errors.Unauthenticated(), "Not authenticated"),
        (errors.Conflict("taken"), "taken"),
        (errors.AssistantFailure(500, "ü"), "Assistant responded with error; response: ü"),
        (errors.UnprocessableInput([{"loc": ["body"]}]), [{"loc": ["body"]}]),
    ],
    ids=repr,
)
def test_an_error_says_what_is_wrong(error: errors.AppError, detail: object) -> None:
    response = failure(error)

    assert json_of(response) == {"detail": detail}
    assert response.headers["X-Request-ID"] == CORRELATION_ID


@pytest.mark.parametrize(
    ("error", "header", "value"),
    [
        (errors.DependencyUnavailable(), "Retry-After", "2"),
        (errors.Throttled(retry_after=17), "Retry-After", "17"),
        (errors.Throttled(retry_after=0.2), "Retry-After", "1"),
        (errors.NotFound(), "Retry-After", None),
        (errors.Unauthenticated(), "WWW-Authenticate", "Bearer"),
        (errors.Forbidden(), "WWW-Authenticate", None),
    ],
    ids=repr,
)
def test_an_error_says_what_may_help(
    error: errors.AppError, header: str, value: str | None
) -> None:
    assert failure(error).headers.get(header) == value
