"""azd's hook makes the app registration that people sign in to, once, and keeps it up to date."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.infra import command_line
from tests.infra.command_line import APP_ID, OBJECT_ID, TENANT
from tests.infra.syntax import ROOT

HOOK = "infra/hooks/sign_in.py"


class Machine:
    """A machine with azd, the Azure CLI and a tenant: all made up."""

    def __init__(self, folder: Path) -> None:
        self._state = folder / "state.json"
        self._programs = folder / "bin"
        self._programs.mkdir()
        self._state.write_text(json.dumps({"commands": [], "environment": {}}))
        self.install("az")
        self.install("azd")

    def install(self, program: str) -> None:
        """Have a program in PATH."""
        script = f'#!/bin/sh\nexec "{sys.executable}" "{command_line.__file__}" {program} "$@"\n'
        path = self._programs / program
        path.write_text(script)
        path.chmod(0o755)

    def remove(self, program: str) -> None:
        """Take a program out of PATH."""
        (self._programs / program).unlink()

    def provision(self, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the hook as azd does: with the variables of its environment."""
        return subprocess.run(
            [sys.executable, ROOT / HOOK],
            env={
                "PATH": str(self._programs),
                "STATE": str(self._state),
                "AZURE_ENV_NAME": "test",
                "AZURE_TENANT_ID": TENANT,
                **self.state["environment"],
                **environment,
            },
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def state(self) -> dict[str, Any]:
        """Commands so far, azd's variables and the registration."""
        return json.loads(self._state.read_text())

    def count(self, beginning: str) -> int:
        """How often a command was run."""
        return sum(command.startswith(beginning) for command in self.state["commands"])


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_the_first_run_registers_an_application_and_tells_azd(machine: Machine) -> None:
    done = machine.provision()

    assert (done.returncode, done.stderr) == (0, "")
    assert f"api://{APP_ID}/access_as_user" in done.stdout
    assert machine.state["environment"] == {
        "WORKBENCH_APP_ID": APP_ID,
        "WORKBENCH_APP_OBJECT_ID": OBJECT_ID,
    }
    application = machine.state["application"]
    [scope] = application["api"]["oauth2PermissionScopes"]
    [trusted] = application["api"]["preAuthorizedApplications"]
    assert application["displayName"] == "Workbench (test)"
    assert application["identifierUris"] == [f"api://{APP_ID}"]
    assert application["api"]["requestedAccessTokenVersion"] == 2
    assert trusted["delegatedPermissionIds"] == [scope["id"]]
    assert application["spa"]["redirectUris"] == ["http://localhost:3000"]
    assert machine.count(f"az ad sp create --id {APP_ID}") == 1


def test_the_next_run_only_brings_the_addresses_up_to_date(machine: Machine) -> None:
    machine.provision()
    before = machine.state["application"]["api"]
    web = {"SERVICE_WEB_URI": "https://web.example"}

    assert (
        machine.provision(WORKBENCH_ALLOWED_ORIGINS="https://own.example,", **web).returncode == 0
    )

    assert machine.count("az ad app create") == 1
    assert machine.state["application"]["api"] == before
    addresses = machine.state["application"]["spa"]["redirectUris"]
    assert addresses == ["https://own.example", "https://web.example"]


def test_a_registration_of_one_s_own_is_left_alone(machine: Machine) -> None:
    done = machine.provision(WORKBENCH_APP_ID=APP_ID)

    assert done.returncode == 0
    assert machine.state["commands"] == []


def test_a_run_that_failed_half_way_goes_on_with_the_same_registration(machine: Machine) -> None:
    failed = machine.provision(FAIL="az rest")
    assert (failed.returncode, failed.stdout) == (1, "")
    assert "Insufficient privileges" in failed.stderr

    assert machine.provision().returncode == 0

    assert machine.count("az ad app create") == 1
    assert machine.state["application"]["identifierUris"] == [f"api://{APP_ID}"]


def test_nothing_is_registered_in_another_tenant(machine: Machine) -> None:
    done = machine.provision(AZURE_TENANT_ID="another")

    assert done.returncode == 1
    assert "az login -t another" in done.stderr
    assert machine.count("az ad") == 0


def test_without_the_azure_cli_it_says_what_to_do(machine: Machine) -> None:
    machine.remove("az")

    done = machine.provision()

    assert done.returncode == 1
    assert "azd env set WORKBENCH_APP_ID" in done.stderr


def test_azd_runs_it_before_and_after_it_provisions() -> None:
    hooks = (ROOT / "azure.yaml").read_text(encoding="utf-8").partition("\nhooks:\n")[2]
    assert re.findall(r"^  (\w+):", hooks.partition("\nservices:")[0], re.MULTILINE) == [
        "preprovision",
        "postprovision",
    ]
    assert hooks.count(HOOK) == 4
    assert os.access(ROOT / HOOK, os.R_OK)
