"""Runs the host in a child process and starts it anew whenever the application's code changes."""

import asyncio
import dataclasses
import sys

import watchfiles

from local.functions_host.errors import HostError
from local.functions_host.host import GRACE_SECONDS, HostOptions, bind, run
from local.functions_host.settings import read_local_settings

_WATCHED_SUFFIXES = (".py", ".json")


class CodeFilter(watchfiles.DefaultFilter):
    """Lets changes of Python and JSON files pass, outside of environments and the data folder."""

    ignore_dirs = (*watchfiles.DefaultFilter.ignore_dirs, ".local")

    def __call__(self, change: watchfiles.Change, path: str) -> bool:
        """Whether this change restarts the host."""
        return path.endswith(_WATCHED_SUFFIXES) and super().__call__(change, path)


def serve(options: HostOptions) -> int:
    """Run the host in this process; returns the exit code and prints why it can't start."""
    try:
        return asyncio.run(run(options))
    except HostError as error:
        print(f"functions_host: {error}", file=sys.stderr, flush=True)
        return 1


def serve_with_reload(options: HostOptions) -> int:
    """Run the host in a child process until a signal comes; every start uses the same port."""
    settings = read_local_settings(options.app_root)
    with bind(settings, options.port) as listening:
        port = listening.getsockname()[1]
    pinned = dataclasses.replace(options, port=port)
    watchfiles.run_process(
        options.app_root,
        target=serve,
        args=(pinned,),
        watch_filter=CodeFilter(),
        sigint_timeout=round(GRACE_SECONDS) + 2,
    )
    return 0
