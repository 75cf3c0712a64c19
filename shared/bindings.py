"""What the bindings of all functions have in common."""

from typing import List  # noqa: UP035

import azure.functions as func

STORAGE = "AzureWebJobsStorage"
"""The setting, or section of settings, that says where the queues are."""

QueueOutput = func.Out[List[str]]  # noqa: UP006
"""An output binding that writes one message for each text.

The worker's check of annotations knows `typing.List` only, not `list`.
"""
