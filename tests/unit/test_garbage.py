"""The collector of garbage, as the function app sets it."""

import gc
from collections.abc import Iterator

import pytest

from shared import garbage


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Leave the collector to the other tests as it was."""
    thresholds = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)


def test_what_is_there_is_left_out_and_the_rest_is_searched_seldom() -> None:
    _, middle, old = gc.get_threshold()

    garbage.look_seldom()

    assert gc.isenabled()
    assert gc.get_freeze_count() > 0
    assert gc.get_threshold() == (garbage.YOUNG_OBJECTS, middle, old)
