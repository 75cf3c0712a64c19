"""Tokens of people: the right one is let in, and nothing that only looks like it."""

import asyncio
import hmac
import time
from collections.abc import AsyncIterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from jwt.utils import base64url_encode

from shared.adapters.entra import (
    FIRST_FETCH_SECONDS,
    KEYS_SECONDS,
    REFETCH_SECONDS,
    SigningKeys,
    TokenVerifier,
)
from shared.domain.principals import User
from shared.errors import DependencyUnavailable, Unauthenticated
from shared.settings import AuthSettings
from tests.unit.key_server import (
    APP_ID,
    ISSUER,
    OTHER_TENANT,
    PERSON,
    TENANT,
    KeyServer,
    claims,
    forged,
    jwk,
    private_key,
    public_pem,
    token,
)

WRONG_APP = "Invalid app. App ID must match in client and server."
HOUR = 3600
NESTED_HEADER = base64url_encode(b'{"alg":"RS256","kid":' + b"[" * 5000).decode()


class Clock:
    """A clock that is put forward by hand."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def server() -> AsyncIterator[KeyServer]:
    async with KeyServer() as running:
        yield running


@pytest.fixture
async def verifier(server: KeyServer, clock: Clock) -> AsyncIterator[TokenVerifier]:
    settings = AuthSettings(
        allowed_app_id=APP_ID,
        allowed_jwt_algorithms=("RS256",),
        jwks_url=server.url,
        issuers=(ISSUER,),
    )
    verifier = TokenVerifier(settings, SigningKeys(server.url, clock))
    yield verifier
    await verifier.close()


async def refusal(verifier: TokenVerifier, presented: str) -> str:
    """What a refused caller is told."""
    with pytest.raises(Unauthenticated) as caught:
        await verifier.verify(presented)
    return caught.value.detail


async def test_a_good_token_names_the_person(verifier: TokenVerifier) -> None:
    assert await verifier.verify(token()) == User(f"{TENANT}.{PERSON}", "Ada")


async def test_a_token_without_object_id_names_the_subject(verifier: TokenVerifier) -> None:
    user = await verifier.verify(token(oid=None, sub="somebody", name=None))

    assert user == User("somebody", "")


@pytest.mark.parametrize(
    "changes",
    [
        {"appid": APP_ID, "azp": None, "aud": None},
        {"appid": None, "azp": APP_ID, "aud": None},
        {"appid": None, "azp": None, "aud": APP_ID},
        {"azp": "another-client", "aud": APP_ID},
    ],
    ids=["appid", "azp", "aud", "aud, by another client"],
)
async def test_the_application_id_may_be_in_any_of_three_claims(
    verifier: TokenVerifier, changes: dict[str, Any]
) -> None:
    assert await verifier.verify(token(**changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "another-app", "azp": "another-app"},
        {"aud": "another-app"},
        {"aud": [APP_ID, "another-app"]},
        {"aud": None, "azp": None},
        {"aud": "", "azp": None},
    ],
    ids=["another's", "another's, by our client", "several", "none", "empty"],
)
async def test_a_token_for_another_application_is_refused(
    verifier: TokenVerifier, changes: dict[str, Any]
) -> None:
    assert await refusal(verifier, token(**changes)) == WRONG_APP


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://evil.example/v2.0"},
        {"iss": ISSUER.replace("{tid}", OTHER_TENANT)},
        {"tid": None, "iss": ISSUER.replace("{tid}", TENANT)},
        {"iss": None},
        {"iss": ISSUER},
        {"nbf": int(time.time()) + HOUR},
        {"iat": int(time.time()) + HOUR},
        {"exp": None},
        {"exp": "soon"},
        {"oid": None, "sub": None},
        {"sub": ["a", "list"]},
    ],
    ids=",".join,
)
async def test_a_token_with_wrong_claims_is_refused(
    verifier: TokenVerifier, changes: dict[str, Any]
) -> None:
    assert await refusal(verifier, token(**changes)) == "Invalid token"


async def test_an_expired_token_is_refused_by_its_own_text(verifier: TokenVerifier) -> None:
    assert await refusal(verifier, token(exp=int(time.time()) - HOUR)) == "Expired token"


async def test_clocks_may_differ_by_some_seconds(verifier: TokenVerifier) -> None:
    now = int(time.time())

    assert await verifier.verify(token(exp=now - 20, nbf=now + 20, iat=now + 20))


def sign_as_secret(signing_input: bytes) -> bytes:
    """The oldest trick: a public key taken for a shared secret."""
    return hmac.digest(public_pem("first"), signing_input, "sha256")


def sign_with_a_weak_key(signing_input: bytes) -> bytes:
    """What a correct library would sign with a key of half the length."""
    return private_key("weak").sign(signing_input, PKCS1v15(), SHA256())


@pytest.mark.parametrize(
    "presented",
    [
        forged({"alg": "none", "kid": "first"}, bytes),
        forged({"alg": "HS256", "kid": "first"}, sign_as_secret),
        forged({"alg": ["RS256"], "kid": "first"}, bytes),
        forged({"kid": "first"}, bytes),
        token(algorithm="RS512"),
    ],
    ids=["unsigned", "signed with the public key", "a list", "none named", "not an allowed one"],
)
async def test_another_algorithm_is_refused(verifier: TokenVerifier, presented: str) -> None:
    assert await refusal(verifier, presented) == "Invalid token algorithm"


async def test_an_allowed_algorithm_is_the_one_that_verifies(server: KeyServer) -> None:
    settings = AuthSettings(
        allowed_app_id=APP_ID,
        allowed_jwt_algorithms=("RS256", "RS512"),
        jwks_url=server.url,
        issuers=(ISSUER,),
    )
    verifier = TokenVerifier(settings)

    assert await verifier.verify(token(algorithm="RS512"))
    await verifier.close()


@pytest.mark.parametrize(
    "presented",
    [
        token("stranger", kid="first"),
        token().rpartition(".")[0] + ".",
        token()[:-8] + "AAAAAAAA",
        token(kid="unheard-of"),
        token(kid="None"),
        "",
        "not-a-token",
        "a.b.c",
        "🔑.🔑.🔑",
        "e30.e30.e30",
        f"{NESTED_HEADER}.e30.",
    ],
    ids=[
        "signed by a stranger",
        "signature cut off",
        "signature changed",
        "unknown key",
        "key named None",
        "empty",
        "a word",
        "three letters",
        "not ASCII",
        "empty parts",
        "nested deeply",
    ],
)
async def test_a_forged_token_is_refused(verifier: TokenVerifier, presented: str) -> None:
    assert await refusal(verifier, presented) in {"Invalid token", "Invalid token algorithm"}


async def test_a_changed_claim_breaks_the_signature(verifier: TokenVerifier) -> None:
    header, _, signature = token().split(".")
    body = jwt.encode(claims(oid="somebody-else"), "x" * 32, "HS256").split(".")[1]

    assert await refusal(verifier, f"{header}.{body}.{signature}") == "Invalid token"


async def test_a_key_for_one_tenant_does_not_vouch_for_another(
    server: KeyServer, verifier: TokenVerifier
) -> None:
    server.keys = [
        jwk("first", issuer=ISSUER.replace("{tid}", "{tenantid}")),
        jwk("theirs", issuer=ISSUER.replace("{tid}", OTHER_TENANT)),
    ]

    assert await verifier.verify(token())
    assert await verifier.verify(token("theirs", tid=OTHER_TENANT))
    assert await refusal(verifier, token("theirs")) == "Invalid token"


async def test_a_key_too_short_to_be_safe_is_refused(
    server: KeyServer, verifier: TokenVerifier
) -> None:
    server.keys = [jwk("weak")]
    presented = forged({"alg": "RS256", "kid": "weak"}, sign_with_a_weak_key)

    assert await refusal(verifier, presented) == "Invalid token"


async def test_what_is_no_signing_key_is_left_out(
    server: KeyServer, verifier: TokenVerifier
) -> None:
    server.keys = [
        "nonsense",
        {},
        {"kty": "EC", "kid": "curve"},
        {"kty": "RSA", "kid": "broken"},
        {"kty": "RSA", "kid": "broken-too", "n": "***", "e": 1},
        jwk("for-encryption", use="enc"),
        jwk("first"),
    ]

    assert await verifier.verify(token())
    assert await refusal(verifier, token("for-encryption")) == "Invalid token"


async def test_keys_are_fetched_once_for_all_who_come_at_the_same_time(
    server: KeyServer, verifier: TokenVerifier
) -> None:
    await asyncio.gather(*(verifier.verify(token()) for _ in range(20)))

    assert server.fetches == 1


async def test_unknown_keys_do_not_cause_a_flood_of_fetches(
    server: KeyServer, verifier: TokenVerifier, clock: Clock
) -> None:
    await verifier.verify(token())

    for number in range(20):
        await refusal(verifier, token(kid=f"unknown-{number}"))
    assert server.fetches == 1

    clock.seconds += REFETCH_SECONDS
    await asyncio.gather(*(refusal(verifier, token(kid=f"again-{n}")) for n in range(20)))
    assert server.fetches == 2


async def test_a_new_key_is_found_and_one_taken_back_is_forgotten(
    server: KeyServer, verifier: TokenVerifier, clock: Clock
) -> None:
    await verifier.verify(token())
    server.keys = [jwk("second")]
    clock.seconds += REFETCH_SECONDS

    assert await verifier.verify(token("second"))
    assert await refusal(verifier, token("first")) == "Invalid token"


async def test_known_keys_are_fetched_anew_after_a_while(
    server: KeyServer, verifier: TokenVerifier, clock: Clock
) -> None:
    await verifier.verify(token())
    server.keys = [jwk("second")]
    clock.seconds += KEYS_SECONDS

    assert await refusal(verifier, token("first")) == "Invalid token"


async def test_without_keys_nobody_can_be_let_in_or_refused(
    server: KeyServer, verifier: TokenVerifier, clock: Clock
) -> None:
    server.fails = True
    for _ in range(20):
        with pytest.raises(DependencyUnavailable):
            await verifier.verify(token())
    assert server.fetches == 1

    server.fails = False
    clock.seconds += FIRST_FETCH_SECONDS
    assert await verifier.verify(token())


@pytest.mark.parametrize("published", [[], ["nonsense"]], ids=["nothing", "nonsense"])
async def test_cached_keys_stay_in_use_while_there_are_no_new_ones(
    server: KeyServer, verifier: TokenVerifier, clock: Clock, published: list[Any]
) -> None:
    await verifier.verify(token())
    server.keys = published
    clock.seconds += KEYS_SECONDS

    assert await verifier.verify(token())


async def test_cached_keys_stay_in_use_while_the_address_is_down(
    server: KeyServer, verifier: TokenVerifier, clock: Clock
) -> None:
    await verifier.verify(token())
    server.fails = True
    clock.seconds += KEYS_SECONDS

    for _ in range(20):
        assert await verifier.verify(token())
    assert server.fetches == 2
    with pytest.raises(DependencyUnavailable):
        await verifier.verify(token(kid="perhaps-a-new-one"))


async def test_an_address_where_nobody_listens_counts_as_down(
    server: KeyServer, clock: Clock
) -> None:
    async with KeyServer() as gone:
        address = gone.url
    keys = SigningKeys(address, clock)

    with pytest.raises(DependencyUnavailable):
        await keys.get("first")
    await keys.close()
