"""How often Python looks for cycles of garbage in this process."""

import gc

YOUNG_OBJECTS = 10_000
"""New containers (dicts, lists, models) before a look at them; Python's own number is 700."""


def look_seldom() -> None:
    """Leave what was imported out of every search, and search less often.

    A list of 200 conversations makes thousands of objects, none of them garbage before it is
    answered: looking for cycles among them, and all modules, took a fifth of its time. What is
    not in a cycle, and that is nearly everything, is freed at once as ever.
    """
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, *gc.get_threshold()[1:])
