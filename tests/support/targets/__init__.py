"""What the tests of the API run against, by WORKBENCH_TEST_TARGET: docs/testing.md."""

import functools
import os

from local.stack import Stack, StackOptions
from tests.support.targets.azure import Azure
from tests.support.targets.local import Local
from tests.support.targets.official import Official
from tests.support.targets.target import COSMOS_CONTROL, Target, TargetError

__all__ = ["VARIABLE", "Target", "TargetError", "chosen", "current", "own_stack"]

VARIABLE = "WORKBENCH_TEST_TARGET"

_KINDS: dict[str, type[Target]] = {kind.name: kind for kind in (Local, Official, Azure)}


def chosen(name: str) -> Target:
    """The target of a name, ready to use; nothing is `local`.

    Raises TargetError for a name that isn't known, or when the target lacks something.
    """
    kind = _KINDS.get(name or Local.name)
    if kind is None:
        raise TargetError(f"{VARIABLE} must be one of {', '.join(_KINDS)}, not {name!r}")
    return kind(os.environ)


@functools.cache
def current() -> Target:
    """The target of this process. Raises TargetError, see `chosen`."""
    return chosen(os.environ.get(VARIABLE, ""))


def own_stack(options: StackOptions, *, cosmos_control: bool = False) -> Stack:
    """A stack with these options for a test or a module; skips it where there can be none.

    `cosmos_control`: all the tests that use it need `cosmos_admin`.
    """
    target = current()
    if cosmos_control and not target.cosmos_control:
        target.skip(COSMOS_CONTROL)
    return target.own_stack(options)
