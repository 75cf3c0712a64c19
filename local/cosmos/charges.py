"""Estimates of what a request would cost, in request units (RU).

Shaped after the published figures: 1 RU per KB read by id, 5 to 6 RU per KB written plus a little
per indexed value, and at least 2.3 RU for a query. Good for comparing, not for an invoice.
"""

_KB = 1024


def _kilobytes(size: int) -> float:
    return max(1.0, size / _KB)


def read(size: int) -> float:
    """A point read of `size` bytes."""
    return round(_kilobytes(size), 2)


def write(size: int, indexed_values: int) -> float:
    """A create, or the deletion of an item of `size` bytes."""
    return round(5.0 * _kilobytes(size) + 0.15 * indexed_values, 2)


def overwrite(size: int, indexed_values: int) -> float:
    """A replace, patch or replacing upsert: the old item is removed and the new one written."""
    return round(2 * write(size, indexed_values), 2)


def query(results: int, size: int) -> float:
    """One page of `results` rows with `size` bytes in all."""
    return round(2.3 + 0.05 * results + 0.25 * size / _KB, 2)


FAILED = 1.0
"""What a request that was refused or found nothing costs."""

METADATA = 2.0
"""What reading or changing a database or a container costs."""
