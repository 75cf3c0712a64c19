"""Timer triggers."""

import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from local.functions_host.errors import FunctionError
from local.functions_host.schedules import Schedule
from tests.local.functions_host.harness import running_host, write_app

START = datetime(2026, 1, 30, 12, 0, 30, tzinfo=UTC)
UTC_ZONE = ZoneInfo("UTC")

APP = """
@app.timer_trigger(arg_name="timer", schedule="%SCHEDULE%", run_on_startup={startup},
                   use_monitor={monitor})
async def tick(timer: func.TimerRequest) -> None:
    now = asyncio.get_running_loop().time()
    await note(["begin", timer.past_due, bool(timer.schedule_status), now])
    await asyncio.sleep({seconds})
    await note(["end"])
    {then}
"""


def app_source(startup=False, monitor=True, seconds=0.0, then="") -> str:
    return APP.format(startup=startup, monitor=monitor, seconds=seconds, then=then)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("*/10 * * * * *", "2026-01-30T12:00:40"),
        ("0 */5 * * * *", "2026-01-30T12:05:00"),
        ("*/5 * * * *", "2026-01-30T12:05:00"),
        ("0 30 9 * * MON-FRI", "2026-02-02T09:30:00"),
        ("15 0 0 1 feb *", "2026-02-01T00:00:15"),
        # Day and day of week both have to match: the first Sunday that is a 1st.
        ("0 0 0 1 * 0", "2026-02-01T00:00:00"),
        ("0 0 0 1 * 1", "2026-06-01T00:00:00"),
    ],
)
def test_schedule(expression, expected):
    occurrence = Schedule(expression, UTC_ZONE).next_after(START)
    assert occurrence == datetime.fromisoformat(expected).replace(tzinfo=UTC)


def test_schedule_in_a_time_zone():
    occurrence = Schedule("0 0 9 * * *", ZoneInfo("America/New_York")).next_after(START)
    assert occurrence == datetime(2026, 1, 30, 14, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "* * * *",
        "00:05:00",
        "@daily",
        "61 * * * * *",
        "0 0 0 L * *",
        "0 0 0 ? * *",
        "x x x x x",
    ],
)
def test_no_schedule(expression):
    with pytest.raises(FunctionError, match="not recognized as a valid cron expression"):
        Schedule(expression, UTC_ZONE)


async def test_fires_every_second_without_overlap(tmp_path):
    app = write_app(tmp_path, app_source(seconds=1.2))
    async with running_host(app, env={"SCHEDULE": "* * * * * *"}) as host:
        entries = await host.journal(4)
    assert [entry[0] for entry in entries[:4]] == ["begin", "end"] * 2
    assert entries[0][1] is False
    # More often than once a minute: nothing is monitored.
    assert entries[0][2] is False
    assert not (tmp_path / "data").exists()


async def test_goes_on_after_an_exception(tmp_path):
    app = write_app(tmp_path, app_source(then="raise ValueError('as asked')"))
    async with running_host(app, env={"SCHEDULE": "* * * * * *"}) as host:
        await host.journal(4)
        text = await host.output_with("Executed tick trigger=timerTrigger status=Failed", times=2)
    assert "ValueError: as asked" in text


async def test_run_on_startup_and_monitored_state(tmp_path):
    app = write_app(tmp_path, app_source(startup=True))
    env = {"SCHEDULE": "0 0 0 * * *"}
    state = tmp_path / "data" / "functions_host" / "timers" / "tick.json"
    async with running_host(app, env=env) as host:
        assert [e[:2] for e in await host.journal(2)] == [["begin", False], ["end"]]
        await host.output_with("Executed tick")
    kept = json.loads(state.read_text())
    assert datetime.fromisoformat(kept["next"]).time().isoformat() == "00:00:00"
    kept["last"] = kept["updated"] = "2026-01-01T00:00:00+00:00"
    state.write_text(json.dumps(kept))
    async with running_host(app, env=env) as host:
        entries = await host.journal(2)
        assert entries[0][:3] == ["begin", True, True]
        assert len(entries) == 2


async def test_not_past_due_when_it_ran_already(tmp_path):
    app = write_app(tmp_path, app_source(startup=False))
    env = {"SCHEDULE": "0 0 0 1 1 *"}
    async with running_host(app, env=env):
        pass
    async with running_host(app, env=env) as host:
        assert await host.journal(0) == []
        await host.client.post("/admin/functions/tick", json={})
        assert (await host.journal(1))[0][:3] == ["begin", False, True]


async def test_without_monitor_nothing_is_past_due(tmp_path):
    app = write_app(tmp_path, app_source(monitor=False))
    async with running_host(app, env={"SCHEDULE": "0 0 0 * * *"}) as host:
        assert await host.journal(0) == []
    assert not (tmp_path / "data").exists()


async def test_invalid_schedule_costs_one_function_only(tmp_path):
    app = write_app(tmp_path, app_source())
    async with running_host(app, env={"SCHEDULE": "every day"}) as host:
        text = await host.output_with("'tick' function is in error")
        names = [f["name"] for f in (await host.client.get("/admin/functions")).json()]
    assert "not recognized as a valid cron expression" in text
    assert names == ["aa_journal"]
