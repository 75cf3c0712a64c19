"""The identity that the application itself has in Azure."""

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from azure.identity.aio import DefaultAzureCredential


@cache
def azure_credential() -> "DefaultAzureCredential":
    """The managed identity in Azure, the developer's own where there is none.

    Imported here because only deployments without connection strings need it.
    """
    from azure.identity.aio import DefaultAzureCredential

    return DefaultAzureCredential()
