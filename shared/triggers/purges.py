"""Queue function: remove what is left of deleted and unfinished conversations."""

import azure.functions as func

from shared import resources, telemetry
from shared.bindings import STORAGE, QueueOutput, hand_over
from shared.container import app
from shared.services.purges import PurgeRequest

blueprint = func.Blueprint()


@blueprint.function_name("purge_conversation")
@blueprint.queue_output(arg_name="requests", queue_name=resources.PURGES_QUEUE, connection=STORAGE)
@blueprint.queue_trigger(arg_name="message", queue_name=resources.PURGES_QUEUE, connection=STORAGE)
async def purge_conversation(message: func.QueueMessage, requests: QueueOutput) -> None:
    """Purge one chunk of a conversation that was deleted or never finished, or finish it."""
    request = PurgeRequest.model_validate_json(message.get_body())
    with telemetry.invoked("purge_conversation", trace_parent=request.trace_parent) as running:
        await app().purges.handle(request)
    hand_over(running, {resources.PURGES_QUEUE: requests})
