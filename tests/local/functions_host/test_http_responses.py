"""What becomes of the values that handlers return."""

import json

import pytest
import pytest_asyncio

from tests.local.functions_host.harness import RunningHost, running_host, write_app

APP = """
@app.route(route="response")
async def response(req: func.HttpRequest) -> func.HttpResponse:
    answer = func.HttpResponse("body", status_code=201, headers={"X-Own": "1", "X-Both": "own"})
    answer.headers.add("Set-Cookie", "a=1; Max-Age=5; HttpOnly; SameSite=Lax")
    answer.headers.add("Set-Cookie", "b=x; Path=/p; Secure")
    answer.headers.add("Link", "<a>")
    answer.headers.add("Link", "<b>")
    return answer

@app.route(route="raw")
async def raw(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(b"\\x00\\xff", mimetype="application/octet-stream")

@app.route(route="status/{code:int}")
async def status(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("text", status_code=int(req.route_params["code"]))

@app.route(route="text", methods=["POST"])
async def text(req: func.HttpRequest) -> str:
    return req.get_body().decode()

@app.route(route="value/{kind}")
async def value(req: func.HttpRequest):
    return {"none": None, "dict": {"a": 1}, "bytes": b"x", "tuple": ("a", 200)}[
        req.route_params["kind"]]

@app.route(route="fail")
async def fail(req: func.HttpRequest) -> func.HttpResponse:
    raise LookupError("secret detail")

@app.route(route="header", methods=["POST"])
async def header(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("x", headers={"X-Value": req.get_body().decode()})

@app.route(route="length/{n}", methods=["GET", "HEAD"])
async def length(req: func.HttpRequest) -> func.HttpResponse:
    headers = {"Content-Length": req.route_params["n"]}
    return func.HttpResponse("" if req.method == "HEAD" else "12345", headers=headers)

@app.route(route="out", binding_arg_name="res")
async def out(req: func.HttpRequest, res: func.Out[func.HttpResponse]) -> None:
    if req.params:
        res.set(func.HttpResponse("by out"))
"""
HOST_JSON = {
    "extensions": {
        "http": {"routePrefix": "", "customHeaders": {"X-Both": "host", "X-Added": "yes"}}
    }
}


@pytest_asyncio.fixture(scope="module")
async def host(tmp_path_factory):
    app = write_app(tmp_path_factory.mktemp("app"), APP, HOST_JSON)
    async with running_host(app) as running:
        yield running


async def test_response_object(host: RunningHost):
    response = await host.client.get("/response")
    assert (response.status_code, response.text) == (201, "body")
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert response.headers["x-own"] == "1"
    # The library keeps the last value of a repeated name, except for cookies.
    assert response.headers["link"] == "<b>"
    assert response.headers.get_list("set-cookie") == [
        "a=1; max-age=5; path=/; samesite=lax; httponly",
        "b=x; path=/p; secure",
    ]


async def test_custom_headers_yield_to_the_functions_own(host: RunningHost):
    response = await host.client.get("/response")
    assert response.headers["x-both"] == "own"
    assert response.headers["x-added"] == "yes"
    assert (await host.client.get("/nowhere")).headers["x-added"] == "yes"


async def test_bytes_stay_as_they_are(host: RunningHost):
    response = await host.client.get("/raw")
    assert response.content == b"\x00\xff"
    assert response.headers["content-type"] == "application/octet-stream"


@pytest.mark.parametrize("code", [204, 304])
async def test_bodiless_status(host: RunningHost, code):
    answer = await host.raw(
        f"GET /status/{code} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n".encode()
    )
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {code}".encode())
    assert body == b""


@pytest.mark.parametrize("code", [200, 202, 404, 418, 503])
async def test_status(host: RunningHost, code):
    response = await host.client.get(f"/status/{code}")
    assert (response.status_code, response.text) == (code, "text")


@pytest.mark.parametrize(
    ("returned", "status", "content_type", "body"),
    [
        ("plain", 200, "text/plain; charset=utf-8", "plain"),
        ('{"a": [1, {}]}', 200, "application/json; charset=utf-8", None),
        ("[1]", 200, "application/json; charset=utf-8", "[\n  1\n]"),
        ('{"BODY": "b", "status": 202}', 202, "text/plain; charset=utf-8", "b"),
        ('{"body": {"x": 1}}', 200, "application/json; charset=utf-8", '{\n  "x": 1\n}'),
        ('{"body": "b", "headers": {"content-type": "a/b"}}', 200, "a/b", "b"),
    ],
)
async def test_returned_text_is_sniffed(host: RunningHost, returned, status, content_type, body):
    response = await host.client.post("/text", content=returned)
    assert response.status_code == status
    assert response.headers["content-type"] == content_type
    if body is not None:
        assert response.text == body
    else:
        assert response.json() == json.loads(returned)


async def test_cookies_of_a_response_object(host: RunningHost):
    cookies = [{"name": "a", "value": "x y", "maxAge": 3, "secure": True}]
    response = await host.client.post("/text", json={"body": "b", "cookies": cookies})
    assert response.headers["set-cookie"] == "a=x%20y; max-age=3; path=/; secure"


@pytest.mark.parametrize("kind", ["none", "dict", "bytes", "tuple"])
async def test_other_values_fail(host: RunningHost, kind):
    response = await host.client.get(f"/value/{kind}")
    assert (response.status_code, response.content) == (500, b"")
    await host.output_with("unable to encode outgoing TypedData")


async def test_exception_is_an_empty_500_and_a_traceback_in_the_log(host: RunningHost):
    response = await host.client.get("/fail", headers={"x-request-id": "corr-7"})
    assert (response.status_code, response.content) == (500, b"")
    text = await host.output_with("correlation_id=corr-7")
    assert "LookupError: secret detail" in text
    assert "Executed fail trigger=httpTrigger status=500" in text


@pytest.mark.parametrize("value", ["naïve", "tab\x01"])
async def test_header_that_the_server_refuses(host: RunningHost, value):
    response = await host.client.post("/header", content=value.encode())
    assert (response.status_code, response.content) == (500, b"")


async def test_content_length_must_be_right(host: RunningHost):
    assert (await host.client.get("/length/5")).text == "12345"
    assert (await host.client.get("/length/4")).status_code == 500
    assert (await host.client.head("/length/4")).headers["content-length"] == "4"


async def test_http_output_parameter(host: RunningHost):
    assert (await host.client.get("/out?x=1")).text == "by out"
    assert (await host.client.get("/out")).status_code == 204
