"""The route for whoever watches the service."""

from shared.api.endpoint import new_router
from shared.contracts.health import Health

router = new_router()


@router.get("health", name="health", anonymous=True)
async def get_health() -> Health:
    """Say that the service answers; it asks nobody else, so that watching it costs nothing."""
    return Health()
