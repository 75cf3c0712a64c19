"""The page that shows the description of the API."""

import hashlib
import re

import httpx
import pytest

from local.stack.stack import Stack
from shared.api.docs import ASSETS, VIEWER
from tests.docs.pages import rows

COPIES = {row[0].strip("`"): row[1].strip("`") for row in rows("shared/api/viewer/README.md")}


@pytest.fixture
async def stranger(stack: Stack) -> httpx.AsyncClient:
    """Nobody."""
    return stack.api()


async def test_the_page_needs_nothing_that_is_not_served_here(stranger: httpx.AsyncClient) -> None:
    async with stranger:
        page = await stranger.get("/docs")
        addresses = re.findall(r'(?:src|href)="([^"]+)"', page.text)
        answers = {address: await stranger.get(address) for address in addresses}

    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert {address: answer.status_code for address, answer in answers.items()} == dict.fromkeys(
        addresses, 200
    )
    assert set(answers) == {"/openapi.json", *(f"/docs/{name}" for name in ASSETS)}
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy


@pytest.mark.parametrize(("name", "media"), ASSETS.items())
async def test_an_asset_has_its_type_and_is_kept_by_browsers(
    stranger: httpx.AsyncClient, name: str, media: str
) -> None:
    async with stranger:
        answer = await stranger.get(f"/docs/{name}")
        tag = {"If-None-Match": answer.headers["ETag"]}
        again = await stranger.get(f"/docs/{name}", headers=tag)
        plain = await stranger.get(f"/docs/{name}", headers={"Accept-Encoding": "identity"})

    text = media.startswith("text/")
    assert answer.headers["Content-Type"] == media + ("; charset=utf-8" if text else "")
    assert "max-age=" in answer.headers["Cache-Control"]
    assert again.status_code == 304
    assert answer.content == plain.content == (VIEWER / name).read_bytes()
    assert answer.headers["Content-Encoding"] == "gzip"


@pytest.mark.parametrize("name", ["index.html", "README.md", "..%2Fdocs.py", "x.js"])
async def test_nothing_else_is_served(stranger: httpx.AsyncClient, name: str) -> None:
    async with stranger:
        assert (await stranger.get(f"/docs/{name}")).status_code in (401, 404)


def test_the_copies_are_unchanged_and_listed() -> None:
    own = {"index.html", "start.js", "README.md"}
    present = {file.name: _digest(file.read_bytes()) for file in VIEWER.iterdir()}

    assert {name: digest for name, digest in present.items() if name not in own} == COPIES


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
