"""Who may do what: one place, narrow scopes, and a reason in the code for each."""

import re

import pytest

from tests.architecture.source import modules
from tests.infra.syntax import ROOT
from tests.infra.template import Resource, resources
from tests.infra.test_templates import SOURCES, changed
from tests.infra.values import Reference, Unknown

ARM = "Microsoft.Authorization/roleAssignments"
COSMOS = "Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments"
FILE = "modules/rbac.bicep"
IDENTITY = "shared.adapters.identity"

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


def without_role(made: list[Resource]) -> list[str]:
    """Adapters that act as a managed identity, and that no role's comment names."""
    named = {path for role in _roles(made) for path in _code_named(role)}
    acting = {
        module.name for module in modules("shared") if IDENTITY in "".join(sorted(module.imports()))
    }
    return sorted(acting - named)


def too_wide(made: list[Resource]) -> list[str]:
    """Roles on more than one resource of this deployment."""
    return [role.where for role in _roles(made) if not _is_narrow(role)]


def held_by_browsers_too(made: list[Resource]) -> list[str]:
    """Roles that who has a token for speech has as well; only the one for speech should be."""
    speech = [role for role in _roles(made) if "Speech" in _definition(role)]
    principals = {_principal(role) for role in speech}
    return [role.where for role in _roles(made) if _principal(role) in principals][1:]


def elsewhere(made: list[Resource]) -> list[str]:
    """Roles that are given in another file."""
    return [role.where for role in _roles(made) if role.file != FILE]


def unknown(text: str) -> list[str]:
    """Role ids of rbac.bicep that aren't those of the roles that they are called after."""
    found = dict(re.findall(r"^  (\w+): '([0-9a-f-]{36})'$", text, re.MULTILINE))
    return [name for name, role in found.items() if KNOWN.get(name) != role]


MADE = resources(SOURCES)


def test_every_role_names_the_code_that_needs_it() -> None:
    assert unexplained(MADE) == []


def test_everything_that_acts_as_an_identity_has_a_role() -> None:
    assert without_role(MADE) == []


def test_every_role_is_on_one_resource() -> None:
    assert too_wide(MADE) == []


def test_the_identity_whose_tokens_browsers_hold_may_use_speech_only() -> None:
    assert held_by_browsers_too(MADE) == []


def test_every_role_is_one_that_may_be_given() -> None:
    assert unknown(SOURCES[FILE]) == []
    assert set(re.findall(r"roles\.(\w+)", SOURCES[FILE])) == set(KNOWN)


def test_all_roles_are_in_one_file() -> None:
    assert elsewhere(MADE) == []
    assert len(_roles(MADE)) == len(KNOWN)


PLANTED = {
    "no reason": ("// Needed by shared/adapters/web_pubsub.py: ", "// ", unexplained),
    "code that is gone": ("adapters/web_pubsub.py", "adapters/signalr.py", unexplained),
    "a role that is missing": ("shared/adapters/web_pubsub.py", "shared/outside.py", without_role),
    "no scope": ("  scope: vault\n", "", too_wide),
    "another scope": ("  scope: vault\n", "  scope: resourceGroup()\n", too_wide),
    "the application's own identity for browsers": (
        "    principalId: speechPrincipalId\n",
        "    principalId: principalId\n",
        held_by_browsers_too,
    ),
    "the whole account": ("/dbs/${cosmosDatabaseName}'", "'", too_wide),
}


@pytest.mark.parametrize("mistake", PLANTED)
def test_a_planted_mistake_is_found(mistake: str) -> None:
    old, new, check = PLANTED[mistake]
    assert check(resources(changed(FILE, old, new))) != []


def test_a_planted_role_in_another_file_is_found() -> None:
    role = f"resource x '{ARM}@2022-04-01' = {{\n  name: 'x'\n}}\n"
    planted = changed("modules/identity.bicep", "output id", f"{role}output id")
    assert elsewhere(resources(planted)) != []


def test_a_planted_owner_is_found() -> None:
    owner = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
    text = SOURCES[FILE].replace(KNOWN["webPubSubServiceOwner"], owner)
    assert unknown(text) == ["webPubSubServiceOwner"]


def _roles(made: list[Resource]) -> list[Resource]:
    return [resource for resource in made if resource.type in (ARM, COSMOS)]


def _code_named(role: Resource) -> list[str]:
    return [path for path in _PATH.findall(role.comment) if (ROOT / path).is_file()]


def _definition(role: Resource) -> str:
    return str(role.property_at("roleDefinitionId"))


def _principal(role: Resource) -> str:
    return str(role.property_at("principalId"))


def _is_narrow(role: Resource) -> bool:
    if role.type == ARM:
        return isinstance(role.body.get("scope"), Reference)
    scope = role.property_at("scope")
    return isinstance(scope, Unknown) and "/dbs/" in scope.text
