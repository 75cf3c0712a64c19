"""The command line: `python -m local.cosmos` serves until it gets SIGTERM or SIGINT."""

import argparse
import asyncio
import dataclasses
import signal
import sys
from pathlib import Path

from aiohttp import web

from local.cosmos.app import create_app
from local.cosmos.settings import Settings


def _parse_arguments() -> Settings:
    defaults = Settings.from_environment()
    parser = argparse.ArgumentParser(prog="python -m local.cosmos", description=__doc__)
    parser.add_argument("--port", type=int, default=defaults.port, help="0 picks a free port")
    parser.add_argument("--data-dir", type=Path, default=defaults.data_dir)
    parser.add_argument("--key", default=defaults.key, help="the account's key, in base64")
    return dataclasses.replace(defaults, **vars(parser.parse_args()))


async def _serve(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    runner = web.AppRunner(create_app(settings), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", settings.port).start()
        print(f"cosmos listening on http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
        await stop.wait()
    finally:
        await runner.cleanup()


def main() -> int:
    """Run the server; 1 if it can't start."""
    try:
        asyncio.run(_serve(_parse_arguments()))
    except (OSError, RuntimeError, ValueError) as error:
        print(f"cosmos can't start: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
