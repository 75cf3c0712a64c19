"""The key pair that tokens are signed with; it stays the same across restarts."""

import base64
import hashlib
import json
import os
import uuid
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

ALGORITHM = "RS256"
_KEY_BITS = 2048
_FILE_NAME = "signing-key.pem"


class SigningKey:
    """A private RSA key, with the id and the public part as a JSON web key."""

    def __init__(self, private_key: rsa.RSAPrivateKey) -> None:
        self.private_key = private_key
        self._public = RSAAlgorithm.to_jwk(private_key.public_key(), as_dict=True)
        self.key_id = _thumbprint(self._public)

    @property
    def public_jwk(self) -> dict[str, Any]:
        """The public key as an entry of a JSON web key set."""
        return {
            "kty": "RSA",
            "use": "sig",
            "alg": ALGORITHM,
            "kid": self.key_id,
            "n": self._public["n"],
            "e": self._public["e"],
        }


def load_or_create_key(data_dir: Path) -> SigningKey:
    """Load the key of a data directory, made there first if need be (mode 600).

    Raises ValueError when the file does not hold a private RSA key.
    """
    path = data_dir / "identity" / _FILE_NAME
    if not path.exists():
        _create(path)
    # Validation would take most of the time of making a token, for a key that was made here.
    key = serialization.load_pem_private_key(
        path.read_bytes(), password=None, unsafe_skip_rsa_key_validation=True
    )
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError(f"{path}: not a private RSA key")  # noqa: TRY004 - the content is wrong
    return SigningKey(key)


def _create(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    content = rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    draft = path.with_name(f".{uuid.uuid4().hex}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    try:
        # Complete or not there at all; of two processes that start at once, one wins.
        path.hardlink_to(draft)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _thumbprint(jwk: dict[str, Any]) -> str:
    """Give the key id: the thumbprint of RFC 7638."""
    members = {name: jwk[name] for name in ("e", "kty", "n")}
    canonical = json.dumps(members, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(canonical.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
