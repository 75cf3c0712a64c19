"""What is deployed, and that it can be indexed and served with requirements.txt alone."""

import asyncio
import os
import re
import zipfile
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from local.functions_host.route_template import RouteTemplate
from local.functions_host.schedules import Schedule
from local.stack.options import StackOptions
from local.stack.stack import Stack
from shared import resources
from tests.infra.drift import HOST_SETTINGS
from tests.packaging import package
from tests.packaging.conftest import Unpacked
from tests.packaging.environment import CleanEnvironment

ROOT = package.ROOT
Function = dict[str, Any]

STATIC = "shared/api/viewer/"
MAX_BYTES = 1_000_000
EXPECTED = {"function_app.py", "host.json", "requirements.txt", "shared"}
DEVELOPMENT_ONLY = ("tests", "local", "examples", "pytest", "croniter", "starlette", "uvicorn")
SCHEDULES = {"%ONLINE_CHECK_SCHEDULE%": ("*/10 * * * * *", "*/30 * * * * *")}
"""The values of the settings example and of infra/main.bicep."""


def test_only_what_runs_is_deployed(unpacked: Unpacked) -> None:
    with zipfile.ZipFile(unpacked.archive) as opened:
        names = opened.namelist()
    assert {name.partition("/")[0] for name in names} == EXPECTED
    strange = [name for name in names if Path(name).parts[0] == "shared" and _is_strange(name)]
    assert strange == []


def test_the_package_is_small(unpacked: Unpacked) -> None:
    assert unpacked.archive.stat().st_size < MAX_BYTES


def test_nothing_secret_is_deployed(unpacked: Unpacked) -> None:
    names = {path.name for path in unpacked.folder.rglob("*")}
    assert not names & {"local.settings.json", ".env", ".azure", ".local"}


def test_the_package_imports_nothing_that_is_for_development(indexed: dict[str, Any]) -> None:
    imported = {name.partition(".")[0] for name in indexed["modules"]}
    assert not imported & set(DEVELOPMENT_ONLY)


def test_every_function_has_a_valid_name_of_its_own(functions: list[Function]) -> None:
    names = [function["name"] for function in functions]
    assert len({name.lower() for name in names}) == len(names) > 30
    assert [name for name in names if not re.fullmatch(r"[a-z][a-z0-9_]{0,127}", name)] == []
    assert "host" not in names


def test_every_function_has_one_trigger_and_valid_bindings(functions: list[Function]) -> None:
    for function in functions:
        bindings = function["bindings"]
        triggers = [binding for binding in bindings if binding["type"].endswith("Trigger")]
        assert len(triggers) == 1, function["name"]
        names = [binding["name"] for binding in bindings]
        assert len(set(names)) == len(names)
        # No underscore: hosts before 4.1038 refuse it.
        assert all(re.fullmatch(r"[a-zA-Z][a-zA-Z0-9]{0,127}|\$return", name) for name in names)


def test_every_route_is_valid_and_has_no_double(functions: list[Function]) -> None:
    taken: set[tuple[str, str]] = set()
    for function in functions:
        for trigger in _bindings(function, "httpTrigger"):
            route = trigger.get("route") or function["name"]
            RouteTemplate(route)
            assert not route.lower().strip("/").startswith(("admin", "runtime"))
            assert trigger["authLevel"] == "ANONYMOUS"
            places = {(route.strip("/").lower(), method) for method in trigger["methods"]}
            assert not places & taken, function["name"]
            taken |= places


def test_every_http_function_answers(functions: list[Function]) -> None:
    for function in functions:
        if _bindings(function, "httpTrigger"):
            assert [found["name"] for found in _bindings(function, "http")] == ["$return"]


def test_queues_exist_and_are_reached_by_the_host_s_connection(functions: list[Function]) -> None:
    section = {name.partition("__")[0] for name in HOST_SETTINGS if "__" in name}
    listened: list[str] = []
    for function in functions:
        triggers = _bindings(function, "queueTrigger")
        listened += [trigger["queueName"] for trigger in triggers]
        for binding in (*triggers, *_bindings(function, "queue")):
            assert binding["queueName"] in resources.QUEUES
            assert re.fullmatch(r"[a-z0-9](-?[a-z0-9]){2,55}", binding["queueName"])
            assert binding["connection"] in section
    assert sorted(listened) == sorted(resources.QUEUES), "one function for each queue"


def test_schedules_are_ncrontab(functions: list[Function]) -> None:
    schedules = [
        trigger["schedule"]
        for function in functions
        for trigger in _bindings(function, "timerTrigger")
    ]
    assert schedules
    for schedule in schedules:
        for expression in SCHEDULES.get(schedule, (schedule,)):
            assert len(expression.split()) == 6
            Schedule(expression, ZoneInfo("UTC"))
    for values in SCHEDULES.values():
        assert f'"{values[0]}"' in _text("local.settings.json.example")
        assert f"'{values[1]}'" in _text("infra/main.bicep")


async def test_the_package_serves_requests(
    unpacked: Unpacked, clean: CleanEnvironment, tmp_path: Path
) -> None:
    """By the local host, run with the clean interpreter from the unpacked folder."""
    (tmp_path / "host").mkdir()
    (tmp_path / "host" / "local").symlink_to(ROOT / "local")
    options = StackOptions(
        data_dir=tmp_path / "data",
        free_ports=True,
        functions_host=False,
        azurite_in_memory=True,
        app_root=unpacked.folder,
    )
    async with Stack(options) as stack:
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": f"{tmp_path / 'host'}{os.pathsep}{clean.host_libraries}",
            "PYTHONUNBUFFERED": "1",
            "AZURE_FUNCTIONS_ENVIRONMENT": "Development",
            **stack.addresses.environment,
        }
        arguments = ["--app-root", unpacked.folder, "--data-dir", tmp_path / "timers"]
        host = await asyncio.create_subprocess_exec(
            clean.python,
            *("-m", "local.functions_host", "--port", "0"),
            *arguments,
            cwd=unpacked.folder,
            env=environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            await _serves(await _address_of(host), stack)
        finally:
            host.kill()
            await host.wait()


async def _serves(url: str, stack: Stack) -> None:
    headers = {"Authorization": f"Bearer {stack.token('Ada')}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=30) as client:
        created = await client.post("/conversations", json={"title": "From the package"})
        assert created.status_code == 200, created.text
        read = await client.get(f"/conversations/{created.json()['id']}")
        assert read.json()["title"] == "From the package"


async def _address_of(host: asyncio.subprocess.Process) -> str:
    lines: list[str] = []
    while host.stdout and (line := (await host.stdout.readline()).decode()):
        lines.append(line)
        found = re.search(r"functions_host listening on (http://\S+)", line)
        if found:
            return found[1]
    pytest.fail("the host ended: " + "".join(lines))


def _bindings(function: Function, kind: str) -> list[dict[str, Any]]:
    return [binding for binding in function["bindings"] if binding["type"] == kind]


def _is_strange(name: str) -> bool:
    """What is neither source nor one of the viewer's files."""
    return Path(name).suffix != ".py" and not name.startswith(STATIC)


def _text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")
