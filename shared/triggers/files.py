"""Queue function: remove blobs that failed uploads and deleted files left behind."""

import azure.functions as func

from shared import invocation, resources
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
    invocation.begin(None)
    await app().file_cleanups.clean(FileCleanup.model_validate_json(message.get_body()))
