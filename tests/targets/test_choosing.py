"""WORKBENCH_TEST_TARGET chooses, and what it can't choose is refused before any test."""

from pathlib import Path

import pytest

from local.stack import StackOptions
from tests.support import targets
from tests.support.targets.local import Local
from tests.targets.imitation import run_tests

A_TEST = "tests/api/test_docs_viewer.py"


@pytest.mark.parametrize("name", ["", "local"])
def test_the_target_is_the_local_stack_unless_said_otherwise(name: str) -> None:
    assert isinstance(targets.chosen(name), Local)


def test_a_name_that_is_not_known_is_refused() -> None:
    expected = "WORKBENCH_TEST_TARGET must be one of local, official, azure, not 'cloud'"
    with pytest.raises(targets.TargetError, match=expected):
        targets.chosen("cloud")


async def test_the_refusal_comes_before_any_test(tmp_path: Path) -> None:
    run = await run_tests(tmp_path, {targets.VARIABLE: "cloud"}, A_TEST)

    assert run.exit_code == pytest.ExitCode.USAGE_ERROR
    assert "must be one of local, official, azure, not 'cloud'" in run.output
    assert run.passed == 0


def test_what_is_missing_skips_the_test_with_the_target_s_name() -> None:
    with pytest.raises(pytest.skip.Exception, match=r"^local: needs a thing$"):
        targets.chosen("local").skip("a thing")


def test_tests_of_faults_are_skipped_before_their_stack_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(targets, "current", lambda: targets.chosen("official"))
    options = StackOptions(data_dir=tmp_path)
    with pytest.raises(pytest.skip.Exception, match="official: needs a Cosmos DB that counts"):
        targets.own_stack(options, cosmos_control=True)
    assert targets.own_stack(options).options.external is not None
