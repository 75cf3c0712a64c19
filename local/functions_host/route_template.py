"""Route templates in ASP.NET Core's syntax, compiled to a regular expression plus constraints."""

import itertools
import re
from dataclasses import dataclass

from local.functions_host.errors import FunctionError
from local.functions_host.route_constraints import Constraint, parse_constraint

_NAME = re.compile(r"[^/{}?*:=]+")
# A parameter's text up to its first constraint or default.
_HEAD = re.compile(r"(\*{0,2})([^:=]*)(.*)", re.DOTALL)


@dataclass(frozen=True)
class Parameter:
    """One `{…}` of a template."""

    name: str
    optional: bool
    catch_all: bool
    default: str | None
    constraints: tuple[Constraint, ...]

    @property
    def omittable(self) -> bool:
        """Whether a path may end before this parameter."""
        return self.optional or self.catch_all or self.default is not None

    def accepts(self, value: str | None) -> bool:
        """Whether every constraint holds; a missing value passes only where it is optional."""
        if value is None:
            return self.optional or not self.constraints
        return all(constraint(value) for constraint in self.constraints)


Segment = tuple[str | Parameter, ...]


class RouteTemplate:
    """A compiled template; `match` takes a decoded path without its leading slash."""

    def __init__(self, template: str) -> None:
        """Compile `template`; FunctionError when ASP.NET Core would reject it."""
        segments = parse_template(template)
        self.parameters = [part for s in segments for part in s if isinstance(part, Parameter)]
        self._check_parameters()
        self._pattern = re.compile(_pattern(segments), re.IGNORECASE | re.DOTALL)
        self._checked = any(p.constraints or p.default is not None for p in self.parameters)
        self.min_segments = len(segments) - _omittable_tail(segments)
        open_ended = any(p.catch_all for p in self.parameters)
        self.max_segments = None if open_ended else len(segments)

    def match(self, path: str) -> dict[str, str] | None:
        """The route parameters (absent ones left out), or None if the path doesn't match."""
        match = self._pattern.fullmatch(path)
        if match is None:
            return None
        groups = match.groups()
        if self._checked:
            return self._apply_constraints(groups)
        return {
            parameter.name: value
            for parameter, value in zip(self.parameters, groups, strict=True)
            if value
        }

    def _apply_constraints(self, groups: tuple[str | None, ...]) -> dict[str, str] | None:
        values: dict[str, str] = {}
        for parameter, captured in zip(self.parameters, groups, strict=True):
            value = captured or parameter.default
            if not parameter.accepts(value):
                return None
            if value is not None:
                values[parameter.name] = value
        return values

    def _check_parameters(self) -> None:
        names = [parameter.name.lower() for parameter in self.parameters]
        for name in names:
            if names.count(name) > 1:
                raise FunctionError(
                    f"The route parameter name '{name}' appears more than one time in the route "
                    "template."
                )


def parse_template(template: str) -> list[Segment]:
    """The segments of a template, each a row of literals and parameters."""
    trimmed = template.removeprefix("~").removeprefix("/").removesuffix("/")
    if not trimmed:
        return []
    segments = [_parse_segment(text, template) for text in _split_segments(trimmed)]
    for index, segment in enumerate(segments):
        last = index == len(segments) - 1
        if not last and isinstance(segment[0], Parameter) and segment[0].catch_all:
            raise FunctionError(
                "A catch-all parameter can only appear as the last segment of the route template: "
                f"'{template}'"
            )
    return segments


def _split_segments(template: str) -> list[str]:
    segments, depth, current = [], 0, ""
    for character in template:
        depth += {"{": 1, "}": -1}.get(character, 0)
        if character == "/" and depth == 0:
            segments.append(current)
            current = ""
        else:
            current += character
    if depth != 0:
        raise FunctionError(f"There is an incomplete parameter in the route template: '{template}'")
    segments.append(current)
    if "" in segments:
        raise FunctionError(
            f"The route template separator character '/' cannot appear consecutively: '{template}'"
        )
    return segments


