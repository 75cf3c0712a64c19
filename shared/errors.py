"""Everything that can go wrong on purpose, without a word about HTTP.

AppError
├── Unauthenticated         nobody we know
├── Forbidden               somebody we know who may never do this
├── NotFound                not there, or not there for this caller
├── InvalidArgument         well-formed input that makes no sense here
├── UnprocessableInput      input of the wrong form, with one entry for each fault
├── NotAcceptable           an answer is wanted in a form that there isn't
├── Conflict                it exists already
├── TooLarge                more than a document, batch or message can hold
├── LengthRequired          a body that came without its length
├── AssistantFailure        an assistant service answered with an error
├── AssistantUnreachable    an assistant service could not be reached, or answered nonsense
└── DependencyUnavailable   a service of ours is down or slow
    └── Throttled           a service of ours asks us to slow down
"""

from typing import Any


class AppError(Exception):
    """Base of all errors that a caller is told about; `detail` is safe to show."""

    detail = "Error"

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail or self.detail)
        self.detail = detail or self.detail


class Unauthenticated(AppError):
    """The credentials are missing, wrong, expired or of somebody else's making."""

    detail = "Not authenticated"


class Forbidden(AppError):
    """The caller is known and is of a kind, or in a position, that may not do this."""

    detail = "Forbidden"


class NotFound(AppError):
    """The thing does not exist, or the caller may not know that it does."""

    detail = "Not Found"


class InvalidArgument(AppError):
    """The input is well-formed but can't be acted on."""

    detail = "Invalid argument"


class UnprocessableInput(AppError):
    """The input has the wrong form; `faults` lists `type`, `loc`, `msg` and `input` of each."""

    def __init__(self, faults: list[dict[str, Any]]) -> None:
        super().__init__("Unprocessable input")
        self.faults = faults


class NotAcceptable(AppError):
    """The caller takes the answer only in a form that it doesn't come in."""

    detail = "Not Acceptable"


class Conflict(AppError):
    """What is to be created exists already, or too many writers met."""

    detail = "Conflict"


class TooLarge(AppError):
    """The input is bigger than what a document, batch or message can hold."""

    detail = "Too large"


class LengthRequired(AppError):
    """The body came without Content-Length, so the Functions host did not pass it on."""

    detail = "Content-Length required"


class AssistantFailure(AppError):
    """The assistant service answered with an error; `status` is the one that it gave."""

    def __init__(self, status: int, body: str) -> None:
        super().__init__(f"Assistant responded with error; response: {body}")
        self.status = status


class AssistantUnreachable(AppError):
    """The assistant service could not be reached, or its answer makes no sense."""


class DependencyUnavailable(AppError):
    """A database, queue or vault is down or too slow; `retry_after` is in seconds."""

    detail = "Service temporarily unavailable"

    def __init__(self, detail: str | None = None, retry_after: float = 2.0) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class Throttled(DependencyUnavailable):
    """A dependency refuses more requests for now; `retry_after` is in seconds."""

    detail = "Too many requests"
