"""Everything on this machine, with our own stand-ins."""

from collections.abc import Mapping

from local.stack import Stack, StackOptions
from tests.support.targets.target import Target


class Local(Target):
    """The local stack, as `make start` has it."""

    name = "local"
    cosmos_control = True

    def __init__(self, environ: Mapping[str, str]) -> None:
        pass

    def parts(self) -> str:
        return "our Functions host, our Cosmos DB and Web PubSub, Azurite, our identity service"

    def shared_stack(self, options: StackOptions) -> Stack:
        return Stack(options)

    def own_stack(self, options: StackOptions) -> Stack:
        return Stack(options)
