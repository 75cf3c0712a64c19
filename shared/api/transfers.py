"""Routes of export and import."""

import asyncio
from typing import Any
from urllib.parse import quote
from uuid import UUID

import azure.functions as func

from shared import resources
from shared.api.endpoint import new_router
from shared.api.openapi.described import BINARY, Answer, Described
from shared.api.requests import body_argument, check_length
from shared.container import App
from shared.contracts.transfers import (
    ArchiveUpload,
    ConversationImportResult,
    ExportQuery,
    ImportUpload,
)
from shared.domain.principals import User
from shared.errors import UnprocessableInput
from shared.services.exports import Archive

router = new_router()

ZIP = "application/zip"
FIELD = "from_export"

_EXPORTED = {
    200: Answer("The archive", {ZIP: BINARY}, {"Content-Disposition": "the file name"}),
    303: Answer("The archive is large", headers={"Location": "an address to read it from"}),
}
_ASSISTANT_DOWN = {424: "An assistant's service could not be reached"}
_EXPORT = Described(
    errors={
        **_ASSISTANT_DOWN,
        409: "A conversation was deleted while it was exported: try again",
        413: "The content is too large for an archive",
    },
    forwards=True,
    answers=_EXPORTED,
)
_FORM = {
    "type": "object",
    "required": [FIELD],
    "properties": {FIELD: {"type": "string", "format": "binary"}},
}
_IMPORT = Described(
    errors={
        **_ASSISTANT_DOWN,
        400: "The archive is broken, or an assistant service is unknown",
        404: "No such upload",
        413: "The archive, or its content, is too large",
    },
    forwards=True,
    request={"multipart/form-data": _FORM, "application/json": ImportUpload},
)


@router.get("conversations/export", name="conversations_export", docs=_EXPORT)
async def export_conversations(app: App, caller: User, query: ExportQuery) -> func.HttpResponse:
    """Export conversations with everything in them, and the assistants that take part."""
    return _answer(await app.exports.export_conversations(caller, query.id))


@router.get("assistants/{assistant_id}/export", name="assistants_export", docs=_EXPORT)
async def export_assistant(app: App, caller: User, assistant_id: UUID) -> func.HttpResponse:
    """Export an assistant of one's own with its conversations."""
    return _answer(await app.exports.export_assistant(caller, assistant_id))


@router.post(
    "conversations/import",
    name="conversations_import",
    docs=_IMPORT,
    queues=[resources.DELIVERIES_QUEUE],
)
async def import_conversations(
    app: App, caller: User, request: func.HttpRequest
) -> ConversationImportResult:
    """Import an archive: everything in it, or nothing."""
    if request.headers.get("content-type", "").startswith("application/json"):
        body = body_argument(ImportUpload, request)
        return await app.imports.import_upload(caller, body.upload)
    file = await asyncio.to_thread(_file_of, request)
    return await app.imports.import_archive(caller, file)


@router.post("conversations/import/uploads", name="conversations_import_uploads")
async def begin_upload(app: App, caller: User) -> ArchiveUpload:
    """Get an address to upload an archive that is too large for a request."""
    return await app.imports.begin_upload(caller)


def _file_of(request: func.HttpRequest) -> Any:
    """The archive of a form: in memory while small, else on disk; parsing it takes a while."""
    check_length(request)
    files = request.files
    if FIELD not in files:
        fault = {"type": "missing", "loc": ["body", FIELD], "msg": "Field required", "input": None}
        raise UnprocessableInput([fault])
    return files[FIELD].stream


def _answer(archive: Archive) -> func.HttpResponse:
    if archive.address is not None:
        return func.HttpResponse(status_code=303, headers={"Location": archive.address})
    quoted = quote(archive.filename)
    disposition = f'attachment; filename="{archive.filename}"'
    if quoted != archive.filename:
        disposition = f"attachment; filename*=utf-8''{quoted}"
    return func.HttpResponse(
        archive.content, headers={"Content-Disposition": disposition}, mimetype=ZIP
    )
