"""Routes of the files of a conversation.

A file's name is the rest of the path. It may hold slashes and end in `/versions`, so that one
function answers both a file of that name and the versions of a file.
"""

import json
from typing import Any
from uuid import UUID

import azure.functions as func
import pydantic_core
from pydantic import TypeAdapter, ValidationError

from shared import resources
from shared.api.downloads import respond_with
from shared.api.endpoint import new_router
from shared.api.multipart import MultipartForm, form_argument
from shared.api.openapi.described import BINARY, Answer, Described
from shared.container import App
from shared.contracts.base import JsonObject
from shared.contracts.files import (
    File,
    FileList,
    FileQuery,
    FilesQuery,
    FileUpload,
    FileVersions,
    NewFileUpload,
    UpdateFile,
)
from shared.domain.principals import Actor
from shared.errors import InvalidArgument, UnprocessableInput
from shared.services.files import NewFile

router = new_router()

ALL = "conversations/{conversation_id}/files"
ONE = f"{ALL}/{{*filename}}"
UPLOADS = f"{ALL}/uploads"
CHANGING = [resources.DELIVERIES_QUEUE, resources.FILE_CLEANUPS_QUEUE]

_FORM: dict[str, Any] = {
    "type": "object",
    "required": ["files"],
    "properties": {
        "files": {"type": "array", "minItems": 1, "maxItems": 10, "items": dict(BINARY)},  # type: ignore[arg-type]
        "metadata": {
            "type": "string",
            "default": "{}",
            "description": "a JSON object with the metadata of each file, by its name",
        },
    },
}
_CONDITIONS = {
    "If-None-Match": "answer 304 if the file still has this ETag",
    "Range": "one range of bytes",
    "If-Range": "ignore Range unless the file still has this ETag",
}
_FILE_HEADERS = {
    "ETag": "of the version",
    "Content-Disposition": "the last segment of the name, as `filename` and `filename*`",
    "Accept-Ranges": "`bytes`",
}
_DOWNLOADS = Described(
    errors={413: "Larger than one answer may be", 416: "The range begins beyond the end"},
    headers=_CONDITIONS,
    answers={
        200: Answer(
            "The file, in its own type",
            {"*/*": {}},
            _FILE_HEADERS,
        ),
        206: Answer(
            "A range of the file",
            {"*/*": {}},
            _FILE_HEADERS | {"Content-Range": "which part of how many bytes"},
        ),
        303: Answer(
            "With `redirect`: where to read the file from, for a short time",
            headers={"Location": "an address that needs no credentials"},
        ),
        304: Answer("The client has it already", headers={"ETag": "of the version"}),
    },
    also={"/versions": Answer("List the versions of a file", {"application/json": FileVersions})},
)
_JSON_OBJECT: TypeAdapter[dict[str, Any]] = TypeAdapter(JsonObject)


@router.get(ALL, name="files_all", docs=Described(errors={413: "Too many files for one answer"}))
async def list_files(app: App, caller: Actor, conversation_id: UUID, query: FilesQuery) -> FileList:
    """List the files of a conversation by name."""
    return await app.files.list_files(caller, conversation_id, query)


@router.put(
    ALL,
    name="files_put",
    queues=CHANGING,
    docs=Described(
        request={"multipart/form-data": _FORM},
        errors={400: "Too many files, or names that won't do", 413: "More than can be stored"},
    ),
)
async def put_files(
    app: App, caller: Actor, conversation_id: UUID, request: func.HttpRequest
) -> FileList:
    """Add up to ten files, or new versions of them, all or none."""
    new = new_files(form_argument(request))
    return await app.files.save(caller, conversation_id, new)


@router.get(ONE, name="files_get", docs=_DOWNLOADS)
async def get_file(
    app: App,
    caller: Actor,
    conversation_id: UUID,
    filename: str,  # noqa: ARG001 (the request has it as it came)
    query: FileQuery,
    request: func.HttpRequest,
) -> func.HttpResponse:
    """Download a version of a file, or list its versions."""
    found = await app.files.read(caller, conversation_id, _path(request), query.version)
    if isinstance(found, FileVersions):
        return func.HttpResponse(found.model_dump_json(), mimetype="application/json")
    limit = app.settings.files.max_download_bytes
    return await respond_with(app.files, found, request, redirect=query.redirect, limit=limit)


