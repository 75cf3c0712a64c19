"""The host as a process: start, settings, CORS, management endpoints, logs, reload and stop."""

import asyncio
import signal

import pytest

from tests.local.functions_host.harness import READY, refusal, running_host, write_app

BASIC = """
import os
import threading

release = threading.Event()

@app.route(route="env/{name}")
async def env(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(os.environ.get(req.route_params["name"], ""))

@app.route(route="slow")
async def slow(req: func.HttpRequest) -> func.HttpResponse:
    print("slow began", flush=True)
    await asyncio.sleep(float(req.params["s"]))
    print("slow ended", flush=True)
    return func.HttpResponse("finished", headers={"x-request-id": "from-response"})

@app.route(route="stuck")
def stuck(req: func.HttpRequest) -> func.HttpResponse:
    print("stuck began", flush=True)
    release.wait()
    return func.HttpResponse("")

@app.route(route="log")
async def log(req: func.HttpRequest) -> func.HttpResponse:
    logging.debug("a debug line")
    logging.info("an info line")
    logging.getLogger("my.module").warning("a warning line")
    return func.HttpResponse("")

@app.timer_trigger(arg_name="timer", schedule="0 0 0 1 1 *")
async def yearly(timer: func.TimerRequest) -> None:
    await note(["yearly", timer.past_due])
"""


async def test_function_table_and_management_endpoints(tmp_path):
    async with running_host(write_app(tmp_path, BASIC)) as host:
        assert "\nFunctions:\n" in host.text
        assert f"\tenv: [*] http://localhost:{host.port}/env/{{name}}\n" in host.text
        assert f"\taa_journal: [GET] http://localhost:{host.port}/journal/" in host.text
        assert "\tyearly: timerTrigger\n" in host.text
        assert (await host.client.get("/admin/host/ping")).status_code == 200
        status = (await host.client.get("/admin/host/status")).json()
        assert status["state"] == "Running"
        names = [f["name"] for f in (await host.client.get("/admin/functions")).json()]
        assert names == ["aa_journal", "env", "log", "slow", "stuck", "yearly"]
        one = (await host.client.get("/admin/functions/YEARLY")).json()
        assert one["config"]["bindings"][0]["type"] == "timerTrigger"
        assert (await host.client.get("/admin/functions/nope")).status_code == 404
        assert (await host.client.get("/admin/elsewhere")).status_code == 404


async def test_functions_are_run_by_hand(tmp_path):
    async with running_host(write_app(tmp_path, BASIC)) as host:
        run = await host.client.post("/admin/functions/yearly", json={"input": ""})
        assert (run.status_code, run.content) == (202, b"")
        assert await host.journal(1) == [["yearly", False]]
        http = await host.client.post("/admin/functions/env", json={"input": ""})
        assert (http.status_code, "HTTP function" in http.text) == (400, True)
        assert (await host.client.post("/admin/functions/yearly")).status_code == 400


async def test_local_settings_go_into_the_environment(tmp_path):
    settings = {
        "Values": {"MINE": "from file", "TAKEN": "from file"},
        "ConnectionStrings": {"Db": "text"},
    }
    app = write_app(tmp_path, BASIC, None, settings)
    async with running_host(app, env={"TAKEN": "from outside"}) as host:

        async def value(name: str) -> str:
            return (await host.client.get(f"/env/{name}")).text

        assert await value("MINE") == "from file"
        assert await value("TAKEN") == "from outside"
        assert await value("ConnectionStrings:Db") == "text"
        assert await value("AZURE_FUNCTIONS_ENVIRONMENT") == "Development"
        assert await value("FUNCTIONS_WORKER_RUNTIME") == "python"
        assert await value("WEBSITE_HOSTNAME") == f"localhost:{host.port}"
        assert "Skipping 'TAKEN' from local settings" in host.text


async def test_port_taken(tmp_path):
    app = write_app(tmp_path, BASIC)
    async with running_host(app) as host:
        text = await refusal(app, "--port", str(host.port))
    assert f"port {host.port} can't be used" in text


