"""Who a caller is: tokens of people, keys of assistant services, and all that is neither."""

import base64
import json
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from local.stack.stack import Stack
from tests.api.builders import answer_of, user_id_of
from tests.support.assistant_service import RecordingService

SOMEBODY = "00000000-0000-4000-8000-00000000000a"


async def answer_to(stack: Stack, **headers: str) -> httpx.Response:
    """What a caller with these headers is told about their profile."""
    async with stack.api() as client:
        return await client.get("/users/me", headers=headers)


async def answer_to_token(stack: Stack, token: str) -> httpx.Response:
    """What a caller with this token is told about their profile."""
    return await answer_to(stack, Authorization=f"Bearer {token}")


def token_with(stack: Stack, **claims: Any) -> str:
    """A token that the identity service signed, with other claims than it would make."""
    return stack.token(claims=claims)


def resigned(token: str, key: Any, algorithm: str, **headers: Any) -> str:
    """The claims of a token, signed by somebody else."""
    claims = jwt.decode(token, options={"verify_signature": False})
    kid = jwt.get_unverified_header(token)["kid"]
    return jwt.encode(claims, key, algorithm, {"kid": kid, **headers})


def _refused(response: httpx.Response, detail: str) -> None:
    assert response.status_code == 401, response.text
    assert response.json() == {"detail": detail}
    assert response.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Basic QWRhOng="},
        {"Authorization": ""},
        {"X-API-Key": ""},
        {"X-Assistant-ID": SOMEBODY},
        {"X-Assistant-Service-ID": ""},
    ],
    ids=str,
)
async def test_without_credentials_nobody_is_authenticated(
    stack: Stack, headers: dict[str, str]
) -> None:
    _refused(await answer_to(stack, **headers), "Not authenticated")


@pytest.mark.parametrize(
    "token", ["x", "a.b.c", "é", "e30.e30.", "[]", "....", "bnVsbA.e30.AA", "x" * 5000]
)
async def test_garbage_is_no_token(stack: Stack, token: str) -> None:
    async with stack.api() as client:
        raw = [(b"Authorization", b"Bearer " + token.encode())]
        response = await client.get("/users/me", headers=raw)

    assert response.status_code == 401, response.text
    assert response.json()["detail"] in ("Invalid token", "Invalid token algorithm")


async def test_an_expired_token_is_named_so(stack: Stack) -> None:
    _refused(await answer_to_token(stack, stack.token(expires_in=-3600)), "Expired token")


async def test_an_unsigned_token_is_refused(stack: Stack) -> None:
    for algorithm in ("none", "None", "NONE"):
        header, payload, _ = stack.token().split(".")
        fields = {"alg": algorithm, "typ": "JWT"}
        header = base64.urlsafe_b64encode(json.dumps(fields).encode()).decode().rstrip("=")
        _refused(await answer_to_token(stack, f"{header}.{payload}."), "Invalid token algorithm")


async def test_a_token_without_its_signature_is_refused(stack: Stack) -> None:
    signed = stack.token().rpartition(".")[0]
    _refused(await answer_to_token(stack, f"{signed}."), "Invalid token")


async def test_a_changed_token_is_refused(stack: Stack) -> None:
    header, payload, signature = stack.token().split(".")
    claims = jwt.decode(stack.token(), options={"verify_signature": False}) | {"oid": SOMEBODY}
    changed = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")

    assert changed != payload
    _refused(await answer_to_token(stack, f"{header}.{changed}.{signature}"), "Invalid token")


@pytest.mark.parametrize("kid", [None, "unknown", ""])
async def test_a_token_signed_with_another_key_is_refused(stack: Stack, kid: str | None) -> None:
    foreign = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    headers = {} if kid is None else {"kid": kid}
    token = resigned(stack.token(), foreign, "RS256", **headers)

    _refused(await answer_to_token(stack, token), "Invalid token")


async def test_a_symmetric_signature_is_refused(stack: Stack) -> None:
    token = resigned(stack.token(), "an empty key as in the reference, or any other", "HS256")

    _refused(await answer_to_token(stack, token), "Invalid token algorithm")


