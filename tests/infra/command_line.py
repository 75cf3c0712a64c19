"""Stands in for `az` and `azd` in tests of infra/hooks: keeps a tenant's registrations in a file.

It is run by its own name in PATH. `STATE` names the file; FAIL has the beginning of a command that
fails.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

APP_ID = "1f8a4e0a-52cf-4c39-9be1-5c8b7f6f8a11"
OBJECT_ID = "c1f6e3b2-0d0f-4f25-8a51-0f6d8a3b9c77"
TENANT = "0b6f1d8e-3a0e-4d53-8e0c-6a5b2f7c4d10"


def main(program: str, arguments: list[str]) -> int:
    """Do what the program would, as far as the hook needs it."""
    path = Path(os.environ["STATE"])
    state: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    command = " ".join([program, *arguments])
    state["commands"].append(command)
    failing = os.environ.get("FAIL")
    if failing and command.startswith(failing):
        path.write_text(json.dumps(state), encoding="utf-8")
        sys.stderr.write("Insufficient privileges\n")
        return 1
    sys.stdout.write(_answer(command, arguments, state))
    path.write_text(json.dumps(state), encoding="utf-8")
    return 0


def _answer(command: str, arguments: list[str], state: dict[str, Any]) -> str:
    if command.startswith("az account show"):
        return f"{TENANT}\n"
    if command.startswith("az ad app create"):
        state["application"] = {"displayName": arguments[arguments.index("--display-name") + 1]}
        return json.dumps({"appId": APP_ID, "id": OBJECT_ID})
    if command.startswith("azd env set"):
        state["environment"][arguments[2]] = arguments[3]
    if command.startswith("az rest --method PATCH"):
        _merge(state["application"], json.loads(arguments[arguments.index("--body") + 1]))
    return ""


def _merge(target: dict[str, Any], change: dict[str, Any]) -> None:
    """As Microsoft Graph does: objects are merged, lists replaced."""
    for name, value in change.items():
        if isinstance(value, dict) and isinstance(target.get(name), dict):
            _merge(target[name], value)
        else:
            target[name] = value


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
