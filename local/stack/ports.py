"""Finds the ports of a stack: those that were asked for must be free, the others are reserved."""

import asyncio
import errno
import socket
from collections.abc import Mapping

from local.stack.errors import PortInUseError
from local.stack.options import FREE_PORTS_VARIABLE, PORT_OPTIONS, PortOption, StackOptions

HOST = "127.0.0.1"

# A stack that was just killed may hold its ports for a moment longer.
_GRACE_SECONDS = 2.0
_RETRY_SECONDS = 0.1


async def choose_ports(options: StackOptions) -> dict[str, int]:
    """The port of every wanted part. Raises PortInUseError naming the port and its variable."""
    wanted = options.wanted_parts()
    ports: dict[str, int] = {}
    for option in PORT_OPTIONS:
        if option.part not in wanted:
            continue
        port = options.ports.get(option.part, 0 if options.free_ports else option.default)
        _refuse_repetition(option, port, ports)
        ports[option.part] = port or reserve_free_port()
        if port:
            await _await_free(option, port)
    return ports


def reserve_free_port() -> int:
    """A free port that the kernel gives to nobody else by itself for the next minute.

    A connection that was closed from this side leaves the port in TIME_WAIT: it is skipped when
    someone asks for any free port, and can still be bound by a server that names it.
    """
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, 0))
        listener.listen(1)
        with socket.create_connection(listener.getsockname()):
            accepted, _ = listener.accept()
            accepted.close()
        return listener.getsockname()[1]


def is_free(port: int) -> bool:
    """Whether a server may listen on this port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise
    return True


def _refuse_repetition(option: PortOption, port: int, taken: Mapping[str, int]) -> None:
    for part, other in taken.items():
        if port and port == other:
            other_option = next(item for item in PORT_OPTIONS if item.part == part)
            raise PortInUseError(
                f"port {port} is wanted twice: {other_option.variable} and {option.variable}"
            )


async def _await_free(option: PortOption, port: int) -> None:
    deadline = asyncio.get_running_loop().time() + _GRACE_SECONDS
    while not is_free(port):
        if asyncio.get_running_loop().time() > deadline:
            raise PortInUseError(
                f"port {port} of {option.title} is in use (or not allowed): stop the program that "
                f"listens there, or choose another port with {option.variable} or {option.flag}, "
                f"or any free ones with {FREE_PORTS_VARIABLE}=1"
            )
        await asyncio.sleep(_RETRY_SECONDS)
