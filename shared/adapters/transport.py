"""The HTTP transport under the Azure clients."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from azure.core.pipeline.transport import AioHttpTransport


def azure_transport(**limits: Any) -> "AioHttpTransport":
    """A transport that doesn't look for proxies in the environment at every request.

    That look-up (variables and the .netrc file) takes two fifths of a request's processor time.
    `limits` are azure-core's `connection_timeout` and `read_timeout`, in seconds.
    """
    from azure.core.pipeline.transport import AioHttpTransport

    return AioHttpTransport(use_env_settings=False, **limits)
