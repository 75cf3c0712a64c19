"""The identity stand-in, verified as a service verifies Entra ID tokens: with PyJWKClient."""

import asyncio
import contextlib
import signal
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import jwt
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from local.identity import DEFAULT_APP_ID, DEFAULT_TID, Settings, create_app, issue_token

OTHER_TID = "9b1f6e5a-0000-4000-8000-000000000002"


@dataclass
class Server:
    """A running stand-in, the folder of its key, and a session to talk to it."""

    url: str
    data_dir: Path
    session: aiohttp.ClientSession

    async def token(self, **request: Any) -> str:
        async with self.session.post(f"{self.url}/token", json=request) as response:
            content = await response.json()
            assert response.status == 200, content
            return content["access_token"]

    async def json(self, path: str) -> Any:
        async with self.session.get(self.url + path) as response:
            assert response.status == 200
            return await response.json()

    async def verified(self, token: str, app_id: str = DEFAULT_APP_ID) -> dict[str, Any]:
        """Verify a token with the keys that the discovery document of its tenant points at."""
        tid = jwt.decode(token, options={"verify_signature": False})["tid"]
        document = await self.json(f"/{tid}/v2.0/.well-known/openid-configuration")
        keys = jwt.PyJWKClient(document["jwks_uri"])
        key = await asyncio.to_thread(keys.get_signing_key_from_jwt, token)
        return jwt.decode(token, key, ["RS256"], audience=app_id, issuer=document["issuer"])


@contextlib.asynccontextmanager
async def running(data_dir: Path, port: int = 0) -> AsyncIterator[Server]:
    """Run the command line program until the block ends, which it must survive in good order."""
    command = ("-m", "local.identity", "--port", str(port), "--data-dir", str(data_dir))
    process = await asyncio.create_subprocess_exec(sys.executable, *command, stdout=PIPE)
    assert process.stdout is not None
    try:
        line = (await asyncio.wait_for(process.stdout.readline(), 20)).decode()
        assert line.startswith("identity listening on http://127.0.0.1:"), line
        async with aiohttp.ClientSession() as session:
            yield Server(line.split()[-1], data_dir, session)
    finally:
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 2) == 0


