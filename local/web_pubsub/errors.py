"""The error that the data plane answers with."""


class ServiceError(Exception):
    """A request that is refused: HTTP status, error code and a message that names the cause."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def bad_request(message: str) -> ServiceError:
    """Give the error for input at fault (400)."""
    return ServiceError(400, "BadRequest", message)


def unauthorized(message: str) -> ServiceError:
    """Give the error for a missing or wrong token (401)."""
    return ServiceError(401, "Unauthorized", message)


def not_found(message: str) -> ServiceError:
    """Give the error for something that does not exist (404)."""
    return ServiceError(404, "NotFound", message)


def not_supported(feature: str) -> ServiceError:
    """Give the error for a feature of the service that the stand-in lacks (501)."""
    return ServiceError(501, "NotSupported", f"{feature}: not supported by the local Web PubSub")
