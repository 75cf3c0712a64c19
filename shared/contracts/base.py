"""The base of all wire models, and the types that they share."""

import math
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

MAX_JSON_DEPTH = 64
"""Levels of nesting in free-form JSON: well below the database's limit of 128."""


class WireModel(BaseModel):
    """A request or response model: unknown fields are ignored, as existing clients expect."""

    # Validators are built at first use: cold start counts.
    model_config = ConfigDict(extra="ignore", defer_build=True)


def _check_json(value: dict[str, Any]) -> dict[str, Any]:
    """What the database can keep: neither too deep nor with a number too large for a float."""
    level: list[Any] = [value]
    for _ in range(MAX_JSON_DEPTH):
        level = [child for node in level for child in _children(node)]
        if not level:
            return value
        if any(isinstance(node, float) and math.isinf(node) for node in level):
            raise ValueError("JSON numbers must be finite")
    raise ValueError(f"JSON may not be nested deeper than {MAX_JSON_DEPTH} levels")


def _children(node: Any) -> list[Any]:
    if isinstance(node, dict):
        return list(node.values())
    return node if isinstance(node, list) else []


JsonObject = Annotated[dict[str, Any], AfterValidator(_check_json)]
"""A free-form JSON object, as metadata and debug data are."""


def _check_number(value: Any) -> Any:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise PydanticCustomError("int_type", "Input should be a valid integer")
    return value


NaturalNumber = Annotated[int, Field(ge=0), BeforeValidator(_check_number)]
"""0, 1, 2 … in a JSON body, 1.0 included, as JSON has it: no text is taken for one."""

Flag = Annotated[bool, Field(strict=True)]
"""True or false in a JSON body: no number or word is taken for one."""

ShortText = Annotated[str, Field(max_length=1024)]
"""A name, a title, a status, an id: shown on one line, kept in small documents."""

Image = Annotated[str, Field(max_length=65_536)]
"""The address of an image, or a small image as a data URI; kept with each participant."""
