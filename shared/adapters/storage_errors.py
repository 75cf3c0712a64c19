"""Translation of the errors that the storage, vault and Web PubSub SDKs have in common."""

from collections.abc import Iterator
from contextlib import contextmanager

from azure.core.exceptions import AzureError, HttpResponseError

from shared.errors import DependencyUnavailable, Throttled

DEFAULT_RETRY_SECONDS = 2.0


@contextmanager
def storage_errors() -> Iterator[None]:
    """Turn what is wrong with a service into ours.

    An answer like 404 that means something to an adapter is caught inside; elsewhere it means
    that something of ours is not there or in use, which is as good as down.
    """
    try:
        yield
    except HttpResponseError as error:
        kind = Throttled if error.status_code == 429 else DependencyUnavailable
        raise kind(retry_after=_retry_after(error)) from error
    except AzureError as error:
        raise DependencyUnavailable from error


def _retry_after(error: HttpResponseError) -> float:
    """When the service wants to be asked again; the header may hold a date, too."""
    wanted = getattr(error.response, "headers", {}).get("Retry-After", "")
    return float(wanted) if wanted.isdecimal() else DEFAULT_RETRY_SECONDS
