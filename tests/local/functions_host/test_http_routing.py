"""Which function a request reaches."""

import httpx
import pytest
import pytest_asyncio

from tests.local.functions_host.harness import RunningHost, running_host, write_app

APP = """
def reply(name):
    async def handler(req: func.HttpRequest) -> func.HttpResponse:
        body = {"function": name, "route": dict(req.route_params)}
        return func.HttpResponse(json.dumps(body), mimetype="application/json")
    return handler

def route(name, template, methods=("GET",)):
    decorated = app.route(route=template, methods=list(methods))(reply(name))
    app.function_name(name)(decorated)

route("b_parameter", "things/{id}")
route("C_literal", "things/special")
route("a_typed", "things/{id:int}/x")
route("optional", "opt/{first}/{second?}")
route("defaulted", "def/{page=one}")
route("catch_all", "files/{folder}/{*path}")
route("double_star", "tree/{**path}")
route("mixed", "v{major:int}.{minor:int}/{name}.json")
route("guid", "by/{key:guid}")
route("name_only", "by/{key:alpha:length(2,4)}")
route("zz_rest", "by/{key}")
route("regexed", "re/{x:regex(^[a-c]{{2}}$)}")
route("fallback", "re/{x}")
route("posts", "same", ["POST"])
route("gets", "same", ["GET", "HEAD"])
route("shout", "Mixed/CASE")
route("wide", "many/{a}/{b}/{c}/{d}/{e}")

@app.route(route="any")
async def any_method(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(req.method)
"""


@pytest_asyncio.fixture(scope="module")
async def host(tmp_path_factory):
    async with running_host(write_app(tmp_path_factory.mktemp("app"), APP)) as running:
        yield running


@pytest.mark.parametrize(
    ("path", "function", "route"),
    [
        # b_parameter sorts before C_literal: no precedence of literals, and case doesn't count.
        ("/things/special", "b_parameter", {"id": "special"}),
        ("/things/42/x", "a_typed", {"id": "42"}),
        ("/things/AbC/", "b_parameter", {"id": "AbC"}),
        ("/THINGS/AbC", "b_parameter", {"id": "AbC"}),
        ("/opt/1", "optional", {"first": "1"}),
        ("/opt/1/2", "optional", {"first": "1", "second": "2"}),
        ("/opt/1/", "optional", {"first": "1"}),
        ("/def", "defaulted", {"page": "one"}),
        ("/def/two", "defaulted", {"page": "two"}),
        ("/files/a", "catch_all", {"folder": "a"}),
        ("/files/a/b/c.txt", "catch_all", {"folder": "a", "path": "b/c.txt"}),
        ("/files/a/b/", "catch_all", {"folder": "a", "path": "b/"}),
        ("/tree", "double_star", {}),
        ("/tree/x/y", "double_star", {"path": "x/y"}),
        ("/v1.20/readme.json", "mixed", {"major": "1", "minor": "20", "name": "readme"}),
        ("/by/0e984725-c51c-4bf4-9960-e1c80e27aba0", "guid", None),
        ("/by/0e984725c51c4bf49960e1c80e27aba0", "guid", None),
        ("/by/abc", "name_only", {"key": "abc"}),
        ("/by/abcde", "zz_rest", {"key": "abcde"}),
        ("/re/AB", "fallback", {"x": "AB"}),  # 'fallback' sorts first
        ("/mixed/case", "shout", {}),
        ("/same", "gets", {}),
        ("/things/a%20b%C3%A9", "b_parameter", {"id": "a bé"}),
        ("/things/a%2Fb", "b_parameter", {"id": "a%2Fb"}),
        ("/things/a%2fb", "b_parameter", {"id": "a%2fb"}),
        ("/things/a+b", "b_parameter", {"id": "a+b"}),
        ("/many/1/2/3/4/5", "wide", {"a": "1", "b": "2", "c": "3", "d": "4", "e": "5"}),
    ],
)
async def test_path_reaches_function(host: RunningHost, path, function, route):
    response = await host.client.get(path)
    assert response.status_code == 200
    assert response.json()["function"] == function
    if route is not None:
        assert response.json()["route"] == route


@pytest.mark.parametrize(
    "path",
    ["/things", "/things//x", "/opt", "/v1/readme.json", "/v1.x/r.json", "/nothing", "/many/1/2/3"],
)
async def test_unknown_path_is_404_and_empty(host: RunningHost, path):
    response = await host.client.get(path)
    assert (response.status_code, response.content) == (404, b"")
    assert "content-type" not in response.headers


async def test_dot_segments_are_removed_before_routing(host: RunningHost):
    answer = await host.raw(
        b"GET /x/../things/./a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
    )
    assert answer.startswith(b"HTTP/1.1 200")
    assert b'"id": "a"' in answer


async def test_wrong_method_is_404(host: RunningHost):
    response = await host.client.delete("/things/1")
    assert (response.status_code, response.content) == (404, b"")


async def test_head_needs_to_be_listed(host: RunningHost):
    assert (await host.client.head("/things/1")).status_code == 404
    listed = await host.client.head("/same")
    assert (listed.status_code, listed.content) == (200, b"")


async def test_same_template_with_other_methods(host: RunningHost):
    assert (await host.client.post("/same")).json()["function"] == "posts"


@pytest.mark.parametrize("method", ["GET", "PUT", "OPTIONS", "PATCH", "PROPFIND"])
async def test_no_methods_listed_takes_all(host: RunningHost, method):
    assert (await host.client.request(method, "/any")).text == method


async def test_homepage(host: RunningHost):
    response = await host.client.get("/")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/html")


async def test_homepage_can_be_disabled_and_a_function_wins(tmp_path):
    plain = write_app(tmp_path / "plain", "")
    rooted = write_app(
        tmp_path / "rooted",
        """
        @app.route(route="{ignored:maxlength(0)?}")
        async def root(req: func.HttpRequest) -> func.HttpResponse:
            return func.HttpResponse("mine")
        """,
    )
    env = {"AzureWebJobsDisableHomepage": "true"}
    async with running_host(plain, env=env) as first, running_host(rooted, env=env) as second:
        response = await first.client.get("/")
        assert (response.status_code, response.content) == (204, b"")
        assert (await second.client.get("/")).text == "mine"


async def test_route_prefix_and_default_route(tmp_path):
    app = write_app(
        tmp_path,
        """
        @app.route()
        async def named(req: func.HttpRequest) -> func.HttpResponse:
            return func.HttpResponse("named")

        @app.route(route="")
        async def empty(req: func.HttpRequest) -> func.HttpResponse:
            return func.HttpResponse("empty")
        """,
        {"extensions": {}},
    )
    async with running_host(app) as host:
        assert (await host.client.get("/api/named")).text == "named"
        assert (await host.client.get("/API/empty")).text == "empty"
        assert (await host.client.get("/named")).status_code == 404
        listing: httpx.Response = await host.client.get("/admin/functions")
        templates = {f["name"]: f["invoke_url_template"] for f in listing.json()}
        assert templates["named"].endswith("/api/named")
