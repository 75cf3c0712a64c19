"""The data folder of a stack."""

from pathlib import Path

import pytest

from local.stack.data_folder import DataFolder
from local.stack.errors import DataFolderInUseError


def test_one_stack_at_a_time(tmp_path: Path):
    with (
        DataFolder(tmp_path),
        pytest.raises(DataFolderInUseError, match=str(tmp_path)),
        DataFolder(tmp_path),
    ):
        pass
    with DataFolder(tmp_path):
        pass


def test_the_last_logs_are_kept(tmp_path: Path):
    with DataFolder(tmp_path / "new") as folder:
        folder.set_old_logs_aside()
        log = folder.log_file("cosmos")
        log.parent.mkdir()
        for content in ("first", "second"):
            log.write_text(content)
            folder.set_old_logs_aside()
        assert not log.exists()
        assert [path.read_text() for path in log.parent.iterdir()] == ["second"]
