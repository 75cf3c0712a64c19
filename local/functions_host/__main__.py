"""Command line: `python -m local.functions_host --app-root . --port 7071`."""

import argparse
import os
import sys
from pathlib import Path

from local.functions_host.errors import HostError
from local.functions_host.host import DEFAULT_QUEUE_LEASE, HostOptions
from local.functions_host.reload import serve, serve_with_reload
from local.functions_host.settings import parse_origins


def main() -> int:
    """Parse the arguments, run the host and return its exit code."""
    arguments = _parser().parse_args()
    options = HostOptions(
        app_root=arguments.app_root.resolve(),
        port=arguments.port,
        data_dir=arguments.data_dir.resolve(),
        queue_lease=arguments.queue_lease,
        cors_origins=parse_origins(arguments.cors),
    )
    if not arguments.reload:
        return serve(options)
    try:
        return serve_with_reload(options)
    except HostError as error:
        print(f"functions_host: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    port = os.environ.get("LOCAL_FUNCTIONS_PORT")
    parser = argparse.ArgumentParser(prog="python -m local.functions_host", description=__doc__)
    parser.add_argument("--app-root", type=Path, default=Path(), help="folder of function_app.py")
    parser.add_argument(
        "--port",
        type=int,
        default=int(port) if port else None,
        help="0 takes a free one; default LOCAL_FUNCTIONS_PORT, local.settings.json, then 7071",
    )
    parser.add_argument(
        "--data-dir",
        type=Path,
        default=Path(os.environ.get("LOCAL_DATA_DIR", ".local")),
        help="where timers keep their state; default LOCAL_DATA_DIR, then .local",
    )
    parser.add_argument(
        "--queue-lease",
        type=float,
        default=float(os.environ.get("LOCAL_QUEUE_LEASE", DEFAULT_QUEUE_LEASE)),
        metavar="SECONDS",
        help="how long a received message stays hidden; Azure's 600 by default, shorter for "
        "tests that kill the host (LOCAL_QUEUE_LEASE)",
    )
    parser.add_argument(
        "--cors",
        default="",
        metavar="ORIGINS",
        help="allowed origins, with commas between them, or *; default local.settings.json",
    )
    parser.add_argument(
        "--reload", action="store_true", help="restart when a .py or .json file changes"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
