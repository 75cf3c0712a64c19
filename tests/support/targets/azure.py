"""The deployed app, which reaches this machine by a tunnel."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import httpx

from local.stack import Stack, StackOptions
from tests.support.targets import azd
from tests.support.targets.deployment import Deployment
from tests.support.targets.target import Target, TargetError

TUNNEL = "WORKBENCH_TEST_TUNNEL"
TUNNEL_PORTS = "WORKBENCH_TEST_TUNNEL_PORTS"
SCHEDULE = "*/30 * * * * *"  # infra's default
DEFAULT_PORTS = "7200-7219"

REGISTERED_ID = re.compile(r"[a-z0-9-.]{4,256}")
REGISTRATIONS = "/assistant-service-registrations"


class Azure(Target):
    """A deployment by azd. The identity service runs here, on the tunnel's first port.

    Azure must reach that, and the tests' assistant services, which have the other ports.
    """

    name = "azure"
    few_ports = True
    parallel = False  # there is one identity service, at an address that the deployment knows
    patience = 4.0

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.values = azd.environment(environ)
        self.tunnel = _tunnel(environ.get(TUNNEL, ""))
        self.identity_port, *self._ports = _ports(environ.get(TUNNEL_PORTS) or DEFAULT_PORTS)
        self.settings = settings_from(self.values)
        self.functions_url = _value(self.values, "SERVICE_API_URI").rstrip("/")
        self._deployment: Deployment | None = None

    def parts(self) -> str:
        return (
            f"{self.functions_url} of azd's environment, "
            f"our identity service at {self.public_url(self.identity_port)}"
        )

    def shared_stack(self, options: StackOptions) -> Stack:
        self._deployment = Deployment(
            options.data_dir,
            skip=self.skip,
            functions_url=self.functions_url,
            identity_url=self.public_url(self.identity_port),
            identity_port=self.identity_port,
            settings=self.settings,
            app_id=self.values.get("WORKBENCH_APP_ID"),
        )
        return self._deployment

    def own_stack(self, options: StackOptions) -> Stack:
        names = ", ".join(sorted(options.settings))
        self.skip(f"a stack with settings of its own: {names}" if names else "a stack of its own")

    def ports(self) -> Iterable[int]:
        return self._ports

    def public_url(self, port: int) -> str:
        return self.tunnel.replace("{port}", str(port))

    def fixed_key(self) -> str:
        self.skip("the fixed key of assistant services: in Azure each has its own")

    async def register(self, service_id: str) -> str:
        """Register the service in a person's name, who gets its key."""
        if self._deployment is None:
            raise TargetError("a service is registered while a stack runs")
        if not REGISTERED_ID.fullmatch(service_id):
            self.skip("the fixed key of assistant services: no person can register this id")
        async with self._deployment.api("Registrar") as registrar:
            return await key_of_new_service(registrar, service_id)


async def key_of_new_service(registrar: httpx.AsyncClient, service_id: str) -> str:
    """Register a service; the key that it got, empty where keys are fixed."""
    body = {"assistant_service_id": service_id, "name": "Recorder", "description": "Records"}
    response = await registrar.post(REGISTRATIONS, json=body)
    response.raise_for_status()
    answer: dict[str, Any] = response.json()
    return answer["api_key"] or ""


def settings_from(values: Mapping[str, str]) -> dict[str, str]:
    """The app settings by which tests look behind the API: identity-based, as in infra/.

    A setting that azd's environment has under its own name wins.
    """
    outputs = {
        "WORKBENCH__COSMOS__ENDPOINT": _value(values, "AZURE_COSMOS_ENDPOINT"),
        "WORKBENCH__WEB_PUBSUB__ENDPOINT": _value(values, "AZURE_WEB_PUBSUB_ENDPOINT"),
        "AzureWebJobsStorage__accountName": _value(values, "AZURE_STORAGE_ACCOUNT"),
        "ONLINE_CHECK_SCHEDULE": values.get("WORKBENCH_ONLINE_CHECK_SCHEDULE") or SCHEDULE,
    }
    given = {
        name: value
        for name, value in values.items()
        if name.startswith(("WORKBENCH__", "AzureWebJobsStorage"))
    }
    return outputs | given


def _value(values: Mapping[str, str], name: str) -> str:
    if not values.get(name):
        raise TargetError(f"azd's environment has no {name}: is the deployment complete?")
    return values[name]


def _tunnel(template: str) -> str:
    if "{port}" not in template:
        raise TargetError(
            f"{TUNNEL} must be the address of this machine for Azure, with {{port}} for the port, "
            f"for example https://name-{{port}}.example, not {template!r}"
        )
    return template.rstrip("/")


def _ports(text: str) -> Sequence[int]:
    first, _, last = text.partition("-")
    if not (first.isdecimal() and last.isdecimal() and int(first) + 2 <= int(last) <= 65535):
        raise TargetError(f"{TUNNEL_PORTS} must be three ports or more, FIRST-LAST, not {text!r}")
    return range(int(first), int(last) + 1)
