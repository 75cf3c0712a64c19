"""How the server is started: options of the command line, with defaults from the environment."""

import os
from dataclasses import dataclass
from pathlib import Path

from local.cosmos.auth import EMULATOR_KEY

DEFAULT_PORT = 8081


@dataclass(frozen=True)
class Settings:
    """Where to listen (port 0: any free one), where to keep the data, and the account's key."""

    port: int = DEFAULT_PORT
    data_dir: Path = Path(".local")
    key: str = EMULATOR_KEY

    @property
    def database_file(self) -> Path:
        """The SQLite file."""
        return self.data_dir / "cosmos" / "cosmos.sqlite3"

    @classmethod
    def from_environment(cls) -> "Settings":
        """Settings from LOCAL_COSMOS_PORT and LOCAL_DATA_DIR; ValueError for a faulty port."""
        return cls(
            port=int(os.environ.get("LOCAL_COSMOS_PORT", DEFAULT_PORT)),
            data_dir=Path(os.environ.get("LOCAL_DATA_DIR", ".local")),
        )
