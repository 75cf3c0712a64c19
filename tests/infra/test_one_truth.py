"""infra/ makes what the code names, sets what it reads, and indexes what it asks."""

from dataclasses import replace

import pytest
from azure.monitor.opentelemetry._constants import SUPPORTED_OTEL_SAMPLERS

from shared import resources as code
from shared.resources import CosmosContainer
from shared.settings import load
from tests.infra import drift, queries
from tests.infra.template import resources
from tests.infra.test_templates import SOURCES, changed
from tests.infra.values import options_of

MADE = resources(SOURCES)
QUERIES = queries.queries()
CONVERSATIONS = next(found for found in code.COSMOS_CONTAINERS if found.name == code.CONVERSATIONS)


def test_infra_makes_what_the_code_names_and_nothing_else() -> None:
    assert drift.names(MADE) == []


def test_containers_are_as_the_code_describes_them() -> None:
    assert drift.containers(MADE) == []


def test_infra_sets_what_is_read_and_nothing_else() -> None:
    assert drift.settings(MADE) == []


def test_the_app_starts_with_the_settings_that_are_always_set() -> None:
    settings = load(drift.deployed_settings(MADE))
    assert settings.storage.queue_service_uri == "https://example.test/"
    assert settings.service.assistant_api_key.is_secured
    assert settings.cosmos.key is None


def test_host_and_worker_sample_by_the_same_rule() -> None:
    """By names that both the host and azure-monitor-opentelemetry know."""
    (settings,) = (made.body["properties"] for made in MADE if made.type == drift.SETTINGS)
    both = {"microsoft.fixed_percentage", "microsoft.rate_limited"}
    assert {option["OTEL_TRACES_SAMPLER"] for option in options_of(settings)} <= both
    assert both <= set(SUPPORTED_OTEL_SAMPLERS)


def test_other_keys_than_entra_s_are_taken_by_parameter_only() -> None:
    """Whoever has the keys can be anybody: only test environments have others."""
    assert "WORKBENCH__AUTH__JWKS_URL" not in drift.deployed_settings(MADE)
    assert "param testIdentityUrl string = ''\n" in SOURCES["main.bicep"]


def test_there_are_queries() -> None:
    assert len(QUERIES) > 8
    assert {query.container for query in QUERIES} >= {code.CONVERSATIONS, code.LINKS, code.SHARES}


def _container_id(container: CosmosContainer) -> str:
    return container.name


@pytest.mark.parametrize("container", code.COSMOS_CONTAINERS, ids=_container_id)
def test_every_query_has_an_index(container: CosmosContainer) -> None:
    assert queries.not_indexed(QUERIES, container) == []


@pytest.mark.parametrize("container", code.COSMOS_CONTAINERS, ids=_container_id)
def test_no_index_is_idle(container: CosmosContainer) -> None:
    assert queries.not_used(QUERIES, container) == []


PLANTED = {
    "a queue that is missing": ("storage", "  'service-status'\n", "", "names"),
    "a queue that nobody knows": ("storage", "'service-status'", "'service-states'", "names"),
    "a missing poison queue": ("storage", "'${queue}-poison'", "'${queue}-poisoned'", "names"),
    "a table": ("storage", "AssistantServiceRegistrations", "Registrations", "names"),
    "a blob container": ("storage", "['files', 'transfers']", "['files']", "names"),
    "a container": ("cosmos-containers", "name: 'links'", "name: 'link'", "names"),
    "a hub": ("web-pubsub", "hubName = 'workbench'", "hubName = 'chat'", "names"),
    "the database": ("cosmos", "databaseName = 'workbench'", "databaseName = 'chat'", "names"),
    "a partition key": ("cosmos-containers", "'/source'", "'/target'", "containers"),
    "an expiry": ("cosmos-containers", "timeToLive: -1", "timeToLive: 0", "containers"),
    "an indexed path": ("cosmos-containers", "'/sequence/?'", "'/timestamp/?'", "containers"),
    "the order of an index": ("cosmos-containers", "'ascending'", "'descending'", "containers"),
    "what isn't indexed": ("cosmos-containers", "{ path: '/*' }, ", "", "containers"),
    "a setting that is not set": (
        "app-settings",
        "  WORKBENCH__WEB_PUBSUB__ENDPOINT: webPubSubEndpoint\n",
        "",
        "settings",
    ),
    "a misspelt setting": ("app-settings", "COSMOS__ENDPOINT", "COSMOS__ENDPOIN", "settings"),
    "a schedule": ("app-settings", "ONLINE_CHECK_SCHEDULE", "ONLINE_SCHEDULE", "settings"),
    "a setting that Flex Consumption refuses": (
        "app-settings",
        "  AZURE_CLIENT_ID:",
        "  FUNCTIONS_WORKER_RUNTIME: 'python'\n  AZURE_CLIENT_ID:",
        "settings",
    ),
    "an optional setting": ("app-settings", "AZURE_SPEECH__REGION", "SPEECH_REGION", "settings"),
}


@pytest.mark.parametrize("mistake", PLANTED)
def test_a_planted_difference_is_found(mistake: str) -> None:
    file, old, new, check = PLANTED[mistake]
    made = resources(changed(f"modules/{file}.bicep", old, new))
    assert getattr(drift, check)(made) != []


def test_a_query_for_any_container_is_looked_for_in_all() -> None:
    by_id = [query for query in QUERIES if "WHERE c.id IN" in query.text]
    assert {query.container for query in by_id} == {found.name for found in code.COSMOS_CONTAINERS}


def test_a_planted_query_without_an_index_is_found() -> None:
    text = "SELECT * FROM c WHERE c.type = 'x' AND c.sender.name = @name"
    planted = queries.Query("planted", code.CONVERSATIONS, text)
    assert queries.not_indexed([planted], CONVERSATIONS) == ["planted: /sender/name has no index"]


def test_a_planted_order_without_a_composite_index_is_found() -> None:
    text = "SELECT * FROM c ORDER BY c.type DESC, c.sequence ASC"
    planted = queries.Query("planted", code.CONVERSATIONS, text)
    assert len(queries.not_indexed([planted], CONVERSATIONS)) == 1


def test_a_planted_idle_index_is_found() -> None:
    planted = replace(CONVERSATIONS, indexed_paths=(*CONVERSATIONS.indexed_paths, "/title/?"))
    assert queries.not_used(QUERIES, planted) == ["conversations: no query uses /title"]


def test_a_planted_idle_composite_index_is_found() -> None:
    index = (("/type", "ascending"), ("/filename", "ascending"))
    planted = replace(CONVERSATIONS, composite_indexes=(*CONVERSATIONS.composite_indexes, index))
    assert len(queries.not_used(QUERIES, planted)) == 1
