"""Uploads of archives when storage fails at the very end."""

import uuid
from typing import Any

from shared.errors import DependencyUnavailable
from shared.services.transfer_blobs import TransferBlobs
from tests.unit.builders import ADA


class FailingBlobs:
    """Blobs that can't be removed now; remembers what should have been."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def delete(self, _: str, name: str) -> None:
        self.asked.append(name)
        raise DependencyUnavailable


async def test_an_import_has_succeeded_even_if_its_upload_stays_for_now() -> None:
    """A refusal would make the caller import everything once more."""
    blobs: Any = FailingBlobs()
    cleanups: Any = None
    upload = uuid.uuid4()

    await TransferBlobs(blobs, cleanups).discard_upload(ADA, upload)

    [asked] = blobs.asked
    assert asked.endswith(str(upload))
