"""The server as a process of its own: start, stop, restart, and being killed while it writes."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from azure.core.exceptions import AzureError
from azure.cosmos import PartitionKey
from azure.cosmos.aio import ContainerProxy, CosmosClient

from local.cosmos import EMULATOR_KEY

ROOT = Path(__file__).parents[3]


async def start(data_dir: Path, *options: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "local.cosmos", "--port", "0", "--data-dir", str(data_dir)),
        *options,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


@asynccontextmanager
async def running(data_dir: Path) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """A server process and its address; it must end well, unless the test has killed it."""
    process = await start(data_dir)
    assert process.stdout is not None
    line = (await process.stdout.readline()).decode()
    assert line.startswith("cosmos listening on http://127.0.0.1:"), line
    try:
        yield process, line.split()[-1]
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            _, errors = await process.communicate()
            assert (process.returncode, errors) == (0, b"")
        else:
            await process.communicate()


async def container_of(client: CosmosClient) -> ContainerProxy:
    database = await client.create_database_if_not_exists("d")
    return await database.create_container_if_not_exists("c", PartitionKey("/pk"))


async def test_a_restart_keeps_everything(tmp_path: Path):
    async with running(tmp_path) as (_, url), CosmosClient(url, EMULATOR_KEY) as client:
        container = await container_of(client)
        item = await container.create_item({"id": "a", "pk": "p"})
        properties = await container.read()
    async with running(tmp_path) as (_, url), CosmosClient(url, EMULATOR_KEY) as client:
        container = client.get_database_client("d").get_container_client("c")
        assert await container.read() == properties
        assert await container.read_item("a", "p") == item
        assert (await container.replace_item("a", item))["_etag"] > item["_etag"]


async def write_until_it_breaks(
    container: ContainerProxy, worker: int, done: list[str], enough: asyncio.Event
) -> None:
    """Store pairs of items in batches, noting each that was answered; 40 are enough."""
    for number in range(100_000):
        name = f"{worker}-{number}"
        batch = [("create", ({"id": f"{name}-{half}", "pk": "p"},)) for half in "ab"]
        try:
            await container.execute_item_batch(batch, partition_key="p")
        except AzureError:
            return
        done.append(name)
        if len(done) == 40:
            enough.set()


async def test_a_killed_process_loses_nothing_and_leaves_no_halves(tmp_path: Path):
    done: list[str] = []
    enough = asyncio.Event()
    async with (
        running(tmp_path) as (process, url),
        CosmosClient(url, EMULATOR_KEY, retry_total=0) as client,
    ):
        container = await container_of(client)
        workers = [
            asyncio.create_task(write_until_it_breaks(container, worker, done, enough))
            for worker in range(4)
        ]
        await enough.wait()
        process.kill()
        await process.wait()
        await asyncio.wait(workers)
    async with running(tmp_path) as (_, url), CosmosClient(url, EMULATOR_KEY) as client:
        container = await container_of(client)
        found = {item["id"] async for item in container.read_all_items()}
    assert {f"{name}-{half}" for name in done for half in "ab"} <= found
    assert {name[:-1] + "a" for name in found} == {name for name in found if name[-1] == "a"}
    assert len(found) % 2 == 0


async def test_one_process_at_a_time(tmp_path: Path):
    async with running(tmp_path):
        second = await start(tmp_path)
        output, errors = await second.communicate()
    assert (second.returncode, output) == (1, b"")
    assert b"locked" in errors


async def test_a_faulty_key_is_refused_at_the_start(tmp_path: Path):
    process = await start(tmp_path, "--key", "not base64!")
    _, errors = await process.communicate()
    assert process.returncode == 1
    assert b"base64" in errors
