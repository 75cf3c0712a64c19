"""The HTTP transport under the Azure clients."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from azure.core.pipeline.transport import AioHttpTransport


def azure_transport() -> "AioHttpTransport":
    """A transport that doesn't look for proxies in the environment at every request.

    That look-up (variables and the .netrc file) was two fifths of a request's processor time.
    """
    from azure.core.pipeline.transport import AioHttpTransport

    return AioHttpTransport(use_env_settings=False)
