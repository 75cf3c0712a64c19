"""A local Cosmos DB: the REST protocol of the NoSQL API, kept in one SQLite file."""

from local.cosmos.app import create_app
from local.cosmos.auth import EMULATOR_KEY
from local.cosmos.settings import Settings

__all__ = ["EMULATOR_KEY", "Settings", "create_app"]
