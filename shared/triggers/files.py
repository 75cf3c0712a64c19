"""Queue function: remove blobs that failed uploads and deleted files left behind."""

import azure.functions as func

from shared import resources, telemetry
from shared.bindings import STORAGE
from shared.container import app
from shared.services.file_cleanup import FileCleanup

blueprint = func.Blueprint()


@blueprint.function_name("clean_up_files")
@blueprint.queue_trigger(
    arg_name="message", queue_name=resources.FILE_CLEANUPS_QUEUE, connection=STORAGE
)
async def clean_up_files(message: func.QueueMessage) -> None:
    """Remove the blobs that a message names, but for those that are in a file's record."""
    request = FileCleanup.model_validate_json(message.get_body())
    with telemetry.invoked("clean_up_files", trace_parent=request.trace_parent):
        await app().file_cleanups.clean(request)
