"""Which target the tests of the API run against, said and checked before anything else."""

import pytest

from tests.support import targets


def pytest_configure(config: pytest.Config) -> None:
    """Refuse a target that there can't be."""
    try:
        target = targets.current()
    except targets.TargetError as error:
        raise pytest.UsageError(str(error)) from error
    if not target.parallel and config.getoption("numprocesses", None):
        raise pytest.UsageError(f"{targets.VARIABLE}={target.name} takes one process: -n 0")


def pytest_report_header() -> str:
    """Say what is in use."""
    target = targets.current()
    return f"{targets.VARIABLE}={target.name}: {target.parts()}"
