"""The inline constraints of route templates, such as the `int` and `min(1)` of `{x:int:min(1)}`."""

import re
import uuid
from collections.abc import Callable
from datetime import datetime
from functools import partial

from local.functions_host.errors import FunctionError

Constraint = Callable[[str], bool]

_INTEGER = re.compile(r"\s*[+-]?\d+\s*")
_NUMBER = re.compile(r"\s*[+-]?(\d[\d,]*(\.\d*)?|\.\d+)\s*")
_FLOAT = re.compile(r"\s*[+-]?(\d[\d,]*(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*")
_GUID_DIGITS = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_GUID = re.compile(
    rf"[0-9a-f]{{32}}|{_GUID_DIGITS}|\{{{_GUID_DIGITS}\}}|\({_GUID_DIGITS}\)", re.IGNORECASE
)
_DATE_FORMATS = ("%m/%d/%Y", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%m/%d/%Y %I:%M:%S %p")
_CALL = re.compile(r"(\w+)(?:\((.*)\))?", re.DOTALL)


def parse_constraint(text: str) -> Constraint:
    """The check that an inline constraint stands for; FunctionError if there is none such."""
    match = _CALL.fullmatch(text)
    if match is None:
        raise _unknown(text)
    name, argument = match[1].lower(), match[2]
    if argument is None:
        if (simple := _SIMPLE.get(name)) is None:
            raise _unknown(text)
        return simple
    if name == "regex":
        return partial(_searches, _compile(argument))
    if (numeric := _NUMERIC.get(name)) is None:
        raise _unknown(text)
    check, counts = numeric
    numbers = [part.strip() for part in argument.split(",")]
    if len(numbers) not in counts or not all(_INTEGER.fullmatch(part) for part in numbers):
        raise _unknown(text)
    return partial(check, [int(part) for part in numbers])


def _unknown(text: str) -> FunctionError:
    return FunctionError(
        f"The constraint reference '{text}' could not be resolved to a type. "
        "Register the constraint type with 'Microsoft.AspNetCore.Routing.RouteOptions"
        ".ConstraintMap'."
    )


def _compile(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern, re.IGNORECASE)
    except re.error as error:
        raise FunctionError(
            f"The route's regular expression '{pattern}' is invalid: {error}"
        ) from (error)


def _searches(pattern: re.Pattern[str], value: str) -> bool:
    return pattern.search(value) is not None


def _is_integer(bits: int, value: str) -> bool:
    limit = 1 << (bits - 1)
    return _INTEGER.fullmatch(value) is not None and -limit <= int(value) < limit


def _is_bool(value: str) -> bool:
    return value.strip().lower() in ("true", "false")


def _is_datetime(value: str) -> bool:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return any(_has_format(value, form) for form in _DATE_FORMATS)
    return True


def _has_format(value: str, form: str) -> bool:
    try:
        datetime.strptime(value, form)  # noqa: DTZ007 - only asked whether it parses
    except ValueError:
        return False
    return True


def _is_guid(value: str) -> bool:
    return (
        _GUID.fullmatch(value.strip()) is not None and uuid.UUID(value.strip("{}() ")) is not None
    )


def _matches(pattern: re.Pattern[str], value: str) -> bool:
    return pattern.fullmatch(value) is not None


def _is_required(value: str) -> bool:
    return value != ""


def _is_file(value: str) -> bool:
    name = value.rsplit("/", 1)[-1]
    dot = name.rfind(".")
    return dot != -1 and dot != len(name) - 1


def _is_nonfile(value: str) -> bool:
    return not _is_file(value)


def _min_length(numbers: list[int], value: str) -> bool:
    return len(value) >= numbers[0]


def _max_length(numbers: list[int], value: str) -> bool:
    return len(value) <= numbers[0]


def _length(numbers: list[int], value: str) -> bool:
    return numbers[0] <= len(value) <= numbers[-1]


def _min(numbers: list[int], value: str) -> bool:
    return _is_integer(64, value) and int(value) >= numbers[0]


def _max(numbers: list[int], value: str) -> bool:
    return _is_integer(64, value) and int(value) <= numbers[0]


def _range(numbers: list[int], value: str) -> bool:
    return _is_integer(64, value) and numbers[0] <= int(value) <= numbers[1]


_SIMPLE: dict[str, Constraint] = {
    "int": partial(_is_integer, 32),
    "long": partial(_is_integer, 64),
    "bool": _is_bool,
    "datetime": _is_datetime,
    "decimal": partial(_matches, _NUMBER),
    "double": partial(_matches, _FLOAT),
    "float": partial(_matches, _FLOAT),
    "guid": _is_guid,
    "alpha": partial(_matches, re.compile("[a-z]*", re.IGNORECASE)),
    "required": _is_required,
    "file": _is_file,
    "nonfile": _is_nonfile,
}
_NUMERIC: dict[str, tuple[Callable[[list[int], str], bool], tuple[int, ...]]] = {
    "minlength": (_min_length, (1,)),
    "maxlength": (_max_length, (1,)),
    "length": (_length, (1, 2)),
    "min": (_min, (1,)),
    "max": (_max, (1,)),
    "range": (_range, (2,)),
}
