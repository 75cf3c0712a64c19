"""Remembers the requests that were served, so that tests can count them."""

from collections import Counter, deque
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

from local.cosmos.routing import METADATA

_REMEMBERED = 100_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One request: what it was, of which container, its status (0: dropped) and charge in RU."""

    kind: str
    container: str
    status: int
    charge: float


class Journal:
    """The last 100,000 requests, numbered from 0."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=_REMEMBERED)
        self._count = 0

    @property
    def mark(self) -> int:
        """The number that the next request gets."""
        return self._count

    def record(self, entry: Entry) -> None:
        """Add a request."""
        self._entries.append(entry)
        self._count += 1

    def report(self, since: int) -> dict[str, Any]:
        """Counts by kind, totals without metadata, and the requests from number `since` on.

        ValueError if requests since then have been forgotten.
        """
        oldest = self._count - len(self._entries)
        if since < oldest:
            raise ValueError(f"the requests before number {oldest} are forgotten")
        entries = list(islice(self._entries, since - oldest, None))
        counts = Counter(entry.kind for entry in entries)
        data = [entry for entry in entries if entry.kind != METADATA]
        return {
            "counts": dict(counts),
            "total": len(data),
            "charge": round(sum(entry.charge for entry in data), 2),
            "entries": [asdict(entry) for entry in entries],
        }
