"""What loads, what doesn't, and what makes the host refuse to start."""

import sys
from pathlib import Path

import pytest

from local.functions_host.errors import HostError
from local.functions_host.indexing import load_app
from tests.local.functions_host.harness import refusal, running_host, write_app

CONNECTION = "AccountName=a;AccountKey=a2V5;QueueEndpoint=http://127.0.0.1:1/a"


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Loads an application into this process, and forgets it afterwards."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setenv("AzureWebJobsStorage", CONNECTION)

    def load_source(source: str, prefix: str = ""):
        return load_app(write_app(tmp_path, source), prefix)

    yield load_source
    sys.modules.pop("function_app", None)


def test_functions_are_ordered_by_name_ignoring_case(load):
    # An underscore comes after the upper case letters that names are compared by.
    app = load(
        """
        @app.route(route="1")
        async def b(req: func.HttpRequest) -> func.HttpResponse: ...
        @app.route(route="2")
        def C(req: func.HttpRequest) -> str: ...
        blueprint = func.Blueprint()
        @blueprint.timer_trigger(arg_name="timer", schedule="0 * * * * *")
        async def Aardvark(timer: func.TimerRequest) -> None: ...
        app.register_functions(blueprint)
        """
    )
    assert [f.name for f in app.functions] == ["Aardvark", "aa_journal", "b", "C"]
    assert [f.is_async for f in app.functions] == [True, True, True, False]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("del app", "Could not find top level function app instances"),
        ("other = func.FunctionApp()", "More than one top level function app instances"),
        ("again = app", "More than one top level function app instances"),
        ("import nothing_of_this_name", "failed to import"),
        (
            """
            @app.function_name("aa_journal")
            @app.route(route="x")
            async def x(req: func.HttpRequest) -> str: ...
            """,
            "does not have a unique",
        ),
        (
            """
            @app.queue_output(arg_name="out", queue_name="q", connection="")
            async def x(out: func.Out[str]): ...
            """,
            "does not have a trigger",
        ),
        (
            """
            @app.route(route="x")
            async def x(request: func.HttpRequest) -> str: ...
            """,
            "declared in Python but not in the function definition",
        ),
        (
            """
            @app.route(route="x")
            async def x() -> str: ...
            """,
            "but not in Python: ['req']",
        ),
        (
            """
            @app.route(route="x")
            async def x(req: str) -> str: ...
            """,
            'does not match its Python annotation "str"',
        ),
        (
            """
            @app.route(route="x")
            async def x(req: "Missing") -> str: ...
            """,
            "annotations can't be resolved",
        ),
        (
            """
            @app.route(route="x")
            async def x(req: func.HttpRequest, context: str) -> str: ...
            """,
            "expected to be of type azure.functions.Context",
        ),
        (
            """
            @app.route(route="x")
            async def x(req: func.HttpRequest) -> func.HttpResponse | None: ...
            """,
            "invalid non-type return annotation",
        ),
        (
            """
            @app.route(route="x")
            async def x(req: func.HttpRequest) -> dict: ...
            """,
            'return annotation "dict" does not match binding type "http"',
        ),
        (
            """
            @app.route(route="x")
            @app.queue_output(arg_name="out", queue_name="q", connection="")
            async def x(req: func.HttpRequest, out: str) -> str: ...
            """,
            "is not a subclass of azure.functions.Out",
        ),
        (
            """
            @app.route(route="x")
            async def x(req: func.Out[func.HttpRequest]) -> str: ...
            """,
            'declared to have the "in" direction',
        ),
        (
            """
            @app.blob_trigger(arg_name="blob", path="a/b", connection="")
            async def eats_blobs(blob: func.InputStream): ...
            """,
            "function 'eats_blobs', binding 'blob': the type 'blobTrigger' isn't supported",
        ),
        (
            """
            @app.route(route="x")
            @app.table_output(arg_name="rows", table_name="t", connection="")
            async def x(req: func.HttpRequest, rows: func.Out[str]) -> str: ...
            """,
            "function 'x', binding 'rows': the type 'table' isn't supported",
        ),
        (
            """
            @app.timer_trigger(arg_name="t", schedule="0 * * * * *")
            @app.retry(strategy="fixed_delay", max_retry_count="3", delay_interval="00:00:01")
            async def x(t: func.TimerRequest): ...
            """,
            "retry policies aren't supported",
        ),
    ],
)
def test_refuses_to_start(load, source, message):
    with pytest.raises(HostError) as raised:
        load(source)
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("decorators", "message"),
    [
        ('@app.route(route="Administrators/x")', "conflicts with one or more built in routes"),
        ('@app.route(route="/runtime")', "conflicts with one or more built in routes"),
        ('@app.route(route="JOURNAL/{count:INT}")', None),
        ('@app.route(route="Journal/{count:int}/")', "defined by function 'aa_journal'"),
        (
            '@app.route(route="journal/{count:int}", methods=["POST"])',
            None,
        ),
        ('@app.route(route="x/{a")', "incomplete parameter"),
        ('@app.route(route="x/{*a}/b")', "catch-all parameter can only appear as the last"),
        ('@app.route(route="x/{a:what}")', "'what' could not be resolved"),
        ('@app.route(route="x/{a}/{A}")', "appears more than one time"),
        ('@app.route(route="x//y")', "cannot appear consecutively"),
        ('@app.route(route="%NOT_SET%")', "'%NOT_SET%' does not resolve"),
        ('@app.function_name("1st")\n@app.route(route="x")', "not a valid function name"),
        ('@app.function_name("host")\n@app.route(route="x")', "not a valid function name"),
    ],
)
def test_host_side_problem_costs_one_function_only(load, decorators, message):
    app = load(f"{decorators}\nasync def other(req: func.HttpRequest) -> str: ...")
    names = {function.name for function in app.functions}
    assert "aa_journal" in names
    if message is None and "INT" not in decorators:
        assert app.problems == {}
    elif message is not None:
        assert message in next(iter(app.problems.values()))