def _parse_segment(text: str, template: str) -> Segment:
    parts: list[str | Parameter] = []
    position = 0
    while position < len(text):
        if text[position] == "{":
            end = _closing_brace(text, position, template)
            parts.append(_parse_parameter(text[position + 1 : end], template))
            position = end + 1
        else:
            end = text.find("{", position)
            end = len(text) if end == -1 else end
            parts.append(_literal(text[position:end], template))
            position = end
    _check_segment(parts, template)
    return tuple(parts)


def _closing_brace(text: str, start: int, template: str) -> int:
    """Where the parameter that opens at `start` ends; doubled braces belong to its text."""
    position = start + 1
    while position < len(text):
        pair = text[position : position + 2]
        if pair in ("{{", "}}"):
            position += 2
        elif text[position] == "}":
            return position
        else:
            position += 1
    raise FunctionError(f"There is an incomplete parameter in the route template: '{template}'")


def _literal(text: str, template: str) -> str:
    if "}" in text or "?" in text:
        raise FunctionError(f"The literal section '{text}' is invalid in the route '{template}'")
    return text


def _check_segment(parts: list[str | Parameter], template: str) -> None:
    if len(parts) == 1:
        return
    for before, after in itertools.pairwise(parts):
        if isinstance(before, Parameter) and isinstance(after, Parameter):
            raise FunctionError(
                f"A path segment cannot contain two consecutive parameters: '{template}'"
            )
    if any(isinstance(part, Parameter) and part.omittable for part in parts):
        raise FunctionError(
            "an optional, defaulted or catch-all parameter that shares its segment with text "
            f"isn't supported by this host: '{template}'"
        )


def _parse_parameter(text: str, template: str) -> Parameter:
    unescaped = text.replace("{{", "{").replace("}}", "}")
    optional = unescaped.endswith("?")
    match = _HEAD.fullmatch(unescaped.removesuffix("?"))
    if match is None or not _NAME.fullmatch(match[2]):
        raise FunctionError(
            f"The route parameter name '{text}' is invalid in the route '{template}'"
        )
    constraints, default = _split_tail(match[3])
    catch_all = bool(match[1])
    if optional and (default is not None or catch_all):
        raise FunctionError(f"The parameter '{{{text}}}' can't be optional as well: '{template}'")
    return Parameter(match[2], optional, catch_all, default, constraints)


def _split_tail(tail: str) -> tuple[tuple[Constraint, ...], str | None]:
    """Constraints and default of `:int:min(1)=5`; parentheses protect what they hold."""
    constraints: list[Constraint] = []
    depth, start = 0, 1
    for position, character in enumerate(tail):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth or position == 0 or character not in ":=":
            continue
        constraints.append(parse_constraint(tail[start:position]))
        start = position + 1
        if character == "=":
            return tuple(constraints), tail[start:]
    if tail.startswith("="):
        return (), tail[1:]
    if tail:
        constraints.append(parse_constraint(tail[start:]))
    return tuple(constraints), None


def _omittable_tail(segments: list[Segment]) -> int:
    count = 0
    for segment in reversed(segments):
        if not isinstance(segment[0], Parameter) or not segment[0].omittable:
            break
        count += 1
    return count


def _pattern(segments: list[Segment]) -> str:
    """A pattern with one group per parameter; a trailing slash of the path is ignored."""
    tail = _omittable_tail(segments)
    open_ended = (
        bool(segments) and isinstance(segments[-1][0], Parameter) and (segments[-1][0].catch_all)
    )
    pattern, closing = "", ""
    for index, segment in enumerate(segments):
        text = "".join(_part_pattern(part) for part in segment)
        separator = "/" if index else ""
        if index >= len(segments) - tail:
            pattern += f"(?:{separator}{text}"
            closing += ")?"
        else:
            pattern += separator + text
    return pattern + closing + ("" if open_ended else "/?")


def _part_pattern(part: str | Parameter) -> str:
    if isinstance(part, str):
        return re.escape(part)
    return "(.*)" if part.catch_all else "([^/]+)"
