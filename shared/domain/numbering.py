"""Names that are taken get a number, as in the original service."""

import re
from collections.abc import Iterable

_NUMBER = re.compile(r" \(\d+\)")


def numbered(name: str, taken: Iterable[str]) -> str:
    """The name, or `name (n)` where n others have it already, with or without a number.

    Case makes no difference.
    """
    lowered = name.lower()
    count = sum(_is_numbered(other.lower(), lowered) for other in taken)
    return f"{name} ({count})" if count else name


def _is_numbered(other: str, name: str) -> bool:
    if not other.startswith(name):
        return False
    rest = other.removeprefix(name)
    return not rest or _NUMBER.fullmatch(rest) is not None
