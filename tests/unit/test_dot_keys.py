"""Ids made of identifiers never are steps in a path, which URLs lose."""

import pytest

from shared.adapters.cosmos.keys import document_key


@pytest.mark.parametrize("identifier", [".", ".."])
def test_a_key_is_never_a_step_in_a_path(identifier: str) -> None:
    assert document_key(identifier) not in {".", ".."}
