"""What a handler sees of a request."""

import asyncio
import json

import httpx
import pytest
import pytest_asyncio

from tests.local.functions_host.harness import RunningHost, running_host, write_app

APP = """
@app.route(route="echo/{*path}")
async def echo(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    body = {
        "method": req.method,
        "url": req.url,
        "params": dict(req.params),
        "headers": dict(req.headers),
        "route": dict(req.route_params),
        "body": req.get_body().decode(),
        "size": len(req.get_body()),
        "invocation": context.invocation_id,
        "name": context.function_name,
        "trace": context.trace_context.trace_parent,
        "state": context.trace_context.trace_state,
    }
    return func.HttpResponse(json.dumps(body), mimetype="application/json")

@app.route(route="form")
async def form(req: func.HttpRequest) -> func.HttpResponse:
    files = {name: file.stream.read().decode() for name, file in req.files.items()}
    return func.HttpResponse(json.dumps([req.form.getlist("f"), files]))

@app.route(route="thread")
def thread(req: func.HttpRequest, context) -> func.HttpResponse:
    import threading
    stored = context.thread_local_storage.invocation_id == context.invocation_id
    return func.HttpResponse(f"{threading.current_thread().name} {stored}")
"""
LIMIT = 200_000


@pytest_asyncio.fixture(scope="module")
async def host(tmp_path_factory):
    app = write_app(tmp_path_factory.mktemp("app"), APP)
    env = {"FUNCTIONS_REQUEST_BODY_SIZE_LIMIT": str(LIMIT)}
    async with running_host(app, env=env) as running:
        yield running


async def seen(host: RunningHost, request: bytes) -> dict:
    answer = await host.raw(request)
    return json.loads(answer.partition(b"\r\n\r\n")[2])


@pytest.mark.parametrize(
    ("query", "params"),
    [
        ("id=a&id=b", {"id": "a,b"}),
        ("id=a,b", {"id": "a,b"}),
        ("id=a&ID=b", {"id": "a,b"}),
        ("a=&b&c=1", {"c": "1"}),
        ("a=&a=1", {"a": "1"}),
        ("q=a+b%20c%26%C3%A9", {"q": "a b c&é"}),
        ("", {}),
    ],
)
async def test_params(host: RunningHost, query, params):
    answer = await seen(
        host, f"GET /echo?{query} HTTP/1.1\r\nHost: h:1\r\nConnection: close\r\n\r\n".encode()
    )
    assert answer["params"] == params
    assert answer["url"] == "http://h:1/echo" + (f"?{query}" if query else "")


@pytest.mark.parametrize(
    ("sent", "url"),
    [
        ("/echo/a%20b/%C3%A9", "/echo/a%20b/%C3%A9"),
        ("/echo/a%2Fb", "/echo/a%2Fb"),
        ("/echo/%41%2d", "/echo/A-"),
        ("/echo/a+b;c=d,e", "/echo/a+b;c=d,e"),
        ("/echo/100%25", "/echo/100%25"),
    ],
)
async def test_url_is_written_anew_from_the_decoded_path(host: RunningHost, sent, url):
    answer = await seen(
        host, f"GET {sent} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n".encode()
    )
    assert answer["url"] == f"http://h{url}"


async def test_headers_are_lower_cased_and_joined(host: RunningHost):
    answer = await seen(
        host,
        b"GET /echo HTTP/1.1\r\nHost: h\r\nX-Many: a\r\nConnection: close\r\nx-many: b\r\n"
        b"Cookie: a=1; b=2\r\n\r\n",
    )
    assert answer["headers"]["x-many"] == "a,b"
    assert answer["headers"]["cookie"] == "a=1; b=2"


async def test_body_with_content_length(host: RunningHost):
    response = await host.client.post("/echo", content="héllo")
    assert response.json()["body"] == "héllo"


async def test_chunked_body_is_lost_but_the_connection_goes_on(host: RunningHost):
    async def chunks():
        for _ in range(20):
            yield b"x" * 10_000

    async with httpx.AsyncClient(
        base_url=host.address, limits=httpx.Limits(max_connections=1)
    ) as client:
        response = await client.post("/echo", content=chunks())
        assert response.json()["size"] == 0
        assert response.json()["headers"]["transfer-encoding"] == "chunked"
        assert (await client.post("/echo", content=b"next")).json()["body"] == "next"


async def test_compressed_body_stays_compressed(host: RunningHost):
    response = await host.client.post(
        "/echo", content=b"not really gzip", headers={"Content-Encoding": "gzip"}
    )
    assert response.json()["body"] == "not really gzip"


async def test_body_limit(host: RunningHost):
    fits = await host.client.post("/echo", content=b"x" * LIMIT)
    assert fits.json()["size"] == LIMIT
    reader, writer = await asyncio.open_connection("127.0.0.1", host.port)
    writer.write(f"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: {LIMIT + 1}\r\n\r\n".encode())
    answer = await reader.readuntil(b"\r\n\r\n")
    writer.close()
    await writer.wait_closed()
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"Connection: close" in answer


async def test_expect_continue(host: RunningHost):
    reader, writer = await asyncio.open_connection("127.0.0.1", host.port)
    writer.write(
        b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n"
        b"Connection: close\r\n\r\n"
    )
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(b"body")
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["body"] == "body"


async def test_broken_request_is_refused(host: RunningHost):
    assert (await host.raw(b"nonsense\r\n\r\n")).startswith(b"HTTP/1.0 400")
    null = b"GET /echo/%00 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
    assert (await host.raw(null)).startswith(b"HTTP/1.1 400")


async def test_context(host: RunningHost):
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    headers = {"traceparent": parent, "tracestate": "a=b"}
    first = (await host.client.get("/echo", headers=headers)).json()
    second = (await host.client.get("/echo")).json()
    assert first["name"] == "echo"
    assert first["invocation"] != second["invocation"]
    assert first["trace"].split("-")[1] == parent.split("-")[1]
    assert first["trace"].split("-")[2] != parent.split("-")[2]
    assert first["state"] == "a=b"


async def test_form_and_files(host: RunningHost):
    response = await host.client.post(
        "/form", data={"f": ["1", "2"]}, files={"up": ("name.txt", b"content")}
    )
    assert response.json() == [["1", "2"], {"up": "content"}]


async def test_sync_function_runs_in_a_thread(host: RunningHost):
    name, _, stored = (await host.client.get("/thread")).text.partition(" ")
    assert name.startswith("function_")
    assert stored == "True"
