"""Timer function: measure what is left undone."""

import azure.functions as func

from shared import telemetry
from shared.container import app

EVERY_FIVE_MINUTES = "0 */5 * * * *"

blueprint = func.Blueprint()


@blueprint.function_name("measure_backlog")
@blueprint.timer_trigger(arg_name="timer", schedule=EVERY_FIVE_MINUTES, use_monitor=False)
async def measure_backlog(timer: func.TimerRequest) -> None:  # noqa: ARG001
    """Count overdue deliveries, dead letters and poison messages, for alerts and dashboards."""
    with telemetry.invoked("measure_backlog"):
        await app().backlogs.measure()
