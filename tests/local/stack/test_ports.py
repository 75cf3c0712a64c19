"""Which ports a stack gets."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.stack import ports
from local.stack.errors import PortInUseError
from local.stack.options import PORT_OPTIONS, StackOptions
from local.stack.ports import choose_ports, reserve_free_port


@pytest.fixture
def taken_port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(ports, "_GRACE_SECONDS", 0)
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


async def test_free_ports_differ_and_can_be_listened_on():
    chosen = await choose_ports(StackOptions(data_dir=Path("unused"), free_ports=True))
    assert set(chosen) == {option.part for option in PORT_OPTIONS}
    assert len(set(chosen.values())) == len(PORT_OPTIONS)
    for port in chosen.values():
        with socket.create_server(("127.0.0.1", port)):
            pass


async def test_a_port_that_was_asked_for_is_kept_among_free_ones():
    wanted = reserve_free_port()
    options = StackOptions(data_dir=Path("unused"), free_ports=True, ports={"cosmos": wanted})
    assert (await choose_ports(options))["cosmos"] == wanted


async def test_a_taken_port_is_named_with_its_variable(taken_port: int):
    options = StackOptions(
        data_dir=Path("unused"), free_ports=True, ports={"web_pubsub": taken_port}
    )
    with pytest.raises(PortInUseError, match=rf"port {taken_port} of Web PubSub.*LOCAL_WEB_PUBSUB"):
        await choose_ports(options)


async def test_a_port_wanted_twice_names_both_variables():
    port = reserve_free_port()
    options = StackOptions(
        data_dir=Path("unused"), free_ports=True, ports={"cosmos": port, "identity": port}
    )
    with pytest.raises(PortInUseError, match="LOCAL_COSMOS_PORT and LOCAL_IDENTITY_PORT"):
        await choose_ports(options)


async def test_parts_that_are_off_need_no_port(taken_port: int):
    options = StackOptions(
        data_dir=Path("unused"),
        free_ports=True,
        functions_host=False,
        ports={"functions": taken_port, "example_assistant": taken_port},
    )
    assert not {"functions", "example_assistant"} & set(await choose_ports(options))
