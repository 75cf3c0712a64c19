"""The errors of the Cosmos DB REST protocol, raised anywhere and answered in one place."""

from http import HTTPStatus

_CODES = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    408: "RequestTimeout",
    409: "Conflict",
    410: "Gone",
    412: "PreconditionFailed",
    413: "RequestEntityTooLarge",
    424: "FailedDependency",
    429: "TooManyRequests",
    449: "RetryWith",
    500: "InternalServerError",
    501: "NotImplemented",
    503: "ServiceUnavailable",
}

THROTTLED_SUBSTATUS = 3200


class CosmosError(Exception):
    """A request that failed: its HTTP status, message and `x-ms-substatus`."""

    def __init__(self, status: int, message: str, substatus: int = 0) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.substatus = substatus

    @property
    def code(self) -> str:
        """The word that goes with the status in an error body."""
        return _CODES.get(self.status) or HTTPStatus(self.status).phrase.replace(" ", "")


def bad_request(message: str, substatus: int = 0) -> CosmosError:
    """400: the request itself is wrong."""
    return CosmosError(400, message, substatus)


def not_found(what: str, name: str) -> CosmosError:
    """404: the database, container or item of that name does not exist."""
    return CosmosError(404, f"Resource Not Found: there is no {what} '{name}'.")


def conflict(what: str, name: str) -> CosmosError:
    """409: a resource of that id, or with the same unique key, exists already."""
    return CosmosError(
        409, f"Resource with specified id, name or unique index already exists: {what} '{name}'."
    )


def precondition_failed(why: str) -> CosmosError:
    """412: an `If-Match`, `If-None-Match` or patch condition does not hold."""
    return CosmosError(412, f"One of the specified pre-conditions is not met: {why}")


def too_large(message: str) -> CosmosError:
    """413: the item or the batch exceeds what the service takes."""
    return CosmosError(413, message)


def not_supported(feature: str) -> CosmosError:
    """501: a real feature of Cosmos DB that this server does not have."""
    return CosmosError(501, f"The local Cosmos DB does not support {feature}.")
