"""The command line: `python -m local.identity --port 7072`."""

import argparse
import functools
import os
import socket
import sys
from pathlib import Path

from aiohttp import web

from local.identity.app import Settings, create_app

_HOST = "127.0.0.1"
_SHUTDOWN_SECONDS = 1.0


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    arguments = _arguments()
    try:
        listener = socket.create_server((_HOST, arguments.port))
    except OSError as error:
        sys.exit(f"identity: cannot listen on {_HOST}:{arguments.port}: {error.strerror}")
    url = f"http://{_HOST}:{listener.getsockname()[1]}"
    settings = Settings(
        data_dir=arguments.data_dir, issuer_base_url=(arguments.issuer_base_url or url).rstrip("/")
    )
    web.run_app(
        create_app(settings),
        sock=listener,
        access_log=None,
        shutdown_timeout=_SHUTDOWN_SECONDS,
        print=functools.partial(_announce, f"identity listening on {url}"),
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local.identity", description=__doc__)
    parser.add_argument(
        "--port",
        type=int,
        default=os.environ.get("LOCAL_IDENTITY_PORT", "7072"),
        help="port on 127.0.0.1; 0 takes any free one (LOCAL_IDENTITY_PORT, 7072)",
    )
    parser.add_argument(
        "--data-dir",
        type=Path,
        default=Path(os.environ.get("LOCAL_DATA_DIR", ".local")),
        help="the key is kept in its folder identity/ (LOCAL_DATA_DIR, .local)",
    )
    parser.add_argument(
        "--issuer-base-url",
        help="base URL of issuers, if others know this server under another than its address",
    )
    return parser.parse_args()


def _announce(ready: str, _: str) -> None:
    """Print the line that others wait for, in place of aiohttp's own banner."""
    print(ready, flush=True)


if __name__ == "__main__":
    main()
