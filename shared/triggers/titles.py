"""Queue function: propose titles of conversations."""

import azure.functions as func

from shared import resources, telemetry
from shared.bindings import STORAGE, QueueOutput, hand_over
from shared.container import app
from shared.services.titles import TitleRequest

blueprint = func.Blueprint()


@blueprint.function_name("propose_title")
@blueprint.queue_output(
    arg_name="nudges", queue_name=resources.DELIVERIES_QUEUE, connection=STORAGE
)
@blueprint.queue_trigger(arg_name="message", queue_name=resources.TITLES_QUEUE, connection=STORAGE)
async def propose_title(message: func.QueueMessage, nudges: QueueOutput) -> None:
    """Let a model propose a title after a person's message."""
    request = TitleRequest.model_validate_json(message.get_body())
    with telemetry.invoked(
        "propose_title", request.correlation_id, request.trace_parent
    ) as running:
        await app().titles.propose(request)
    hand_over(running, {resources.DELIVERIES_QUEUE: nudges})
