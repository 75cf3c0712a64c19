"""The SQLite file that holds everything: connection, transactions, and the clock of its writes."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from local.cosmos.sql import functions

_SCHEMA = """
CREATE TABLE IF NOT EXISTS databases (
    number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, document TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS containers (
    number INTEGER PRIMARY KEY, database INTEGER NOT NULL REFERENCES databases (number),
    name TEXT NOT NULL, document TEXT NOT NULL, UNIQUE (database, name)
);
"""


class Database:
    """One connection, used from one thread; raises RuntimeError if another process has the file.

    Committed writes survive the death of the process. A loss of power may take the last ones with
    it, but never leaves the file inconsistent (WAL with synchronous=NORMAL).
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(path, isolation_level=None, cached_statements=1024)
        self._connection.text_factory = bytes
        self.execute = self._connection.execute
        try:
            self._open()
        except sqlite3.OperationalError as error:
            self._connection.close()
            raise RuntimeError(f"{path} can't be opened: {error}") from error
        functions.register(self._connection)
        self._last_number = 0
        self.advance_to(time.time_ns() // 1000)

    def _open(self) -> None:
        for pragma in (
            "busy_timeout = 1000",
            "locking_mode = EXCLUSIVE",
            "journal_mode = WAL",
            "synchronous = NORMAL",
            "cache_size = -65536",
            "temp_store = MEMORY",
            "foreign_keys = ON",
        ):
            self.execute(f"PRAGMA {pragma}")
        self._connection.executescript(f"BEGIN IMMEDIATE;{_SCHEMA}COMMIT;")
        self.execute("ANALYZE databases")  # makes the table of estimates, if it is new

    def close(self) -> None:
        """Close the file; its write-ahead log is folded into it."""
        self._connection.close()

    def now(self) -> int:
        """Whole seconds since 1970."""
        return int(self._clock())

    def advance_to(self, number: int) -> None:
        """Make sure that numbers given from now on are greater than this one."""
        self._last_number = max(self._last_number, number)

    def next_number(self) -> int:
        """A number greater than all before it, in earlier runs as well (it counts microseconds)."""
        self._last_number += 1
        return self._last_number

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside is committed together, or undone if it raises."""
        self.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.execute("ROLLBACK")
            raise
        self.execute("COMMIT")

    def scalar(self, sql: str, parameters: Any = ()) -> Any:
        """The first column of the first row, or None."""
        row = self.execute(sql, parameters).fetchone()
        return None if row is None else row[0]


def etag_of(number: int) -> str:
    """The ETag, quotes included, of what was written under a number."""
    digits = f"{number:032x}"
    return f'"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"'
