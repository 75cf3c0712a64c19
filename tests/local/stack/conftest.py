"""A small function app for stacks under test, so that these tests need no part of the product."""

from pathlib import Path

import pytest

from tests.support.core_tools import write_func

FUNCTION_APP = """
import asyncio, json, os
import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route(route="assistant-service-registrations/{id}", methods=["PUT"])
async def register(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("{}", mimetype="application/json")


@app.route(route="settings/{name}", methods=["GET"])
async def setting(req: func.HttpRequest) -> func.HttpResponse:
    value = os.environ.get(req.route_params["name"])
    return func.HttpResponse(json.dumps(value), mimetype="application/json")


@app.route(route="authorization", methods=["GET"])
async def authorization(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(req.headers.get("authorization", ""))


@app.route(route="slow", methods=["POST"])
async def slow(req: func.HttpRequest) -> func.HttpResponse:
    print("the slow request has begun", flush=True)
    await asyncio.sleep(60)
    return func.HttpResponse()


@app.route(route="crash", methods=["POST"])
async def crash(req: func.HttpRequest) -> func.HttpResponse:
    print("the app is crashing", flush=True)
    os._exit(7)
"""

HOST_JSON = '{"version": "2.0", "extensions": {"http": {"routePrefix": ""}}}'


@pytest.fixture(scope="session")
def app_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the function app."""
    folder = tmp_path_factory.mktemp("app")
    (folder / "function_app.py").write_text(FUNCTION_APP)
    (folder / "host.json").write_text(HOST_JSON)
    return folder


@pytest.fixture
def core_tools(tmp_path: Path) -> Path:
    """A `func`, which is installed nowhere here."""
    folder = tmp_path / "core_tools"
    folder.mkdir()
    return write_func(folder)
