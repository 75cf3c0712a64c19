"""Microsoft's emulators are waited for; only what can be seen without them."""

import pytest
from azure.core.exceptions import ServiceRequestError

from local import official


class Emulators:
    """Emulators that take a while to start; `asked` has what they were asked to create, where."""

    def __init__(self, refusals: int) -> None:
        self.asked: list[tuple[str, ...]] = []
        self._refusals = refusals

    async def provision(self, *where: str) -> None:
        self.asked.append(where)
        if len(self.asked) <= self._refusals:
            raise ServiceRequestError("not yet")


@pytest.fixture
def identities(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """One entry for each time that the identity stand-in was run."""
    runs: list[str] = []
    monkeypatch.setattr(official, "run_identity", lambda: runs.append("run"))
    return runs


async def test_emulators_that_are_starting_are_waited_for(monkeypatch: pytest.MonkeyPatch):
    emulators = Emulators(refusals=2)
    monkeypatch.setattr(official, "provision", emulators.provision)

    await official.ready(tries=3, pause=0)

    assert len(emulators.asked) == 3
    cosmos, _, storage = emulators.asked[-1]
    assert cosmos == "http://127.0.0.1:8081/"
    assert "QueueEndpoint=http://127.0.0.1:10001/" in storage


async def test_the_last_failure_is_told(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(official, "provision", Emulators(refusals=2).provision)
    with pytest.raises(ServiceRequestError, match="not yet"):
        await official.ready(tries=2, pause=0)


@pytest.mark.parametrize(("arguments", "runs"), [([], 1), (["--no-identity"], 0)])
def test_identity_is_ours_unless_it_is_not_wanted(
    monkeypatch: pytest.MonkeyPatch, identities: list[str], arguments: list[str], runs: int
):
    monkeypatch.setattr(official, "provision", Emulators(refusals=0).provision)
    official.main(arguments)
    assert len(identities) == runs
