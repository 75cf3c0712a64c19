"""Whether the service answers at all."""

from typing import Literal

from shared.contracts.base import WireModel


class Health(WireModel):
    """What whoever watches the service gets as long as it answers."""

    status: Literal["ok"] = "ok"
