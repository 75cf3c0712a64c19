"""The options of the local stack, from the command line and from environment variables."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from local.stack.errors import OptionError
from local.stack.external import ExternalServices

REPOSITORY_ROOT = Path(__file__).resolve().parents[2]

DATA_DIR_VARIABLE = "LOCAL_DATA_DIR"
EXAMPLE_ASSISTANT_VARIABLE = "LOCAL_EXAMPLE_ASSISTANT"
FREE_PORTS_VARIABLE = "LOCAL_FREE_PORTS"

_TRUE = ("1", "true", "yes", "on")
_FALSE = ("0", "false", "no", "off")


@dataclass(frozen=True)
class PortOption:
    """One port of the stack: who listens there, where it is set and what it is otherwise.

    `with_host` marks those that a stack without the Functions host doesn't have.
    """

    part: str
    title: str
    default: int
    with_host: bool = False

    @property
    def variable(self) -> str:
        """The environment variable, for example LOCAL_COSMOS_PORT."""
        return f"LOCAL_{self.part.upper()}_PORT"

    @property
    def flag(self) -> str:
        """The command line option, for example --cosmos-port."""
        return f"--{self.part.replace('_', '-')}-port"


PORT_OPTIONS = (
    PortOption("functions", "Functions host", 7071, with_host=True),
    PortOption("cosmos", "Cosmos DB", 8081),
    PortOption("web_pubsub", "Web PubSub", 8080),
    PortOption("identity", "identity", 7072),
    PortOption("azurite_blob", "Azurite blobs", 10000),
    PortOption("azurite_queue", "Azurite queues", 10001),
    PortOption("azurite_table", "Azurite tables", 10002),
    PortOption("example_assistant", "example assistant", 3100, with_host=True),
)


@dataclass(frozen=True)
class StackOptions:
    """How to start a stack.

    `ports` has the ports that were asked for by part (see PORT_OPTIONS), 0 meaning any free one;
    the others get their defaults, or any free port with `free_ports`. `settings` adds to and
    overrides the app settings given to the Functions host. `azurite_in_memory` keeps blobs,
    queues and tables in memory only, which is faster but loses them with the stack. `external`
    services take the place of the stand-ins for Cosmos DB and Web PubSub; what is kept in them goes
    with the stack as well if Azurite is in memory. `core_tools`: the `func` that takes the place
    of our Functions host.
    """

    data_dir: Path
    ports: Mapping[str, int] = field(default_factory=dict)
    free_ports: bool = False
    functions_host: bool = True
    example_assistant: bool = True
    azurite_in_memory: bool = False
    reload: bool = False
    settings: Mapping[str, str] = field(default_factory=dict)
    app_root: Path = REPOSITORY_ROOT
    external: ExternalServices | None = None
    core_tools: str | None = None

    def wanted_parts(self) -> tuple[str, ...]:
        """The parts that this stack gives a port to."""
        unwanted = {"cosmos", "web_pubsub"} if self.external else set()
        if not self.functions_host:
            unwanted.add("functions")
        if not (self.functions_host and self.example_assistant):
            unwanted.add("example_assistant")
        return tuple(option.part for option in PORT_OPTIONS if option.part not in unwanted)


def add_data_dir_argument(parser: argparse.ArgumentParser) -> None:
    """Give a parser --data-dir."""
    parser.add_argument(
        "--data-dir", type=Path, help=f"where everything is kept [{DATA_DIR_VARIABLE}, .local]"
    )


def add_service_arguments(parser: argparse.ArgumentParser) -> None:
    """Give a parser the options of every stack: data folder and the services' ports."""
    add_data_dir_argument(parser)
    parser.add_argument(
        "--free-ports",
        action="store_true",
        default=None,
        help=f"take any free port for what isn't set [{FREE_PORTS_VARIABLE}=1]",
    )
    parser.add_argument(
        "--json-ready-file",
        type=Path,
        metavar="PATH",
        help="write addresses and settings here when everything is ready",
    )
    _add_port_arguments(parser, [option for option in PORT_OPTIONS if not option.with_host])


