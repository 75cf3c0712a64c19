"""Reads the workbench's requests; what doesn't fit the contract is answered with 422."""

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

Model = TypeVar("Model", bound=BaseModel)

_EXPORT_FIELD = "from_export"


async def read_json(request: Request, model: type[Model]) -> Model:
    """The JSON body as a model."""
    return parse(model, await request.body())


async def read_form(
    request: Request, field: str, model: type[Model], export_model: type[BaseModel]
) -> tuple[Model, Any]:
    """A form: JSON text in one field, and what a `from_export` file part holds, or None."""
    async with request.form() as form:
        text = form.get(field)
        if not isinstance(text, str):
            raise HTTPException(422, f"the form has no field {field}")
        return parse(model, text.encode()), await _read_export(form, export_model)


def parse(model: type[Model], content: bytes) -> Model:
    """JSON as a model. Raises HTTPException 422 saying what is wrong."""
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        raise HTTPException(422, explain(error)) from error


def explain(error: ValidationError) -> str:
    """What is wrong with some input, on one line."""
    return "; ".join(problems(error))


def problems(error: ValidationError) -> list[str]:
    """What is wrong with some input, one text per fault, with the place."""
    return [
        f"{'.'.join(str(part) for part in fault['loc']) or 'body'}: {fault['msg']}"
        for fault in error.errors(include_url=False, include_context=False)
    ]


async def _read_export(form: FormData, model: type[Model]) -> Model | None:
    part = form.get(_EXPORT_FIELD)
    if part is None:
        return None
    if not isinstance(part, UploadFile):
        raise HTTPException(422, f"{_EXPORT_FIELD} must be a file")
    return parse(model, await part.read())
