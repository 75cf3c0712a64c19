"""Downloads: headers, conditions, ranges, and addresses to read from."""

from collections.abc import AsyncIterator

import httpx
import pytest

from local.stack.options import StackOptions
from local.stack.stack import Stack
from tests.api.builders import answer_of
from tests.api.conftest import new_conversation
from tests.api.file_builders import files_of, save
from tests.support.targets import own_stack

LIMIT = 1_000_000


@pytest.fixture
async def url(ada: httpx.AsyncClient) -> str:
    """A file of ten bytes."""
    cid = (await new_conversation(ada))["id"]
    await save(ada, cid, {"dir/ü 1.txt": b"0123456789"})
    return f"{files_of(cid)}/dir/ü 1.txt"


async def test_a_download_says_what_it_is(ada: httpx.AsyncClient, url: str) -> None:
    response = await ada.get(url)

    assert (response.status_code, response.content) == (200, b"0123456789")
    headers = response.headers
    assert headers["content-type"] == "text/plain; charset=utf-8"
    assert headers["content-length"] == "10"
    assert headers["content-disposition"] == (
        "attachment; filename=\"%C3%BC%201.txt\"; filename*=UTF-8''%C3%BC%201.txt"
    )
    assert headers["accept-ranges"] == "bytes"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "private, no-cache"
    assert headers["etag"].startswith('"')


async def test_head_answers_as_get_without_the_bytes(ada: httpx.AsyncClient, url: str) -> None:
    got, head = await ada.get(url), await ada.head(url)

    assert (head.status_code, head.content) == (200, b"")
    unlike = {"date", "x-request-id"}
    assert {n: v for n, v in head.headers.items() if n not in unlike} == {
        n: v for n, v in got.headers.items() if n not in unlike
    }
    assert (await ada.head(f"{url}/versions")).headers["content-type"] == "application/json"
    assert (await ada.head(f"{url}.none")).status_code == 404


async def test_bytes_that_the_client_has_are_not_sent_again(
    ada: httpx.AsyncClient, url: str
) -> None:
    etag = (await ada.get(url)).headers["etag"]

    for method in ("GET", "HEAD"):
        response = await ada.request(method, url, headers={"If-None-Match": f'"x", {etag}'})
        assert (response.status_code, response.content) == (304, b"")
        assert response.headers["etag"] == etag
    await ada.patch(url, json={"metadata": {"m": 1}})
    known = {"If-None-Match": etag}
    assert (await ada.get(url, headers=known)).status_code == 304
    await save(ada, url.split("/")[2], {"dir/ü 1.txt": b"0123456789"})
    assert (await ada.get(url, headers=known)).status_code == 200
    assert (await ada.get(f"{url}?version=1", headers=known)).status_code == 304


@pytest.mark.parametrize(
    ("wanted", "content", "content_range"),
    [
        ("bytes=0-0", b"0", "bytes 0-0/10"),
        ("bytes=3-5", b"345", "bytes 3-5/10"),
        ("bytes=8-100", b"89", "bytes 8-9/10"),
        ("bytes=-4", b"6789", "bytes 6-9/10"),
    ],
)
async def test_a_range_is_a_part(
    ada: httpx.AsyncClient, url: str, wanted: str, content: bytes, content_range: str
) -> None:
    response = await ada.get(url, headers={"Range": wanted})

    assert (response.status_code, response.content) == (206, content)
    assert response.headers["content-range"] == content_range
    assert response.headers["content-length"] == str(len(content))


async def test_ranges_that_can_t_be_answered(ada: httpx.AsyncClient, url: str) -> None:
    beyond = await ada.get(url, headers={"Range": "bytes=10-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, "bytes */10")
    several = await ada.get(url, headers={"Range": "bytes=0-1,4-5"})
    assert (several.status_code, several.content) == (200, b"0123456789")


async def test_a_range_of_other_bytes_is_not_sent(ada: httpx.AsyncClient, url: str) -> None:
    etag = (await ada.get(url)).headers["etag"]

    for condition, status in ((etag, 206), ('"other"', 200), (f"W/{etag}", 200)):
        headers = {"Range": "bytes=0-3", "If-Range": condition}
        assert (await ada.get(url, headers=headers)).status_code == status


async def test_an_empty_file_is_empty(ada: httpx.AsyncClient) -> None:
    cid = (await new_conversation(ada))["id"]
    await save(ada, cid, {"empty": (b"", "")})

    response = await ada.get(f"{files_of(cid)}/empty")

    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["content-length"] == "0"
    assert response.headers["content-type"] == "application/octet-stream"


async def test_an_address_gives_this_version_and_nothing_else(
    ada: httpx.AsyncClient, url: str
) -> None:
    redirect = await ada.get(url, params={"redirect": True})

    assert redirect.status_code == 303
    assert redirect.headers["cache-control"] == "no-store"
    address = redirect.headers["location"]
    async with httpx.AsyncClient() as anybody:
        read = await anybody.get(address)
        assert read.content == b"0123456789"
        assert read.headers["content-type"] == "text/plain; charset=utf-8"
        assert read.headers["content-disposition"].startswith('attachment; filename="%C3%BC')
        assert (await anybody.put(address, content=b"x")).status_code >= 400
        assert (await anybody.delete(address)).status_code == 403
        other = address.replace("/1-", "/2-")
        assert (await anybody.get(other)).status_code == 403
    known = {"If-None-Match": (await ada.get(url)).headers["etag"]}
    not_modified = await ada.get(url, params={"redirect": True}, headers=known)
    assert not_modified.status_code == 304


@pytest.fixture(scope="module")
async def small(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """A stack whose answers are small."""
    options = StackOptions(
        data_dir=tmp_path_factory.mktemp("small"),
        free_ports=True,
        example_assistant=False,
        azurite_in_memory=True,
        settings={"WORKBENCH__FILES__MAX_DOWNLOAD_BYTES": str(LIMIT)},
    )
    async with own_stack(options) as running:
        yield running


async def test_what_is_too_large_for_an_answer_comes_in_ranges_or_by_address(
    small: Stack,
) -> None:
    content = bytes(range(256)) * 4000
    async with small.api("Ada") as ada:
        cid = (await new_conversation(ada))["id"]
        await save(ada, cid, {"big": content, "fits": content[:LIMIT]})
        url = f"{files_of(cid)}/big"

        refused = await ada.get(url)
        assert refused.status_code == 413
        assert "redirect=true" in answer_of_error(refused)
        assert (await ada.head(url)).headers["content-length"] == str(len(content))
        assert (await ada.get(url, headers={"Range": "bytes=0-"})).status_code == 413
        parts = [
            (await ada.get(url, headers={"Range": f"bytes={start}-{start + LIMIT - 1}"})).content
            for start in range(0, len(content), LIMIT)
        ]
        assert b"".join(parts) == content
        async with httpx.AsyncClient(follow_redirects=True, headers=ada.headers) as follower:
            followed = await follower.get(f"{small.functions_url}{url}?redirect=true")
        assert followed.content == content
        assert (await ada.get(f"{files_of(cid)}/fits")).content == content[:LIMIT]
        assert answer_of(await ada.get(f"{url}/versions"))["current_version"] == 1


def answer_of_error(response: httpx.Response) -> str:
    return response.json()["detail"]
