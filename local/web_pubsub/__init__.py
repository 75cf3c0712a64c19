"""A local stand-in for Azure Web PubSub: data-plane REST and the JSON WebSocket subprotocols."""

from local.web_pubsub.app import create_app
from local.web_pubsub.settings import DEFAULT_ACCESS_KEY, Settings

__all__ = ["DEFAULT_ACCESS_KEY", "Settings", "create_app"]
