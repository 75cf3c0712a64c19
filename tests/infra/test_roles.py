"""Who may do what: one place, narrow scopes, and a reason in the code for each."""

import re

import pytest

from tests.infra.syntax import ROOT
from tests.infra.template import Resource, resources
from tests.infra.test_templates import SOURCES, changed
from tests.infra.values import Reference, Unknown

ARM = "Microsoft.Authorization/roleAssignments"
COSMOS = "Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments"
FILE = "modules/rbac.bicep"

_PATH = re.compile(r"\b(?:shared/[\w/]+\.py|function_app\.py)\b")

KNOWN = {
    "cognitiveServicesOpenAiUser": "5e0bd9bd-7b93-4f28-af87-19fc36ad61bd",
    "cognitiveServicesSpeechUser": "f2dc8367-1007-4938-bd23-fe263f013447",
    "cosmosDbBuiltInDataContributor": "00000000-0000-0000-0000-000000000002",
    "keyVaultSecretsOfficer": "b86a8fe4-44ce-4948-aee5-eccb2c155cd7",
    "monitoringMetricsPublisher": "3913510d-42f4-4e42-8a64-420c390055eb",
    "storageBlobDataOwner": "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
    "storageQueueDataContributor": "974c5e8b-45b9-4653-ba55-5f855dd0fb88",
    "storageTableDataContributor": "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",
    "webPubSubServiceOwner": "12cf5a90-567b-43ae-8102-96cf46c7d9b4",
}
"""Azure's built-in roles that may be given; Owner and Contributor are not among them."""


def unexplained(made: list[Resource]) -> list[str]:
    """Roles whose comment names no code that exists."""
    return [role.where for role in _roles(made) if not _code_named(role)]


def too_wide(made: list[Resource]) -> list[str]:
    """Roles on more than one resource of this deployment."""
    return [role.where for role in _roles(made) if not _is_narrow(role)]


def unknown(text: str) -> list[str]:
    """Role ids of rbac.bicep that aren't those of the roles that they are called after."""
    found = dict(re.findall(r"^  (\w+): '([0-9a-f-]{36})'$", text, re.MULTILINE))
    return [name for name, role in found.items() if KNOWN.get(name) != role]


MADE = resources(SOURCES)


def test_every_role_names_the_code_that_needs_it() -> None:
    assert unexplained(MADE) == []


def test_every_role_is_on_one_resource() -> None:
    assert too_wide(MADE) == []


def test_every_role_is_one_that_may_be_given() -> None:
    assert unknown(SOURCES[FILE]) == []
    assert set(re.findall(r"roles\.(\w+)", SOURCES[FILE])) == set(KNOWN)


def test_all_roles_are_in_one_file() -> None:
    assert {role.file for role in _roles(MADE)} == {FILE}
    assert len(_roles(MADE)) == len(KNOWN)


PLANTED = {
    "no reason": ("// Needed by shared/adapters/web_pubsub.py: ", "// ", unexplained),
    "code that is gone": ("adapters/web_pubsub.py", "adapters/signalr.py", unexplained),
    "no scope": ("  scope: vault\n", "", too_wide),
    "another scope": ("  scope: vault\n", "  scope: resourceGroup()\n", too_wide),
    "the whole account": ("/dbs/${cosmosDatabaseName}'", "'", too_wide),
}


@pytest.mark.parametrize("mistake", PLANTED)
def test_a_planted_mistake_is_found(mistake: str) -> None:
    old, new, check = PLANTED[mistake]
    assert len(check(resources(changed(FILE, old, new)))) == 1


def test_a_planted_owner_is_found() -> None:
    owner = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
    text = SOURCES[FILE].replace(KNOWN["webPubSubServiceOwner"], owner)
    assert unknown(text) == ["webPubSubServiceOwner"]


def _roles(made: list[Resource]) -> list[Resource]:
    return [resource for resource in made if resource.type in (ARM, COSMOS)]


def _code_named(role: Resource) -> list[str]:
    return [path for path in _PATH.findall(role.comment) if (ROOT / path).is_file()]


def _is_narrow(role: Resource) -> bool:
    if role.type == ARM:
        return isinstance(role.body.get("scope"), Reference)
    scope = role.property_at("scope")
    return isinstance(scope, Unknown) and "/dbs/" in scope.text