@pytest_asyncio.fixture(scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    async with running(tmp_path_factory.mktemp("identity")) as server:
        yield server


async def test_a_token_looks_like_one_of_entra_id(server: Server) -> None:
    claims = await server.verified(await server.token(name="Ada Lovelace"))
    assert abs(claims["iat"] - time.time()) < 60
    assert claims["exp"] - claims["iat"] == 86400
    assert claims["nbf"] == claims["iat"]
    assert claims["sub"] != claims["oid"]
    wanted = {
        "aud": DEFAULT_APP_ID,
        "azp": DEFAULT_APP_ID,
        "iss": f"{server.url}/{DEFAULT_TID}/v2.0",
        "tid": DEFAULT_TID,
        "name": "Ada Lovelace",
        "preferred_username": "ada.lovelace@people.example",
        "ver": "2.0",
    }
    assert claims | wanted == claims


async def test_everything_about_a_person_can_be_chosen(server: Server) -> None:
    token = await server.token(
        name="Ada", tid=OTHER_TID, oid="o1", app_id="my-app", expires_in=60, claims={"roles": ["r"]}
    )
    claims = await server.verified(token, "my-app")
    assert (claims["tid"], claims["oid"], claims["azp"]) == (OTHER_TID, "o1", "my-app")
    assert claims["exp"] - claims["iat"] == 60
    assert claims["roles"] == ["r"]
    assert claims["iss"] == f"{server.url}/{OTHER_TID}/v2.0"


async def test_the_same_name_is_the_same_person(server: Server) -> None:
    people = [await server.verified(await server.token(name=n)) for n in ("Ada", " Ada ", "Bob")]
    ids = [(person["oid"], person["sub"]) for person in people]
    assert ids[0] == ids[1]
    assert ids[0] != ids[2]


async def test_a_form_will_do(server: Server) -> None:
    form = {"name": "Ada", "expires_in": "60", "claims": '{"roles": ["r"]}'}
    async with server.session.post(f"{server.url}/token", data=form) as response:
        content = await response.json()
    assert (content["token_type"], content["expires_in"]) == ("Bearer", 60)
    assert (await server.verified(content["access_token"]))["roles"] == ["r"]


async def test_expired_tokens_are_to_be_had(server: Server) -> None:
    with pytest.raises(jwt.ExpiredSignatureError):
        await server.verified(await server.token(name="Ada", expires_in=-60))


async def test_usual_claims_can_be_replaced(server: Server) -> None:
    with pytest.raises(jwt.InvalidAudienceError):
        await server.verified(await server.token(name="Ada", claims={"aud": "other"}))


async def test_a_token_altered_is_found_out(server: Server) -> None:
    header, _, signature = (await server.token(name="Ada")).split(".")
    other = (await server.token(name="Bob")).split(".")[1]
    with pytest.raises(jwt.InvalidSignatureError):
        await server.verified(f"{header}.{other}.{signature}")


async def test_keys_are_published(server: Server) -> None:
    content = await server.json("/discovery/v2.0/keys")
    [key] = content["keys"]
    assert (key["kty"], key["use"], key["alg"]) == ("RSA", "sig", "RS256")
    assert "d" not in key
    assert content == await server.json(f"/{DEFAULT_TID}/discovery/v2.0/keys")
    assert jwt.get_unverified_header(await server.token(name="Ada"))["kid"] == key["kid"]
    assert await server.json("/_admin/health") == {"status": "ok"}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("{}", "name"),
        ('{"name": " "}', "name"),
        ('{"name": "Ada", "tid": "a/b"}', "tid"),
        ('{"name": "Ada", "expires_in": "soon"}', "expires_in"),
        ('{"name": "Ada", "password": "x"}', "password"),
        ("[]", "dictionary"),
        ("{", "Expecting"),
    ],
)
async def test_wrong_requests_are_refused_with_the_reason(
    server: Server, body: str, reason: str
) -> None:
    headers = {"Content-Type": "application/json"}
    async with server.session.post(f"{server.url}/token", data=body, headers=headers) as response:
        content = await response.json()
    assert (response.status, content["error"]) == (400, "invalid_request")
    assert reason in content["error_description"]


async def test_pages_of_any_origin_may_call(server: Server) -> None:
    headers = {
        "Origin": "http://127.0.0.1:4000",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    async with server.session.options(f"{server.url}/token", headers=headers) as response:
        assert response.status == 204
        assert response.headers["Access-Control-Allow-Headers"] == "*"
    async with server.session.post(f"{server.url}/token", json={}, headers=headers) as response:
        assert response.headers["Access-Control-Allow-Origin"] == "*"
    async with server.session.get(f"{server.url}/nowhere", headers=headers) as response:
        assert (response.status, response.headers["Access-Control-Allow-Origin"]) == (404, "*")


async def test_the_key_outlives_a_restart(tmp_path: Path) -> None:
    async with running(tmp_path) as first:
        token = await first.token(name="Ada")
        port = int(first.url.rpartition(":")[2])
    [file] = (tmp_path / "identity").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    async with running(tmp_path, port) as second:
        assert (await second.verified(token))["name"] == "Ada"


async def test_tokens_can_be_made_without_the_server(server: Server) -> None:
    token = issue_token(server.data_dir, server.url, name="Ada", expires_in=60)
    by_server = await server.verified(await server.token(name="Ada"))
    assert (await server.verified(token))["oid"] == by_server["oid"]
    with pytest.raises(ValueError, match="name"):
        issue_token(server.data_dir, server.url, name="")


async def test_a_file_that_is_no_rsa_key_is_refused(tmp_path: Path) -> None:
    other = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (tmp_path / "identity").mkdir()
    (tmp_path / "identity" / "signing-key.pem").write_bytes(other)
    with pytest.raises(ValueError, match="not a private RSA key"):
        create_app(Settings(tmp_path, "http://127.0.0.1"))


async def test_processes_that_start_at_once_agree_on_the_key(tmp_path: Path) -> None:
    made = [asyncio.to_thread(issue_token, tmp_path, "http://x", name="Ada") for _ in range(4)]
    tokens = await asyncio.gather(*made)
    assert len({jwt.get_unverified_header(token)["kid"] for token in tokens}) == 1
