"""What the errors of Azure's SDKs become: something to be told when to come back, never a 500."""

import pytest
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.cosmos.exceptions import (
    CosmosAccessConditionFailedError,
    CosmosBatchOperationError,
    CosmosClientTimeoutError,
    CosmosHttpResponseError,
    CosmosResourceExistsError,
    CosmosResourceNotFoundError,
)

from shared.adapters.cosmos.client import UncertainWriteError, cosmos_errors
from shared.adapters.storage_errors import storage_errors
from shared.errors import AppError, DependencyUnavailable, InvalidArgument, Throttled, TooLarge


class Response:
    """As much of an HTTP answer as an error looks at."""

    reason = "because"

    def __init__(self, status: int, **headers: str) -> None:
        self.status_code = status
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


def http_error(status: int, **headers: str) -> HttpResponseError:
    return HttpResponseError(response=Response(status, **headers))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "error",
    [
        ResourceNotFoundError("the container is gone"),
        ResourceExistsError("a copy is pending"),
        ResourceModifiedError("a lease is held"),
        ServiceRequestError("refused"),
        ServiceResponseError("reset"),
        ClientAuthenticationError("no identity"),
        AzureError("anything"),
        http_error(403),
        http_error(500),
        http_error(503, Retry_After="Sun, 06 Nov 1994 08:49:37 GMT"),
    ],
    ids=repr,
)
def test_storage_that_fails_is_unavailable_for_now(error: AzureError) -> None:
    with pytest.raises(DependencyUnavailable) as raised, storage_errors():
        raise error

    assert type(raised.value) is DependencyUnavailable
    assert raised.value.retry_after > 0


def test_throttling_storage_says_when_to_come_back() -> None:
    with pytest.raises(Throttled) as raised, storage_errors():
        raise http_error(429, Retry_After="7")

    assert raised.value.retry_after == 7


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, InvalidArgument),
        (403, DependencyUnavailable),
        (404, DependencyUnavailable),
        (408, UncertainWriteError),
        (409, DependencyUnavailable),
        (410, DependencyUnavailable),
        (412, DependencyUnavailable),
        (413, TooLarge),
        (424, DependencyUnavailable),
        (429, Throttled),
        (449, UncertainWriteError),
        (500, DependencyUnavailable),
        (503, DependencyUnavailable),
    ],
)
def test_an_operation_that_fails_its_batch_fails_as_it_would_alone(
    status: int, kind: type[AppError]
) -> None:
    alone = CosmosHttpResponseError(status_code=status, message="no")
    in_a_batch = CosmosBatchOperationError(
        error_index=1, headers={}, status_code=status, message="no", operation_responses=[]
    )
    for error in (alone, in_a_batch):
        with pytest.raises(AppError) as raised, cosmos_errors():
            raise error
        assert type(raised.value) is kind


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (CosmosResourceNotFoundError(404, "no such container"), DependencyUnavailable),
        (CosmosResourceExistsError(409, "unexpected"), DependencyUnavailable),
        (CosmosAccessConditionFailedError(412, "unexpected"), DependencyUnavailable),
        (ClientAuthenticationError("no identity"), DependencyUnavailable),
        (ServiceRequestError("refused"), DependencyUnavailable),
        (ServiceResponseError("reset"), UncertainWriteError),
        (CosmosClientTimeoutError(), UncertainWriteError),
        (TimeoutError(), UncertainWriteError),
        (AzureError("anything"), DependencyUnavailable),
    ],
    ids=repr,
)
def test_a_database_that_fails_is_unavailable_for_now(
    error: Exception, kind: type[AppError]
) -> None:
    with pytest.raises(DependencyUnavailable) as raised, cosmos_errors():
        raise error

    assert type(raised.value) is kind
