"""Queue function: remove deleted shares, and finish redemptions that a crash cut short."""

import azure.functions as func

from shared import resources, telemetry
from shared.bindings import STORAGE, QueueOutput, hand_over
from shared.container import app
from shared.services.share_upkeep import ShareRequest

blueprint = func.Blueprint()


@blueprint.function_name("tend_share")
@blueprint.queue_output(arg_name="requests", queue_name=resources.SHARES_QUEUE, connection=STORAGE)
@blueprint.queue_trigger(arg_name="message", queue_name=resources.SHARES_QUEUE, connection=STORAGE)
async def tend_share(message: func.QueueMessage, requests: QueueOutput) -> None:
    """Look at one share, and do what is left to do about it."""
    request = ShareRequest.model_validate_json(message.get_body())
    with telemetry.invoked("tend_share", trace_parent=request.trace_parent) as running:
        await app().share_upkeep.handle(request)
    hand_over(running, {resources.SHARES_QUEUE: requests})
