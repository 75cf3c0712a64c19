"""No service takes keys, no door is open, and what is deleted can be brought back."""

from collections.abc import Callable
from functools import partial

import pytest

from tests.infra import hardening
from tests.infra.template import Resource, resources
from tests.infra.test_templates import SOURCES, changed

Check = Callable[[list[Resource]], list[str]]
MADE = resources(SOURCES)
no_keys: Check = partial(hardening.differences, wanted=hardening.NO_KEYS)
no_open_doors: Check = partial(hardening.differences, wanted=hardening.NO_OPEN_DOORS)
nothing_lost: Check = partial(hardening.differences, wanted=hardening.NOTHING_LOST)


def test_no_service_takes_keys() -> None:
    assert no_keys(MADE) == []


def test_no_door_is_open() -> None:
    assert no_open_doors(MADE) == []


def test_what_was_written_is_read_and_what_was_deleted_comes_back() -> None:
    assert nothing_lost(MADE) == []


def test_everything_is_watched() -> None:
    assert hardening.unwatched(MADE) == []


def test_nothing_expires_late() -> None:
    assert hardening.kept_too_long(MADE) == []


def test_cosmos_is_serverless_unless_asked_otherwise() -> None:
    assert hardening.not_serverless(MADE) == []


PLANTED: dict[str, tuple[Check, str, str, str]] = {
    "storage keys": (
        no_keys,
        "storage",
        "allowSharedKeyAccess: false",
        "allowSharedKeyAccess: true",
    ),
    "keys of the database": (
        no_keys,
        "cosmos",
        "disableLocalAuth: true",
        "disableLocalAuth: false",
    ),
    "keys by way of a parameter": (
        no_keys,
        "web-pubsub",
        "disableLocalAuth: true",
        "disableLocalAuth: skuName != 'Free_F1'",
    ),
    "ingestion by key": (no_keys, "monitoring", "    DisableLocalAuth: true\n", ""),
    "access policies": (no_keys, "key-vault", "Authorization: true", "Authorization: false"),
    "deployment by password": (no_keys, "function-app", "allow: false", "allow: true"),
    "anonymous blobs": (no_open_doors, "storage-blobs", "'None'", "'Blob'"),
    "plain http": (no_open_doors, "function-app", "httpsOnly: true", "httpsOnly: false"),
    "old TLS": (no_open_doors, "cosmos", "'Tls12'", "'Tls'"),
    "strangers on the hub": (no_open_doors, "web-pubsub", "'deny'", "'allow'"),
    "no soft delete": (
        nothing_lost,
        "storage-blobs",
        "deleteRetentionPolicy: {\n      enabled: true",
        "deleteRetentionPolicy: {\n      enabled: false",
    ),
    "weaker reads": (nothing_lost, "cosmos", "'BoundedStaleness'", "'Session'"),
    "periodic backup": (nothing_lost, "cosmos", "type: 'Continuous'", "type: 'Periodic'"),
    "no audit log of the vault": (
        hardening.unwatched,
        "key-vault",
        "  scope: vault\n",
        "  scope: resourceGroup()\n",
    ),
    "transfers that stay": (
        hardening.kept_too_long,
        "storage-blobs",
        "GreaterThan: 2",
        "GreaterThan: 90",
    ),
    "files that expire": (
        hardening.kept_too_long,
        "storage",
        "transfersContainer: 'transfers'",
        "transfersContainer: 'files'",
    ),
    "another kind of account": (
        hardening.not_serverless,
        "cosmos",
        "[{ name: 'EnableServerless' }]",
        "[]",
    ),
}


@pytest.mark.parametrize("mistake", PLANTED)
def test_a_planted_mistake_is_found(mistake: str) -> None:
    check, file, old, new = PLANTED[mistake]
    assert check(resources(changed(f"modules/{file}.bicep", old, new))) != []