@pytest.mark.parametrize(
    "issuer", ["https://evil.example/v2.0", "", "{identity}/common/v2.0", "{identity}"]
)
async def test_another_issuer_is_refused(stack: Stack, issuer: str) -> None:
    token = token_with(stack, iss=issuer.format(identity=stack.addresses.identity))

    _refused(await answer_to_token(stack, token), "Invalid token")


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "other", "azp": "other"},
        {"aud": "other"},
        {"aud": ["other"]},
    ],
    ids=str,
)
async def test_a_token_for_another_application_is_refused(
    stack: Stack, claims: dict[str, Any]
) -> None:
    answer = await answer_to_token(stack, token_with(stack, **claims))

    _refused(answer, "Invalid app. App ID must match in client and server.")


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": "soon"},
        {"nbf": 4_102_444_800},
        {"iat": "x"},
        {"oid": "", "sub": ""},
        {"oid": None, "sub": 5},
    ],
    ids=str,
)
async def test_a_token_that_makes_no_sense_is_refused(stack: Stack, claims: dict[str, Any]) -> None:
    _refused(await answer_to_token(stack, token_with(stack, **claims)), "Invalid token")


@pytest.mark.parametrize(
    ("claims", "user_id"),
    [
        ({"oid": SOMEBODY}, "{tid}." + SOMEBODY),
        ({"oid": None, "sub": "subject"}, "subject"),
        ({"oid": "a/b?c#d\\e"}, "{tid}.a/b?c#d\\e"),
        ({"oid": SOMEBODY, "azp": None}, "{tid}." + SOMEBODY),
        ({"oid": SOMEBODY, "name": None}, "{tid}." + SOMEBODY),
    ],
    ids=str,
)
async def test_a_person_is_known_by_tenant_and_object_id_or_else_by_subject(
    stack: Stack, claims: dict[str, Any], user_id: str
) -> None:
    token = token_with(stack, **claims)
    tenant = jwt.decode(token, options={"verify_signature": False})["tid"]
    profile = answer_of(await answer_to_token(stack, token))

    assert profile["id"] == user_id.format(tid=tenant)


class TestAssistantServices:
    """The fixed key of the local stack is empty."""

    async def test_the_key_may_be_missing_when_it_is_empty(
        self, stack: Stack, service: RecordingService
    ) -> None:
        async with stack.api() as client:
            headers = {"X-Assistant-Service-ID": service.service_id}
            response = await client.get("/assistant-services", headers=headers)

        assert response.status_code == 200

    @pytest.mark.parametrize("key", ["wrong", "é", "\udcff"], ids=ascii)
    async def test_a_wrong_key_is_refused(
        self, stack: Stack, service: RecordingService, key: str
    ) -> None:
        raw = [
            (b"X-Assistant-Service-ID", service.service_id.encode()),
            (b"X-API-Key", key.encode(errors="surrogateescape")),
        ]
        async with stack.api() as client:
            _refused(await client.get("/assistant-services", headers=raw), "Invalid credentials")

    async def test_a_wrong_key_is_not_made_up_for_by_a_token(
        self, stack: Stack, service: RecordingService
    ) -> None:
        headers = {"X-Assistant-Service-ID": service.service_id, "X-API-Key": "wrong"}
        async with stack.api("Ada") as ada:
            _refused(await ada.get("/users/me", headers=headers), "Invalid credentials")

    async def test_the_service_id_wins_over_a_token(
        self, stack: Stack, service: RecordingService
    ) -> None:
        async with stack.api("Ada") as ada:
            headers = {"X-Assistant-Service-ID": service.service_id}
            response = await ada.get("/users/me", headers=headers)

        assert (response.status_code, response.json()) == (403, {"detail": "Forbidden"})

    async def test_an_assistant_id_that_is_none_is_ignored(self, service: RecordingService) -> None:
        async with service.workbench("no-uuid") as caller:
            assert (await caller.get("/assistant-services")).status_code == 200
            assert (await caller.get("/conversations")).status_code == 403


async def test_the_same_name_is_the_same_person_in_two_tokens(stack: Stack) -> None:
    async with stack.api("Ada") as one, stack.api("Ada") as two:
        assert await user_id_of(one) == await user_id_of(two)
