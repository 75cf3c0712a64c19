"""The command lines and environments of the programs that make up a stack."""

import dataclasses
import signal
from collections.abc import Mapping
from pathlib import Path

from local.stack.options import REPOSITORY_ROOT, StackOptions
from local.stack.processes import Program

EXAMPLE_ASSISTANT_REGISTERED = "echo_assistant registered with "


def cosmos_program(data_dir: Path, port: int, key: str) -> Program:
    """The Cosmos DB stand-in with its account key."""
    return _stand_in("cosmos", port, "--data-dir", str(data_dir), "--key", key)


def web_pubsub_program(port: int) -> Program:
    """The Web PubSub stand-in, which keeps nothing."""
    return _stand_in("web_pubsub", port)


def identity_program(data_dir: Path, port: int) -> Program:
    """The identity stand-in."""
    return _stand_in("identity", port, "--data-dir", str(data_dir))


def functions_host_program(
    options: StackOptions, data_dir: Path, port: int, environment: Mapping[str, str]
) -> Program:
    """The Functions host with its app settings; with `reload` it runs in a child of a watcher."""
    app_root = str(options.app_root.resolve())
    # Pages may come from anywhere on this machine.
    arguments = ["--app-root", app_root, "--data-dir", str(data_dir), "--cors", "*"]
    if options.reload:
        arguments.append("--reload")
    return dataclasses.replace(
        _stand_in("functions_host", port, *arguments),
        environment=environment,
        death_signal=signal.SIGTERM if options.reload else signal.SIGKILL,
    )


def example_assistant_program(data_dir: Path, port: int, workbench_url: str) -> Program:
    """The example assistant, which keeps its assistants in the data folder."""
    return Program(
        name="echo_assistant",
        module="examples.echo_assistant",
        arguments=(),
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
        module=f"local.{name}",
        arguments=("--port", str(port), *arguments),
        environment={},
        working_directory=REPOSITORY_ROOT,
    )
