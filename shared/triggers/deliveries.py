"""Queue function: deliver events to assistants."""

import logging

import azure.functions as func

from shared import resources, telemetry
from shared.bindings import STORAGE, QueueOutput, hand_over
from shared.container import app
from shared.errors import DependencyUnavailable
from shared.services.nudges import Nudge
from shared.telemetry import get_logger, log

RETRY_SECONDS = 15

blueprint = func.Blueprint()

_logger = get_logger("deliveries")


@blueprint.function_name("deliver_events")
@blueprint.queue_output(
    arg_name="nudges", queue_name=resources.DELIVERIES_QUEUE, connection=STORAGE
)
@blueprint.queue_trigger(
    arg_name="message", queue_name=resources.DELIVERIES_QUEUE, connection=STORAGE
)
async def deliver_events(message: func.QueueMessage, nudges: QueueOutput) -> None:
    """Look at the conversation that a nudge names, and deliver what its assistants lack."""
    nudge = Nudge.model_validate_json(message.get_body())
    with telemetry.invoked("deliver_events", trace_parent=nudge.trace_parent) as running:
        try:
            if nudge.dead_letter is None:
                await app().deliveries.handle(nudge)
            else:
                await app().replays.replay(nudge)
        except DependencyUnavailable as error:
            log(_logger, logging.WARNING, "delivery_postponed", error=error.detail)
            await app().nudges.later(nudge, RETRY_SECONDS)
    hand_over(running, {resources.DELIVERIES_QUEUE: nudges})
