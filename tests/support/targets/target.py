"""What a target must offer, and how a test is skipped that needs more."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import ClassVar, NoReturn

import pytest

from local.stack import Stack, StackOptions

COSMOS_CONTROL = "a Cosmos DB that counts requests and fails on demand"
WEB_PUBSUB_CONTROL = "a Web PubSub that tells its connections and fails on demand"


class TargetError(Exception):
    """The tests can't run against the target that was asked for; the message says why."""


class Target(ABC):
    """Something that the tests of the API run against.

    `parallel`: whether several processes may use it at once. `few_ports`: whether an assistant
    service gets a port on which another has been, that still counts as online. `patience`: by how
    much longer than on one machine a test waits for what must happen. `cosmos_control`: whether a
    stack's `cosmos_admin` can be used.
    """

    name: ClassVar[str]
    parallel: ClassVar[bool] = True
    few_ports: ClassVar[bool] = False
    patience: ClassVar[float] = 1.0
    cosmos_control: ClassVar[bool] = False

    @abstractmethod
    def __init__(self, environ: Mapping[str, str]) -> None:
        """Read what the target needs. Raises TargetError when something is missing."""

    @abstractmethod
    def parts(self) -> str:
        """Which programs and services are in use, for a person to read."""

    @abstractmethod
    def shared_stack(self, options: StackOptions) -> Stack:
        """What most tests share: a stack with these options, or what is there anyway."""

    @abstractmethod
    def own_stack(self, options: StackOptions) -> Stack:
        """A stack with these very options; skips the test where there can be none."""

    async def clean_up(self) -> None:  # noqa: B027 (most targets have nothing to do)
        """Remove what stacks have left behind; called after all tests."""

    def ports(self) -> Iterable[int]:
        """Ports on this machine that an assistant service may listen on, 0 for any."""
        return (0,)

    def public_url(self, port: int) -> str:
        """Where the target finds what listens on a port of this machine, without a last slash."""
        return f"http://127.0.0.1:{port}"

    def fixed_key(self) -> str:
        """The key that every assistant service has; skips the test where each has its own."""
        return ""

    async def register(self, service_id: str) -> str:
        """Let an assistant service say where it is; its key."""
        del service_id  # who has the fixed key needs no registration
        return self.fixed_key()

    def skip(self, needed: str) -> NoReturn:
        """Skip the running test, which needs something that this target doesn't have."""
        pytest.skip(f"{self.name}: needs {needed}")
