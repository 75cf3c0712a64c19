"""What the bindings of all functions have in common."""

from collections.abc import Mapping
from typing import List  # noqa: UP035

import azure.functions as func

from shared.invocation import Invocation

STORAGE = "AzureWebJobsStorage"
"""The setting, or section of settings, that says where the queues are."""

QueueOutput = func.Out[List[str]]  # noqa: UP006
"""An output binding that writes one message for each text.

The worker's check of annotations knows `typing.List` only, not `list`.
"""


def hand_over(running: Invocation, outputs: Mapping[str, QueueOutput]) -> None:
    """Have the host write what an invocation enqueued; `outputs` are the bindings by queue.

    Raises KeyError for a queue that the function has no binding for.
    """
    for queue, messages in running.queue_messages.items():
        outputs[queue].set(messages)
