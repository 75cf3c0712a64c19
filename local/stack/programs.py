"""The command lines and environments of the programs that make up a stack."""

import dataclasses
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from local.stack.options import REPOSITORY_ROOT, StackOptions
from local.stack.ports import HOST
from local.stack.processes import Program, python_module

PYTHON_OF_CORE_TOOLS = "languageWorkers__python__defaultExecutablePath"
FUNCTIONS_HOST = "functions_host"
EXAMPLE_ASSISTANT_REGISTERED = "echo_assistant registered with "


def cosmos_program(data_dir: Path, port: int, key: str) -> Program:
    """The Cosmos DB stand-in with its account key."""
    return _stand_in("cosmos", port, "--data-dir", str(data_dir), "--key", key)


def web_pubsub_program(port: int) -> Program:
    """The Web PubSub stand-in, which keeps nothing."""
    return _stand_in("web_pubsub", port)


def identity_program(data_dir: Path, port: int, public_url: str | None = None) -> Program:
    """The identity stand-in; `public_url` is where others find it, if not at its own address."""
    known_as = ["--issuer-base-url", public_url] if public_url else []
    return _stand_in("identity", port, "--data-dir", str(data_dir), *known_as)


def core_tools_program(
    options: StackOptions, executable: str, port: int, environment: Mapping[str, str]
) -> Program:
    """Microsoft's Functions host, by Core Tools; variables win over local.settings.json."""
    return Program(
        name=FUNCTIONS_HOST,
        command=(executable, "start", "--port", str(port), "--cors", "*"),
        environment={**environment, PYTHON_OF_CORE_TOOLS: sys.executable},
        working_directory=options.app_root.resolve(),
        death_signal=signal.SIGTERM,  # it has workers
        ready_url=f"http://{HOST}:{port}/health",
    )


def functions_host_program(
    options: StackOptions, data_dir: Path, port: int, environment: Mapping[str, str]
) -> Program:
    """The Functions host with its app settings; with `reload` it runs in a child of a watcher."""
    if options.core_tools:
        return core_tools_program(options, options.core_tools, port, environment)
    app_root = str(options.app_root.resolve())
    # Pages may come from anywhere on this machine.
    arguments = ["--app-root", app_root, "--data-dir", str(data_dir), "--cors", "*"]
    if options.reload:
        arguments.append("--reload")
    return dataclasses.replace(
        _stand_in(FUNCTIONS_HOST, port, *arguments),
        environment=environment,
        death_signal=signal.SIGTERM if options.reload else signal.SIGKILL,
    )


def example_assistant_program(data_dir: Path, port: int, workbench_url: str) -> Program:
    """The example assistant, which keeps its assistants in the data folder."""
    return Program(
        name="echo_assistant",
        command=python_module("examples.echo_assistant"),
        environment={
            "ECHO_WORKBENCH_URL": workbench_url,
            "ECHO_PORT": str(port),
            "ECHO_DATA_FILE": str(data_dir / "echo_assistant.json"),
        },
        working_directory=REPOSITORY_ROOT,
    )


def _stand_in(name: str, port: int, *arguments: str) -> Program:
    return Program(
        name=name,
        command=python_module(f"local.{name}", "--port", str(port), *arguments),
        environment={},
        working_directory=REPOSITORY_ROOT,
    )
