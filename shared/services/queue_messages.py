"""The base of what travels in the application's own queues: references, never content."""

from pydantic import BaseModel, ConfigDict


class QueueMessage(BaseModel):
    """A message as JSON; its fields may not be called as the host's own metadata are."""

    # Validators are built at first use: cold start counts.
    model_config = ConfigDict(defer_build=True)
