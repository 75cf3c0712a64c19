"""Command line: `python -m local.official` readies Microsoft's emulators of compose.yaml.

It waits for them, creates what shared/resources.py names, and then runs the identity stand-in,
of which Microsoft has no emulator, until Ctrl-C. The addresses are those of the settings example.
With `--no-identity` it ends as soon as they are ready: stacks of tests have an identity service
of their own.
"""

import argparse
import asyncio
from collections.abc import Sequence

from azure.core.exceptions import AzureError

from local.identity.__main__ import main as run_identity
from local.stack.host_settings import example_settings, storage_connection_string
from local.stack.options import PORT_OPTIONS
from local.stack.provisioning import provision

TRIES = 60
PAUSE_SECONDS = 2.0


async def ready(tries: int = TRIES, pause: float = PAUSE_SECONDS) -> None:
    """Create databases, queues and the like; emulators that are still starting are waited for.

    Raises what the last of `tries` attempts, `pause` seconds apart, failed with.
    """
    settings = example_settings()
    ports = {option.part: option.default for option in PORT_OPTIONS}
    storage = storage_connection_string(
        ports["azurite_blob"], ports["azurite_queue"], ports["azurite_table"]
    )
    for left in reversed(range(tries)):
        try:
            await provision(
                settings["WORKBENCH__COSMOS__ENDPOINT"], settings["WORKBENCH__COSMOS__KEY"], storage
            )
        except AzureError:
            if not left:
                raise
            await asyncio.sleep(pause)
        else:
            return


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the emulators ready, then serve tokens until SIGTERM or SIGINT, if that is wanted."""
    parser = argparse.ArgumentParser(prog="python -m local.official", description=__doc__)
    parser.add_argument("--no-identity", action="store_true", help="end when they are ready")
    wanted = parser.parse_args(arguments)
    asyncio.run(ready())
    if wanted.no_identity:
        return
    print("Ready for `func start` with local.settings.json.example copied.", flush=True)
    run_identity()


if __name__ == "__main__":
    main()