@pytest.mark.parametrize(
    ("cors", "credentials", "origin", "allowed"),
    [
        ("*", False, "http://any.example", "*"),
        ("http://a.example, http://b.example/", True, "http://b.example", "http://b.example"),
        ("http://a.example", False, "http://evil.example", None),
    ],
)
async def test_cors(tmp_path, cors, credentials, origin, allowed):
    settings = {"Host": {"CORS": cors, "CORSCredentials": credentials}}
    async with running_host(write_app(tmp_path, BASIC, None, settings)) as host:
        preflight = await host.client.options(
            "/env/X",
            headers={
                "Origin": origin,
                "Access-Control-Request-Method": "PUT",
                "Access-Control-Request-Headers": "x-a, x-b",
            },
        )
        simple = await host.client.get("/nowhere", headers={"Origin": origin})
        plain = await host.client.options("/env/X", headers={"Origin": origin})
    assert (preflight.status_code, preflight.content) == (204, b"")
    for response in (preflight, simple):
        assert response.headers.get("access-control-allow-origin") == allowed
        shown = response.headers.get("access-control-allow-credentials")
        assert shown == ("true" if credentials else None)
    if allowed:
        assert preflight.headers["access-control-allow-methods"] == "PUT"
        assert preflight.headers["access-control-allow-headers"] == "x-a, x-b"
        assert ("origin" in simple.headers.get("vary", "").lower()) == ("," in cors)
    assert plain.status_code == 200  # no preflight: the function answers


async def test_the_command_line_may_allow_origins(tmp_path):
    settings = {"Host": {"CORS": "http://other.example"}}
    app = write_app(tmp_path, BASIC, None, settings)
    async with running_host(app, "--cors", "http://a.example,http://b.example") as host:
        origins = {
            origin: (await host.client.get("/nowhere", headers={"Origin": origin})).headers.get(
                "access-control-allow-origin"
            )
            for origin in ("http://b.example", "http://other.example")
        }
    assert origins == {"http://b.example": "http://b.example", "http://other.example": None}


async def test_no_cors_without_configuration(tmp_path):
    async with running_host(write_app(tmp_path, BASIC)) as host:
        headers = {"Origin": "http://a.example", "Access-Control-Request-Method": "GET"}
        response = await host.client.options("/env/X", headers=headers)
        assert response.status_code == 200
        assert "access-control-allow-origin" not in response.headers


async def test_log_levels(tmp_path):
    levels = {
        "default": "Error",
        "Function.log.User": "Information",
        "Function.slow": "Information",
    }
    app = write_app(
        tmp_path,
        BASIC,
        {"extensions": {"http": {"routePrefix": ""}}, "logging": {"logLevel": levels}},
    )
    async with running_host(app) as host:
        await host.client.get("/log")
        await host.client.get("/slow?s=0", headers={"x-request-id": ""})
        text = await host.output_with("Executed slow")
    assert "an info line" in text
    assert "a warning line" in text
    assert "a debug line" not in text
    assert "Executed log" not in text
    assert "status=200" in text
    assert "correlation_id=from-response" in text


async def test_function_timeout(tmp_path):
    app = write_app(
        tmp_path,
        BASIC,
        {"extensions": {"http": {"routePrefix": ""}}, "functionTimeout": "00:00:01"},
    )
    async with running_host(app) as host:
        response = await host.client.get("/slow?s=30")
        assert (response.status_code, response.content) == (500, b"")


async def test_running_request_finishes_when_stopped(tmp_path):
    async with running_host(write_app(tmp_path, BASIC)) as host:
        request = asyncio.ensure_future(host.client.get("/slow?s=1"))
        await host.output_with("slow began")
        host.process.send_signal(signal.SIGTERM)
        assert (await request).text == "finished"
        assert await host.process.wait() == 0


async def test_second_signal_ends_at_once(tmp_path):
    async with running_host(write_app(tmp_path, BASIC)) as host:
        request = asyncio.ensure_future(host.raw(b"GET /slow?s=60 HTTP/1.1\r\nHost: h\r\n\r\n"))
        await host.output_with("slow began")
        host.process.send_signal(signal.SIGINT)
        await host.output_with("Stopping")
        host.process.send_signal(signal.SIGINT)
        async with asyncio.timeout(2):
            assert await host.process.wait() == 128 + signal.SIGINT
        assert await request == b""


async def test_stuck_thread_does_not_keep_the_host(tmp_path):
    async with running_host(write_app(tmp_path, BASIC)) as host:
        request = asyncio.ensure_future(host.raw(b"GET /stuck HTTP/1.1\r\nHost: h\r\n\r\n"))
        await host.output_with("stuck began")
        assert await host.stop() == 0
        assert await request == b""


async def test_reload_on_change(tmp_path):
    app = write_app(tmp_path, BASIC)
    async with running_host(app, "--reload") as host:
        source = (app / "function_app.py").read_text()
        changed = source.replace('func.HttpResponse("")', 'func.HttpResponse("changed")')
        (app / "function_app.py").write_text(changed)
        await host.output_with(READY, times=2)
        assert (await host.client.get("/log")).text == "changed"


async def test_missing_application(tmp_path):
    (tmp_path / "host.json").write_text('{"version": "2.0"}')
    assert "function_app.py is missing" in await refusal(tmp_path)
