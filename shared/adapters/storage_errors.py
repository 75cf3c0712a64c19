"""Translation of the errors that the storage, vault and Web PubSub SDKs have in common."""

from collections.abc import Iterator
from contextlib import contextmanager

from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
    ServiceRequestError,
    ServiceResponseError,
)

from shared.errors import DependencyUnavailable, Throttled

DEFAULT_RETRY_SECONDS = 2.0


@contextmanager
def storage_errors() -> Iterator[None]:
    """Turn what is wrong with a service into ours; the answers 404, 409 and 412 pass."""
    try:
        yield
    except (ResourceNotFoundError, ResourceExistsError, ResourceModifiedError):
        raise
    except (ServiceRequestError, ServiceResponseError, ClientAuthenticationError) as error:
        raise DependencyUnavailable from error
    except HttpResponseError as error:
        kind = Throttled if error.status_code == 429 else DependencyUnavailable
        raise kind(retry_after=_retry_after(error)) from error


def _retry_after(error: HttpResponseError) -> float:
    """When the service wants to be asked again; the header may hold a date, too."""
    wanted = getattr(error.response, "headers", {}).get("Retry-After", "")
    return float(wanted) if wanted.isdecimal() else DEFAULT_RETRY_SECONDS
