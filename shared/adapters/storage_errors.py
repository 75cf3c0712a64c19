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
        if error.status_code == 429:
            raise Throttled from error
        raise DependencyUnavailable from error
