"""How fast the API answers on the local stack: requests a second, and the median of one request.

Every scenario runs with one caller and with sixteen. The figures depend on the machine and on
what else it does: compare runs of one machine, never against a fixed number. The last two
scenarios take the time until a subscriber or an assistant has the event of a message.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from local.stack.options import StackOptions
from local.stack.stack import Stack
from tests.support.assistant_service import RecordingService
from tests.support.subscriber import Subscriber

CALLERS = (1, 16)
MANY_CONVERSATIONS = 50
LISTED_CONVERSATIONS = 200
LISTED_MESSAGES = 1000
FILE_BYTES = 100 * 1024

Request = Callable[[int], Awaitable[httpx.Response]]


@dataclass(frozen=True)
class Scenario:
    """One kind of request, made `times` times by each number of callers."""

    name: str
    request: Request
    times: int


async def measure(scenario: Scenario, callers: int) -> tuple[float, float]:
    """Requests a second, and the median of one in milliseconds; raises on any refusal."""
    numbers = iter(range(scenario.times))
    started = time.perf_counter()
    made = await asyncio.gather(*(call(scenario.request, numbers) for _ in range(callers)))
    elapsed = time.perf_counter() - started
    seconds = [one for of_caller in made for one in of_caller]
    return len(seconds) / elapsed, statistics.median(seconds) * 1000


async def call(request: Request, numbers: Iterator[int]) -> list[float]:
    """Make requests one after another until the numbers run out; the seconds of each."""
    seconds: list[float] = []
    for number in numbers:
        started = time.perf_counter()
        response = await request(number)
        seconds.append(time.perf_counter() - started)
        response.raise_for_status()
    return seconds


class Bench:
    """A person with conversations, and the requests that she makes."""

    def __init__(self, api: httpx.AsyncClient, conversation_ids: list[str]) -> None:
        self._api = api
        self._ids = conversation_ids
        self._one = f"/conversations/{conversation_ids[0]}"

    def scenarios(self, times: int) -> list[Scenario]:
        """All scenarios of requests, in the order of the table of goals."""
        return [
            Scenario("GET /conversations (200)", self.list_conversations, max(10, times // 10)),
            Scenario("POST message, one conversation", self.post, times),
            Scenario("POST message, over 50 conversations", self.post_over_many, times),
            Scenario("GET 100 of 1,000 messages", self.list_messages, times // 2),
            Scenario("GET /conversations/{id}", self.get, times),
            Scenario("PUT a 100 KB file", self.put_file, times // 2),
            Scenario("GET a 100 KB file", self.get_file, times // 2),
            Scenario("POST /conversations", self.create, times // 2),
        ]

    async def create(self, _: int) -> httpx.Response:
        """A new conversation."""
        return await self._api.post("/conversations", json={})

    async def post(self, _: int) -> httpx.Response:
        """A message in always the same conversation."""
        return await self._api.post(f"{self._one}/messages", json={"content": "hello"})

    async def post_over_many(self, number: int) -> httpx.Response:
        """A message in one of many conversations."""
        conversation_id = self._ids[number % MANY_CONVERSATIONS]
        path = f"/conversations/{conversation_id}/messages"
        return await self._api.post(path, json={"content": "hello"})

    async def list_messages(self, _: int) -> httpx.Response:
        """The newest hundred messages."""
        return await self._api.get(f"{self._one}/messages")

    async def list_conversations(self, _: int) -> httpx.Response:
        """All conversations."""
        return await self._api.get("/conversations")

    async def get(self, _: int) -> httpx.Response:
        """One conversation."""
        return await self._api.get(self._one)

    async def put_file(self, number: int) -> httpx.Response:
        """A file of its own name."""
        files = {"files": (f"file-{number % MANY_CONVERSATIONS}.bin", b"x" * FILE_BYTES)}
        path = f"/conversations/{self._ids[1 + number % (MANY_CONVERSATIONS - 1)]}/files"
        return await self._api.put(path, files=files)

    async def get_file(self, _: int) -> httpx.Response:
        """The bytes of a file."""
        return await self._api.get(f"/conversations/{self._ids[1]}/files/file-0.bin")


async def until_subscriber(api: httpx.AsyncClient, conversation_id: str, times: int) -> float:
    """The median time in milliseconds from a post until a subscriber has its event."""
    path = f"/conversations/{conversation_id}"
    negotiated = (await api.post(f"{path}/events/negotiate")).json()
    seconds: list[float] = []
    async with Subscriber(negotiated["url"]) as subscriber:
        for _ in range(times):
            started = time.perf_counter()
            posting = asyncio.ensure_future(api.post(f"{path}/messages", json={"content": "x"}))
            await subscriber.next("message.created")
            seconds.append(time.perf_counter() - started)
            await posting
    return statistics.median(seconds) * 1000


async def until_assistant(
    api: httpx.AsyncClient, service: RecordingService, conversation_id: str, times: int
) -> float:
    """The median time in milliseconds from a post until an assistant has its event."""
    new = {"assistant_service_id": service.service_id, "name": "Recorder"}
    assistant = (await api.post("/assistants", json=new)).json()
    path = f"/conversations/{conversation_id}"
    joined = await api.put(f"{path}/participants/{assistant['id']}", json={})
    joined.raise_for_status()
    seconds: list[float] = []
    for number in range(times):
        content = f"number {number}".encode()
        started = time.perf_counter()
        posting = asyncio.ensure_future(
            api.post(f"{path}/messages", json={"content": content.decode()})
        )
        await service.wait_for(lambda me, wanted=content: wanted in me.calls[-1].body)
        seconds.append(time.perf_counter() - started)
        await posting
    return statistics.median(seconds) * 1000


async def prepare(api: httpx.AsyncClient) -> Bench:
    """A person with 200 conversations, one of them with 1,000 messages, and a file."""
    created = [await api.post("/conversations", json={}) for _ in range(LISTED_CONVERSATIONS)]
    bench = Bench(api, [response.json()["id"] for response in created])
    for number in range(LISTED_MESSAGES):
        (await bench.post(number)).raise_for_status()
    (await bench.put_file(0)).raise_for_status()
    return bench


async def main(times: int) -> None:
    """Start a stack, measure everything, and print a line for each scenario."""
    with tempfile.TemporaryDirectory() as folder:
        options = StackOptions(data_dir=Path(folder), free_ports=True, example_assistant=False)
        async with Stack(options) as stack, stack.api("Ada") as api:
            bench = await prepare(api)
            for scenario in bench.scenarios(times):
                for callers in CALLERS:
                    rate, median = await measure(scenario, callers)
                    report(f"{scenario.name:38} {callers:3} {rate:8.0f}/s {median:8.1f} ms")
            conversation_id = (await bench.create(0)).json()["id"]
            median = await until_subscriber(api, conversation_id, times // 2)
            report(f"{'POST message -> subscriber has it':42} {'':8} {median:9.1f} ms")
            service = RecordingService(stack.functions_url, "recorder.bench")
            async with service:
                (await service.register()).raise_for_status()
                median = await until_assistant(api, service, conversation_id, times // 2)
            report(f"{'POST message -> assistant has it':42} {'':8} {median:9.1f} ms")


def report(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=300, help="requests of a scenario")
    asyncio.run(main(parser.parse_args().times))
