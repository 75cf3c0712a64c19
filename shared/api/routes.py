"""All routes of the API."""

import azure.functions as func

from shared.api import (
    assistants,
    conversations,
    docs,
    files,
    health,
    messages,
    participants,
    registrations,
    shares,
    speech,
    transfers,
    users,
)
from shared.api.fallback import Fallback
from shared.api.routing import Route

_ROUTERS = (
    assistants.router,
    conversations.router,
    docs.router,
    files.router,
    health.router,
    messages.router,
    participants.router,
    registrations.router,
    shares.router,
    speech.router,
    transfers.router,
    users.router,
)

ROUTES: tuple[Route, ...] = tuple(route for router in _ROUTERS for route in router.routes)


def blueprints() -> list[func.Blueprint]:
    """The blueprints of all resources, and the one for everything else."""
    return [*(router.blueprint for router in _ROUTERS), Fallback(ROUTES).blueprint]
