"""The data folder of a stack: one stack at a time, with the logs of the last two runs."""

import fcntl
import os
from pathlib import Path

from local.stack.errors import DataFolderInUseError


class DataFolder:
    """A folder that one stack at a time runs in.

    The lock is the kernel's: it goes when the process does, however that ends.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self._lock: int | None = None

    def lock(self) -> None:
        """Make the folder, if need be, and take it. Raises DataFolderInUseError."""
        self.path.mkdir(parents=True, exist_ok=True)
        lock = os.open(self.path / "stack.lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(lock)
            raise DataFolderInUseError(
                f"another stack works in {self.path}: stop it, or choose another folder "
                "with LOCAL_DATA_DIR or --data-dir"
            ) from error
        self._lock = lock

    def unlock(self) -> None:
        """Leave the folder to others. Safe to call twice."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def log_file(self, name: str) -> Path:
        """Where the output of a program goes."""
        return self.path / "logs" / f"{name}.log"

    def set_old_logs_aside(self) -> None:
        """Keep the last run's logs as *.previous.log and begin new ones."""
        for log in list((self.path / "logs").glob("*.log")):
            if not log.name.endswith(".previous.log"):
                log.replace(log.with_name(f"{log.stem}.previous.log"))
