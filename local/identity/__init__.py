"""A local stand-in for Entra ID: issues RS256 tokens for made-up people, publishes the keys."""

from local.identity.app import Settings, create_app
from local.identity.tokens import DEFAULT_APP_ID, DEFAULT_TID, issue_token

__all__ = ["DEFAULT_APP_ID", "DEFAULT_TID", "Settings", "create_app", "issue_token"]
