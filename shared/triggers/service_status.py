"""Timer and queue function: assistant services that come and go."""

import logging

import azure.functions as func

from shared import resources, telemetry
from shared.bindings import STORAGE, QueueOutput, hand_over
from shared.container import app
from shared.services.registrations import ServiceStatus
from shared.telemetry import get_logger, log

blueprint = func.Blueprint()

_logger = get_logger("service_status")


@blueprint.function_name("expire_services")
@blueprint.timer_trigger(arg_name="timer", schedule="%ONLINE_CHECK_SCHEDULE%", use_monitor=False)
async def expire_services(timer: func.TimerRequest) -> None:  # noqa: ARG001
    """Announce assistant services that have stopped saying where they are."""
    with telemetry.invoked("expire_services"):
        count = await app().service_statuses.expire()
        if count:
            log(_logger, logging.INFO, "services_expired", count=count)


@blueprint.function_name("announce_service_status")
@blueprint.queue_output(
    arg_name="deliveries", queue_name=resources.DELIVERIES_QUEUE, connection=STORAGE
)
@blueprint.queue_output(
    arg_name="statuses", queue_name=resources.SERVICE_STATUS_QUEUE, connection=STORAGE
)
@blueprint.queue_trigger(
    arg_name="message", queue_name=resources.SERVICE_STATUS_QUEUE, connection=STORAGE
)
async def announce_service_status(
    message: func.QueueMessage,
    deliveries: QueueOutput,
    statuses: QueueOutput,
) -> None:
    """Tell the conversations of a service's assistants that it came or went."""
    status = ServiceStatus.model_validate_json(message.get_body())
    with telemetry.invoked("announce_service_status", trace_parent=status.trace_parent) as running:
        await app().service_statuses.announce(status)
    outputs = {
        resources.DELIVERIES_QUEUE: deliveries,
        resources.SERVICE_STATUS_QUEUE: statuses,
    }
    hand_over(running, outputs)