router.add("HEAD", ONE, get_file, name="files_head", docs=_DOWNLOADS)


@router.patch(ONE, name="files_patch", queues=CHANGING)
async def update_file(
    app: App,
    caller: Actor,
    conversation_id: UUID,
    filename: str,  # noqa: ARG001 (the request has it as it came)
    body: UpdateFile,
    request: func.HttpRequest,
) -> FileVersions:
    """Merge metadata into that of a file's newest version."""
    return await app.files.describe(caller, conversation_id, _path(request), body.metadata)


@router.delete(ONE, name="files_delete", status=204, queues=CHANGING)
async def delete_file(
    app: App,
    caller: Actor,
    conversation_id: UUID,
    filename: str,  # noqa: ARG001 (the request has it as it came)
    request: func.HttpRequest,
) -> None:
    """Delete a file with all its versions."""
    await app.files.delete(caller, conversation_id, _path(request))


@router.post(UPLOADS, name="files_upload_begin", docs=Described(errors={400: "The name won't do"}))
async def begin_upload(
    app: App, caller: Actor, conversation_id: UUID, body: NewFileUpload
) -> FileUpload:
    """Get an address to upload a file to that is too large for a request."""
    return await app.file_uploads.begin(caller, conversation_id, body)


@router.post(
    f"{UPLOADS}/{{upload_id}}",
    name="files_upload_commit",
    queues=CHANGING,
    docs=Described(
        errors={409: "Nothing was uploaded, or not what was announced", 413: "It is too large"}
    ),
)
async def commit_upload(app: App, caller: Actor, conversation_id: UUID, upload_id: UUID) -> File:
    """Make what was uploaded a version of its file."""
    return await app.file_uploads.commit(caller, conversation_id, upload_id)


def new_files(form: MultipartForm) -> list[NewFile]:
    """The files of a form with their metadata.

    Raises UnprocessableInput or InvalidArgument, with the texts that existing clients know.
    """
    parts = form.named("files")
    if not parts:
        raise UnprocessableInput([_fault("missing", ["files"], "Field required", None)])
    for index, part in enumerate(parts):
        if part.filename is None:
            text = "Value error, Expected UploadFile, received: <class 'str'>"
            raise UnprocessableInput([_fault("value_error", ["files", index], text, None)])
    metadata = _metadata(form)
    return [
        NewFile(
            part.filename or "",
            part.content_type,
            len(part.data),
            _of_file(metadata, part.filename or ""),
            part,
        )
        for part in parts
    ]


def _metadata(form: MultipartForm) -> dict[str, Any]:
    """The metadata of all files, by name; the last one given counts."""
    given = form.named("metadata")
    if not given:
        return {}
    if given[-1].filename is not None:
        fault = _fault("string_type", ["metadata"], "Input should be a valid string", None)
        raise UnprocessableInput([fault])
    text = given[-1].text()
    try:
        value = pydantic_core.from_json(text, allow_inf_nan=False)
    except ValueError as error:
        raise InvalidArgument(_json_fault(text) or str(error)) from error
    if not isinstance(value, dict):
        raise InvalidArgument("metadata must be a JSON object as a string")
    return value


def _of_file(metadata: dict[str, Any], filename: str) -> dict[str, Any]:
    try:
        return _JSON_OBJECT.validate_python(metadata.get(filename, {}))
    except ValidationError as error:
        raise InvalidArgument(f"metadata of {filename}: {error.errors()[0]['msg']}") from error


def _json_fault(text: str) -> str | None:
    """What Python's own parser says of bad JSON: the text that clients know."""
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return str(error)
    except RecursionError:
        return None
    return None


def _path(request: func.HttpRequest) -> str:
    """The rest of the path as the host gives it: encoded slashes are still encoded."""
    return (request.route_params.get("filename") or "").removesuffix("/")


def _fault(kind: str, location: list[str | int], text: str, value: Any) -> dict[str, Any]:
    return {"type": kind, "loc": ["body", *location], "msg": text, "input": value}
