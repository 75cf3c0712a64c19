"""The command line: `python -m local.web_pubsub --port 8080`."""

import argparse
import functools
import os
import socket
import sys

from aiohttp import web

from local.web_pubsub.app import create_app
from local.web_pubsub.settings import DEFAULT_ACCESS_KEY, Settings

_HOST = "127.0.0.1"
_SHUTDOWN_SECONDS = 1.0


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m local.web_pubsub", description=__doc__)
    parser.add_argument(
        "--port",
        type=int,
        default=os.environ.get("LOCAL_WEB_PUBSUB_PORT", "8080"),
        help="port on 127.0.0.1; 0 takes any free one (LOCAL_WEB_PUBSUB_PORT, 8080)",
    )
    parser.add_argument("--access-key", default=DEFAULT_ACCESS_KEY, help="at least 32 bytes")
    parser.add_argument(
        "--endpoint",
        action="append",
        default=[],
        help="a further base URL under which clients know this server; may be repeated",
    )
    arguments = parser.parse_args()
    try:
        settings = Settings(access_key=arguments.access_key, endpoints=tuple(arguments.endpoint))
    except ValueError as error:
        parser.error(str(error))
    try:
        listener = socket.create_server((_HOST, arguments.port))
    except OSError as error:
        sys.exit(f"web_pubsub: cannot listen on {_HOST}:{arguments.port}: {error.strerror}")
    ready = f"web_pubsub listening on http://{_HOST}:{listener.getsockname()[1]}"
    web.run_app(
        create_app(settings),
        sock=listener,
        access_log=None,
        shutdown_timeout=_SHUTDOWN_SECONDS,
        print=functools.partial(_announce, ready),
    )


def _announce(ready: str, _: str) -> None:
    """Print the line that others wait for, in place of aiohttp's own banner."""
    print(ready, flush=True)


if __name__ == "__main__":
    main()