def test_leading_slash_is_fine_without_a_prefix_only(load):
    source = '@app.route(route="/x")\nasync def x(req: func.HttpRequest) -> str: ...'
    assert load(source).problems == {}
    sys.modules.pop("function_app")
    assert "consecutively" in load(source, "api").problems["x"]


def test_settings_are_substituted(load, monkeypatch):
    monkeypatch.setenv("THE_QUEUE", "My-Queue")
    monkeypatch.setenv("AzureWebJobsOther", "UseDevelopmentStorage=true")
    app = load(
        """
        @app.queue_trigger(arg_name="msg", queue_name="%THE_QUEUE%", connection="Other")
        async def x(msg: func.QueueMessage) -> None: ...
        """
    )
    trigger = next(f.trigger for f in app.functions if f.name == "x")
    assert trigger["queueName"] == "my-queue"
    assert "QueueEndpoint=http://127.0.0.1:10001/devstoreaccount1" in trigger["connection"]


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({}, "connection string 'Other' does not exist"),
        ({"Other__queueServiceUri": "https://a"}, "identity-based connection 'Other'"),
    ],
)
def test_connection_that_cannot_be_used(load, monkeypatch, environment, message):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    app = load(
        """
        @app.queue_trigger(arg_name="msg", queue_name="q", connection="Other")
        async def x(msg: func.QueueMessage) -> None: ...
        """
    )
    assert message in app.problems["x"]


def test_disabled_function(load, monkeypatch):
    monkeypatch.setenv("AzureWebJobs.aa_journal.Disabled", "true")
    assert "disabled" in load("").problems["aa_journal"]


@pytest.mark.parametrize(
    ("host_json", "settings", "message"),
    [
        ({"version": "1.0"}, None, '"version": "2.0"'),
        ({"extensions": {"queues": {"batchSize": 33}}}, None, "queues.batchSize can't be 33"),
        ({"functionTimeout": "soon"}, None, "functionTimeout"),
        ({"logging": {"logLevel": {"default": "Loud"}}}, None, "'Loud' is no log level"),
        ({}, {"IsEncrypted": True}, "IsEncrypted"),
        ({}, {"Values": {"A": 1}}, "Values.A must be a string"),
        ({}, {"Host": {"LocalHttpAddress": "0.0.0.0"}}, "only 127.0.0.1"),
        ({}, {"Host": {"CORS": "*", "CORSCredentials": True}}, "CORSCredentials"),
        ({}, {"Values": {"FUNCTIONS_WORKER_RUNTIME": "node"}}, "only python"),
    ],
)
async def test_configuration_that_cannot_be_used(tmp_path: Path, host_json, settings, message):
    assert message in await refusal(write_app(tmp_path, "", host_json, settings))


async def test_problems_and_warnings_are_shown(tmp_path):
    app = write_app(
        tmp_path,
        """
        @app.route(route="admin")
        async def bad(req: func.HttpRequest) -> str: ...
        """,
        {
            "concurrency": {},
            "extensions": {
                "http": {"maxConcurrentRequests": 3, "hsts": {"isEnabled": False}},
                "serviceBus": {},
            },
        },
    )
    async with running_host(app) as host:
        status = (await host.client.get("/api/journal/0")).status_code
        errors = (await host.client.get("/admin/functions/bad/status")).json()["errors"]
        text = await host.output_with("'bad' function is in error")
    assert status == 200
    assert "built in routes" in errors[0]
    assert "'concurrency' isn't supported" in text
    assert "'extensions.http.maxConcurrentRequests' isn't supported" in text
    assert "'extensions.serviceBus' isn't supported" in text
    assert "hsts" not in text
