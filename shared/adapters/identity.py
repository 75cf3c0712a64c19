"""The identities that the application has in Azure."""

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from azure.identity.aio import DefaultAzureCredential, ManagedIdentityCredential


@cache
def azure_credential() -> "DefaultAzureCredential":
    """The managed identity in Azure, the developer's own where there is none.

    Imported here because only deployments without connection strings need it.
    """
    from azure.identity.aio import DefaultAzureCredential

    return DefaultAzureCredential()


@cache
def other_identity(client_id: str) -> "ManagedIdentityCredential":
    """A further managed identity of the function app, by its client id."""
    from azure.identity.aio import ManagedIdentityCredential

    return ManagedIdentityCredential(client_id=client_id)
