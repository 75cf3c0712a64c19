"""One invocation: its correlation id, its queue messages, and the log lines that name it."""

import asyncio
import logging
import uuid

import pytest

from shared import invocation, telemetry

GIVEN = "3f0c6f0e-5d8b-4f9e-9c55-0d4d3a6f1b2c"


@pytest.mark.parametrize("given", [GIVEN, GIVEN.upper(), GIVEN.replace("-", "")])
def test_a_random_uuid_is_kept_as_it_came(given: str) -> None:
    assert invocation.begin(given).correlation_id == given
    assert invocation.current().correlation_id == given


@pytest.mark.parametrize(
    "given",
    [
        None,
        "",
        "abc",
        "7276ac22-e68c-11f1-b6cd-02fc00000001",
        f"{{{GIVEN}}}",
        f"urn:uuid:{GIVEN}",
        f"{GIVEN}\n",
        f"{GIVEN}{'-' * 5000}",
        GIVEN.replace("0", "\N{ARABIC-INDIC DIGIT ZERO}"),
        f"x{GIVEN}",
    ],
)
def test_anything_else_is_replaced(given: str | None) -> None:
    correlation_id = invocation.begin(given).correlation_id

    assert uuid.UUID(correlation_id).version == 4
    assert correlation_id == uuid.UUID(correlation_id).hex


def test_the_same_message_is_sent_once() -> None:
    running = invocation.begin(None)
    for text in ("a", "b", "a"):
        invocation.current().enqueue("queue", text)
    invocation.current().enqueue("other", "a")

    assert running.queue_messages == {"queue": ["a", "b"], "other": ["a"]}


async def begin_and_look() -> tuple[str, str]:
    """The correlation id as it began, and as it is after others had their turn."""
    begun = invocation.begin(None).correlation_id
    await asyncio.sleep(0)
    return begun, invocation.current().correlation_id


async def test_invocations_side_by_side_do_not_mix() -> None:
    results = await asyncio.gather(*(asyncio.create_task(begin_and_look()) for _ in range(3)))

    assert all(begun == current for begun, current in results)
    assert len({begun for begun, _ in results}) == 3


def test_a_log_line_names_its_event_and_fields(caplog: pytest.LogCaptureFixture) -> None:
    correlation_id = invocation.begin(None).correlation_id
    logger = telemetry.get_logger("unit")

    with caplog.at_level(logging.INFO, logger.name):
        telemetry.log(logger, logging.INFO, "happened", count=3)
        telemetry.log(logger, logging.DEBUG, "unheard")

    assert caplog.messages == [f"happened correlation_id={correlation_id} count=3"]
    fields = {name: value for name, value in vars(caplog.records[0]).items() if "." in name}
    assert fields == {"workbench.correlation_id": correlation_id, "workbench.count": "3"}


def test_a_value_cannot_start_a_line_of_its_own(caplog: pytest.LogCaptureFixture) -> None:
    logger = telemetry.get_logger("unit")

    with caplog.at_level(logging.INFO, logger.name):
        telemetry.log(logger, logging.INFO, "refused", detail="one\ntwo\r\x1b[31m")

    assert caplog.messages[0].splitlines() == [caplog.messages[0]]
    assert caplog.messages[0].isprintable()


@pytest.mark.parametrize("library", ["azure.core", "httpx", "httpcore.connection"])
def test_libraries_do_not_log_every_request(library: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    telemetry.quieten_libraries()

    assert not logging.getLogger(library).isEnabledFor(logging.INFO)
