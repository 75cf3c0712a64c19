"""`python -m examples.echo_assistant`: serves the echo assistant."""

import asyncio
import logging
import os
import sys

from examples.echo_assistant.server import serve
from examples.echo_assistant.settings import EchoSettings


def main() -> int:
    """Read the settings and serve; the exit code is 2 for a wrong setting, 1 for a taken port."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        settings = EchoSettings.from_environment(os.environ)
    except ValueError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 2
    try:
        asyncio.run(serve(settings))
    except OSError as error:
        print(f"port {settings.port} of ECHO_PORT: {error.strerror}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
