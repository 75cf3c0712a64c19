"""Queue function: show the new name of a person or an assistant in their conversations."""

import azure.functions as func

from shared import resources, telemetry
from shared.bindings import STORAGE, QueueOutput, hand_over
from shared.container import app
from shared.services.renames import RenameRequest

blueprint = func.Blueprint()


@blueprint.function_name("rename_participant")
@blueprint.queue_output(
    arg_name="deliveries", queue_name=resources.DELIVERIES_QUEUE, connection=STORAGE
)
@blueprint.queue_output(arg_name="renames", queue_name=resources.RENAMES_QUEUE, connection=STORAGE)
@blueprint.queue_trigger(arg_name="message", queue_name=resources.RENAMES_QUEUE, connection=STORAGE)
async def rename_participant(
    message: func.QueueMessage, deliveries: QueueOutput, renames: QueueOutput
) -> None:
    """Rename a participant in one chunk of their conversations."""
    request = RenameRequest.model_validate_json(message.get_body())
    with telemetry.invoked(
        "rename_participant", request.correlation_id, request.trace_parent
    ) as running:
        await app().renames.handle(request)
    outputs = {resources.DELIVERIES_QUEUE: deliveries, resources.RENAMES_QUEUE: renames}
    hand_over(running, outputs)
