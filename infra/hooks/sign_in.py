"""Makes the app registration that people sign in to: azd runs it before and after it provisions.

It needs the Azure CLI, signed in to the tenant of the deployment, and a person who may register
applications. Who has a registration of their own names it (WORKBENCH_APP_ID), and it is left
alone. Run again, it only brings the redirect addresses up to date. It needs no package.
"""

import json
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Mapping
from typing import Any

APPLICATIONS = "https://graph.microsoft.com/v1.0/applications"
AZURE_CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
"""The Azure CLI's own application id: it may ask for tokens without anybody's consent."""

SCOPE = "access_as_user"
OWN = "WORKBENCH_APP_OBJECT_ID"
"""What azd remembers of a registration that this made."""


class SignInError(Exception):
    """The registration can't be made; the message says what to do."""


def main() -> int:
    """Print what was done; the exit code is 1 if it could not be."""
    try:
        sys.stdout.write(f"{ensure(os.environ)}\n")
    except SignInError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def ensure(environment: Mapping[str, str]) -> str:
    """Make the registration unless there is one, and say what was done.

    Raises SignInError.
    """
    app_id, object_id = environment.get("WORKBENCH_APP_ID"), environment.get(OWN)
    if app_id and not object_id:
        return f"People sign in to {app_id}, which is left as it is."
    _check_tenant(environment)
    if not (app_id and object_id):
        app_id, object_id = _register(environment.get("AZURE_ENV_NAME", "workbench"))
    _offer(app_id, object_id, _redirects(environment))
    return f"People sign in to {app_id}; clients ask for the scope api://{app_id}/{SCOPE}."


def _check_tenant(environment: Mapping[str, str]) -> None:
    tenant = _run("az", "account", "show", "--query", "tenantId", "--output", "tsv")
    wanted = environment.get("AZURE_TENANT_ID", tenant)
    if tenant != wanted:
        raise SignInError(f"The Azure CLI is signed in to another tenant: az login -t {wanted}")


def _register(environment_name: str) -> tuple[str, str]:
    name = f"Workbench ({environment_name})"
    options = ["--display-name", name, "--sign-in-audience", "AzureADMyOrg", "--output", "json"]
    made = json.loads(_run("az", "ad", "app", "create", *options))
    app_id, object_id = made["appId"], made["id"]
    # At once, so that a run that fails from here on goes on with it.
    _run("azd", "env", "set", OWN, object_id)
    _run("azd", "env", "set", "WORKBENCH_APP_ID", app_id)
    _run("az", "ad", "sp", "create", "--id", app_id, "--output", "none")
    return app_id, object_id


def _offer(app_id: str, object_id: str, redirects: list[str]) -> None:
    """What is signed in to, from where, and that tokens are for the application id itself."""
    scope_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"api://{app_id}/{SCOPE}"))
    api = {
        "requestedAccessTokenVersion": 2,
        "oauth2PermissionScopes": [
            {
                "id": scope_id,
                "value": SCOPE,
                "type": "User",
                "isEnabled": True,
                "adminConsentDisplayName": "Use the Workbench",
                "adminConsentDescription": "Take part in conversations as the signed-in person.",
                "userConsentDisplayName": "Use the Workbench",
                "userConsentDescription": "Take part in conversations as you.",
            }
        ],
    }
    identifier = [f"api://{app_id}"]
    _change(
        object_id, {"identifierUris": identifier, "api": api, "spa": {"redirectUris": redirects}}
    )
    # Only now: a scope must be there before anybody can be let use it.
    trusted = [{"appId": AZURE_CLI, "delegatedPermissionIds": [scope_id]}]
    _change(object_id, {"api": {"preAuthorizedApplications": trusted}})


def _redirects(environment: Mapping[str, str]) -> list[str]:
    """The origins of web pages, with that of the static web app once there is one."""
    origins = environment.get("WORKBENCH_ALLOWED_ORIGINS", "http://localhost:3000").split(",")
    return sorted({origin for origin in (*origins, environment.get("SERVICE_WEB_URI")) if origin})


def _change(object_id: str, body: dict[str, Any]) -> None:
    options = ["--headers", "Content-Type=application/json", "--body", json.dumps(body)]
    _run("az", "rest", "--method", "PATCH", "--url", f"{APPLICATIONS}/{object_id}", *options)


def _run(program: str, *arguments: str) -> str:
    path = shutil.which(program)  # with its ending, on Windows
    if path is None:
        raise SignInError(
            f"{program} isn't installed: install it, or register an application yourself and name"
            " it by: azd env set WORKBENCH_APP_ID ... (docs/deploy.md)"
        )
    answer = subprocess.run([path, *arguments], capture_output=True, text=True, check=False)
    if answer.returncode:
        raise SignInError(f"{program} {' '.join(arguments[:3])} failed: {answer.stderr.strip()}")
    return answer.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
