"""The data folder of a stack."""

from pathlib import Path

import pytest

from local.stack.data_folder import DataFolder
from local.stack.errors import DataFolderInUseError


def test_one_stack_at_a_time(tmp_path: Path):
    first, second = DataFolder(tmp_path), DataFolder(tmp_path)
    first.lock()
    with pytest.raises(DataFolderInUseError, match=str(tmp_path)):
        second.lock()
    first.unlock()
    second.lock()
    second.unlock()


def test_the_last_logs_are_kept(tmp_path: Path):
    folder = DataFolder(tmp_path)
    folder.set_old_logs_aside()
    log = folder.log_file("cosmos")
    log.parent.mkdir()
    for content in ("first", "second"):
        log.write_text(content)
        folder.set_old_logs_aside()
    assert not log.exists()
    assert [path.read_text() for path in log.parent.iterdir()] == ["second"]