def add_host_arguments(parser: argparse.ArgumentParser) -> None:
    """Give a parser the further options of a stack with the Functions host."""
    _add_port_arguments(parser, [option for option in PORT_OPTIONS if option.with_host])
    parser.add_argument(
        "--app-root",
        type=Path,
        default=REPOSITORY_ROOT,
        help="the folder of function_app.py [this repository]",
    )
    parser.add_argument(
        "--no-example-assistant",
        action="store_true",
        help=f"leave the example assistant out [{EXAMPLE_ASSISTANT_VARIABLE}=0]",
    )
    parser.add_argument(
        "--reload", action="store_true", help="restart the Functions host when code changes"
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        dest="settings",
        metavar="NAME=VALUE",
        help="an app setting for the Functions host (repeatable)",
    )


def _add_port_arguments(parser: argparse.ArgumentParser, options: Sequence[PortOption]) -> None:
    for option in options:
        parser.add_argument(
            option.flag,
            dest=option.part,
            metavar="PORT",
            help=f"port of {option.title} [{option.variable}, {option.default}]",
        )


def options_from(
    arguments: argparse.Namespace, environ: Mapping[str, str], *, functions_host: bool
) -> StackOptions:
    """Combine parsed arguments with environment variables; an argument wins.

    Raises OptionError that names the option or variable whose value is wrong.
    """
    given: dict[str, object] = vars(arguments)
    example_assistant = _flag(environ, EXAMPLE_ASSISTANT_VARIABLE, default=True)
    free_ports = _flag(environ, FREE_PORTS_VARIABLE, default=False)
    return StackOptions(
        data_dir=data_dir_from(arguments, environ),
        ports=ports_from(given, environ),
        free_ports=bool(given.get("free_ports")) or free_ports,
        functions_host=functions_host,
        example_assistant=example_assistant and not given.get("no_example_assistant"),
        reload=bool(given.get("reload")),
        settings=parse_settings(getattr(arguments, "settings", [])),
        app_root=getattr(arguments, "app_root", REPOSITORY_ROOT),
    )


def data_dir_from(arguments: argparse.Namespace, environ: Mapping[str, str]) -> Path:
    """The data folder: --data-dir, else LOCAL_DATA_DIR, else .local in the repository."""
    return arguments.data_dir or Path(environ.get(DATA_DIR_VARIABLE) or REPOSITORY_ROOT / ".local")


def parse_settings(pairs: Sequence[str]) -> dict[str, str]:
    """Split NAME=VALUE pairs. Raises OptionError for one without a name or a `=`."""
    settings: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not (name and equals):
            raise OptionError(f"--set wants NAME=VALUE, not {pair!r}")
        settings[name] = value
    return settings


def ports_from(given: Mapping[str, object], environ: Mapping[str, str]) -> dict[str, int]:
    """The ports that were asked for by part: `given` arguments first, then variables.

    Raises OptionError naming the one that is no port number.
    """
    ports: dict[str, int] = {}
    for option in PORT_OPTIONS:
        argument = given.get(option.part)
        if isinstance(argument, str):
            ports[option.part] = _port(argument, option.flag)
        elif environ.get(option.variable):
            ports[option.part] = _port(environ[option.variable], option.variable)
    return ports


def _port(text: str, name: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= 65535):
        raise OptionError(f"{name} must be a port number from 0 to 65535, not {text!r}")
    return int(text)


def _flag(environ: Mapping[str, str], name: str, *, default: bool) -> bool:
    value = environ.get(name)
    if not value:
        return default
    if value.lower() not in _TRUE + _FALSE:
        raise OptionError(f"{name} must be 0 or 1, not {value!r}")
    return value.lower() in _TRUE
