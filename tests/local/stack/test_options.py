"""Options of the local stack, from arguments and environment variables."""

import argparse
from pathlib import Path

import pytest

from local.stack.errors import OptionError
from local.stack.options import (
    REPOSITORY_ROOT,
    StackOptions,
    add_host_arguments,
    add_service_arguments,
    options_from,
)


def parse(*arguments: str, **environ: str) -> StackOptions:
    parser = argparse.ArgumentParser()
    add_service_arguments(parser)
    add_host_arguments(parser)
    return options_from(parser.parse_args(arguments), environ, functions_host=True)


def test_defaults():
    options = parse()
    assert options == StackOptions(data_dir=REPOSITORY_ROOT / ".local")
    assert "example_assistant" in options.wanted_parts()


def test_environment_variables():
    options = parse(
        LOCAL_COSMOS_PORT="9001",
        LOCAL_AZURITE_BLOB_PORT="0",
        LOCAL_DATA_DIR="/elsewhere",
        LOCAL_FREE_PORTS="1",
        LOCAL_EXAMPLE_ASSISTANT="0",
    )
    assert options.ports == {"cosmos": 9001, "azurite_blob": 0}
    assert options.data_dir == Path("/elsewhere")
    assert options.free_ports
    assert not options.example_assistant
    assert "example_assistant" not in options.wanted_parts()


def test_arguments_win_over_environment_variables():
    options = parse(
        "--cosmos-port=9002",
        "--data-dir=here",
        "--no-example-assistant",
        LOCAL_COSMOS_PORT="9001",
        LOCAL_DATA_DIR="/elsewhere",
        LOCAL_EXAMPLE_ASSISTANT="1",
    )
    assert options.ports == {"cosmos": 9002}
    assert options.data_dir == Path("here")
    assert not options.example_assistant


def test_empty_variables_are_unset():
    assert parse(LOCAL_COSMOS_PORT="", LOCAL_FREE_PORTS="", LOCAL_EXAMPLE_ASSISTANT="") == parse()


def test_settings_keep_everything_after_the_first_equals_sign():
    assert parse("--set", "A=b=c", "--set", "D=").settings == {"A": "b=c", "D": ""}


@pytest.mark.parametrize(
    ("arguments", "environ", "named"),
    [
        ((), {"LOCAL_COSMOS_PORT": "abc"}, "LOCAL_COSMOS_PORT"),
        ((), {"LOCAL_IDENTITY_PORT": "65536"}, "LOCAL_IDENTITY_PORT"),
        (("--web-pubsub-port=-1",), {}, "--web-pubsub-port"),
        ((), {"LOCAL_FREE_PORTS": "maybe"}, "LOCAL_FREE_PORTS"),
        (("--set", "NAME"), {}, "--set"),
        (("--set", "=value"), {}, "--set"),
    ],
)
def test_wrong_values_are_named(arguments: tuple[str, ...], environ: dict[str, str], named: str):
    with pytest.raises(OptionError, match=named):
        parse(*arguments, **environ)
