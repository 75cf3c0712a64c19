"""Each path and method reaches its function, in the order in which the host tries them."""

import sys

import httpx
import pytest

from local.functions_host.host_rules import build_route
from local.functions_host.http_request import RequestTarget
from local.functions_host.indexing import load_app
from local.functions_host.router import Router
from local.stack.options import REPOSITORY_ROOT
from local.stack.stack import Stack
from shared.api.routes import ROUTES
from tests.api.builders import answer_of
from tests.support.assistant_service import RecordingService

REGISTRATIONS = "/assistant-service-registrations"
ASSISTANT = "/assistants/a1"
CONVERSATION = "/conversations/c1"
SHARES = "/conversation-shares"
STATES = f"{ASSISTANT}/conversations/c1/states"

PATHS = (
    ("GET", "/", "root"),
    ("HEAD", "/", "root"),
    ("GET", "/users", "users_all"),
    ("GET", "/users/me", "users_me_get"),
    ("PUT", "/users/me", "users_me_put"),
    ("GET", "/assistants", "assistants_all"),
    ("POST", "/assistants", "assistants_create"),
    ("GET", ASSISTANT, "assistants_get"),
    ("PATCH", ASSISTANT, "assistants_update"),
    ("DELETE", ASSISTANT, "assistants_delete"),
    ("GET", f"{ASSISTANT}/export", "assistants_export"),
    ("GET", f"{ASSISTANT}/config", "assistants_config_get"),
    ("PUT", f"{ASSISTANT}/config", "assistants_config_put"),
    ("GET", f"{ASSISTANT}/conversations", "assistants_conversations"),
    ("GET", STATES, "assistants_states_all"),
    ("GET", f"{STATES}/s1", "assistants_states_get"),
    ("PUT", f"{STATES}/s1", "assistants_states_put"),
    ("POST", f"{ASSISTANT}/states/events", "assistants_states_announce"),
    ("POST", f"{ASSISTANT}/events/negotiate", "assistants_negotiate"),
    ("GET", "/conversations", "conversations_all"),
    ("POST", "/conversations", "conversations_create"),
    ("POST", "/conversations/t1.o1", "conversations_post_by_id"),
    ("GET", "/conversations/export", "conversations_export"),
    ("POST", "/conversations/import", "conversations_import"),
    ("POST", "/conversations/import/uploads", "conversations_import_uploads"),
    ("GET", CONVERSATION, "conversations_get"),
    ("PATCH", CONVERSATION, "conversations_update"),
    ("DELETE", CONVERSATION, "conversations_delete"),
    ("GET", f"{CONVERSATION}/events", "events_replay"),
    ("POST", f"{CONVERSATION}/events/negotiate", "events_negotiate_conversation"),
    ("POST", "/events/negotiate", "events_negotiate_user"),
    ("GET", f"{CONVERSATION}/files", "files_all"),
    ("PUT", f"{CONVERSATION}/files", "files_put"),
    ("GET", f"{CONVERSATION}/files/a/b.txt", "files_get"),
    ("GET", f"{CONVERSATION}/files/a.txt/versions", "files_get"),
    ("HEAD", f"{CONVERSATION}/files/a.txt", "files_head"),
    ("PATCH", f"{CONVERSATION}/files/a.txt", "files_patch"),
    ("DELETE", f"{CONVERSATION}/files/a.txt", "files_delete"),
    ("GET", f"{CONVERSATION}/files/uploads", "files_get"),
    ("POST", f"{CONVERSATION}/files/uploads", "files_upload_begin"),
    ("POST", f"{CONVERSATION}/files/uploads/u1", "files_upload_commit"),
    ("GET", f"{CONVERSATION}/messages", "messages_all"),
    ("POST", f"{CONVERSATION}/messages", "messages_create"),
    ("GET", f"{CONVERSATION}/messages/m1", "messages_get"),
    ("GET", f"{CONVERSATION}/messages/m1/debug_data", "messages_get_debug"),
    ("DELETE", f"{CONVERSATION}/messages/m1", "messages_delete"),
    ("GET", f"{CONVERSATION}/participants", "participants_all"),
    ("GET", f"{CONVERSATION}/participants/me", "participants_get"),
    ("PUT", f"{CONVERSATION}/participants/p1", "participants_put"),
    ("PATCH", f"{CONVERSATION}/participants/p1", "participants_update"),
    ("GET", REGISTRATIONS, "registrations_all"),
    ("POST", REGISTRATIONS, "registrations_create"),
    ("GET", f"{REGISTRATIONS}/s1", "registrations_get"),
    ("PUT", f"{REGISTRATIONS}/s1", "registrations_heartbeat"),
    ("PATCH", f"{REGISTRATIONS}/s1", "registrations_update"),
    ("DELETE", f"{REGISTRATIONS}/s1", "registrations_delete"),
    ("POST", f"{REGISTRATIONS}/s1/api-key", "registrations_reset_key"),
    ("GET", "/assistant-services", "services_all"),
    ("GET", "/assistant-services/s1", "services_info"),
    ("GET", "/assistant-services/s1/info", "services_info"),
    ("GET", SHARES, "shares_all"),
    ("POST", SHARES, "shares_create"),
    ("POST", f"{SHARES}/t1.o1", "shares_create_for_owner"),
    ("GET", f"{SHARES}/s1", "shares_get"),
    ("DELETE", f"{SHARES}/s1", "shares_delete"),
    ("POST", f"{SHARES}/s1/redemptions", "shares_redeem"),
    ("GET", f"{SHARES}/s1/redemptions", "shares_redemptions"),
    ("GET", "/conversation-share-redemptions", "redemptions_all"),
    ("GET", "/openapi.json", "docs_openapi"),
    ("GET", "/docs", "docs_page"),
    ("GET", "/docs/swagger-ui.css", "docs_asset"),
    ("GET", "/azure-speech/token", "speech_token"),
    ("GET", "/health", "health"),
    ("GET", "/nowhere", "zz_unmatched"),
    ("DELETE", "/users/me", "zz_unmatched"),
    ("PATCH", f"{CONVERSATION}/files", "zz_unmatched"),
    ("DELETE", f"{CONVERSATION}/files", "zz_unmatched"),
    ("HEAD", f"{CONVERSATION}/files", "zz_unmatched"),
    ("PUT", REGISTRATIONS, "zz_unmatched"),
    ("PATCH", REGISTRATIONS, "zz_unmatched"),
    ("DELETE", REGISTRATIONS, "zz_unmatched"),
    ("OPTIONS", CONVERSATION, "zz_unmatched"),
    ("POST", "/", "zz_unmatched"),
    ("GET", "/users/you", "zz_unmatched"),
    ("GET", f"{CONVERSATION}/messages/m1/debug_data/x", "zz_unmatched"),
)
"""Method, path and function; every route is here."""

PARAMETERS = (
    ("GET", "/conversations/c%20d", {"conversation_id": "c d"}),
    ("GET", f"{REGISTRATIONS}/a/b.c", {"assistant_service_id": "a/b.c"}),
    ("GET", f"{REGISTRATIONS}/a%2Fb", {"assistant_service_id": "a%2Fb"}),
    ("POST", f"{REGISTRATIONS}/a/b/api-key", {"assistant_service_id": "a/b/api-key"}),
    ("GET", "/assistant-services/a/b/info", {"assistant_service_id": "a/b/info"}),
    ("GET", "/Conversations/C1/Messages/M1", {"conversation_id": "C1", "message_id": "M1"}),
    ("GET", f"{STATES}/s%2Ft", {"state_id": "s%2Ft"}),
)


@pytest.fixture(scope="module")
def router(stack: Stack) -> Router:
    """The routes of this application as the host indexes them."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in stack.addresses.environment.items():
            patch.setenv(name, value)
        patch.syspath_prepend(str(REPOSITORY_ROOT))
        sys.modules.pop("function_app", None)
        loaded = load_app(REPOSITORY_ROOT, "")
        # Other tests load apps of the same name.
        sys.modules.pop("function_app")
    assert loaded.problems == {}
    functions = [each for each in loaded.functions if each.trigger_type == "httpTrigger"]
    return Router(build_route(function, "") for function in functions)


def match(router: Router, method: str, path: str) -> tuple[str, dict[str, str]]:
    """The function that gets a request, and its route parameters."""
    found = router.match(method, RequestTarget(path).path[1:])
    assert found is not None
    function, parameters = found
    return function.name, parameters


@pytest.mark.parametrize("slash", ["", "/"], ids=["plain", "trailing slash"])
@pytest.mark.parametrize(("method", "path", "function"), PATHS)
def test_a_path_reaches_its_function(
    router: Router, method: str, path: str, function: str, slash: str
) -> None:
    path = path if path == "/" else path + slash
    assert match(router, method, path)[0] == function


@pytest.mark.parametrize(("method", "path", "parameters"), PARAMETERS)
def test_parameters_are_taken_from_the_path(
    router: Router, method: str, path: str, parameters: dict[str, str]
) -> None:
    name, found = match(router, method, path)

    assert name != "zz_unmatched"
    assert found | parameters == found


def test_every_route_is_tried_by_its_path() -> None:
    reached = {function for _, _, function in PATHS}
    assert {route.name for route in ROUTES} <= reached


class TestServiceIds:
    """Ids with slashes, and what follows them in the path."""

    @pytest.fixture
    async def service_id(self, stack: Stack) -> str:
        """A registered service whose id has a slash."""
        service = RecordingService(stack.functions_url, "routing/slash.test")
        async with service:
            registration = answer_of(await service.register())
        return registration["assistant_service_id"]

    @pytest.mark.parametrize("form", ["routing/slash.test", "routing%2Fslash.test"])
    @pytest.mark.parametrize("ending", ["", "/"])
    async def test_a_slash_may_be_encoded(
        self, ada: httpx.AsyncClient, service_id: str, form: str, ending: str
    ) -> None:
        found = answer_of(await ada.get(f"{REGISTRATIONS}/{form}{ending}"))
        assert found["assistant_service_id"] == service_id

    @pytest.mark.parametrize("form", ["routing/slash.test", "routing%2Fslash.test"])
    @pytest.mark.parametrize("ending", ["/api-key", "/api-key/"])
    async def test_the_key_of_a_service_is_reset_by_its_suffix(
        self, ada: httpx.AsyncClient, service_id: str, form: str, ending: str
    ) -> None:
        found = answer_of(await ada.post(f"{REGISTRATIONS}/{form}{ending}"))
        assert found["assistant_service_id"] == service_id

    async def test_a_post_without_the_suffix_is_not_taken(self, ada: httpx.AsyncClient) -> None:
        for path in ("routing/slash.test", "api-key", "/api-key"):
            assert (await ada.post(f"{REGISTRATIONS}/{path}")).status_code in (404, 405)

    async def test_the_info_of_a_service_is_there_with_and_without_its_suffix(
        self, ada: httpx.AsyncClient, service: RecordingService
    ) -> None:
        for ending in ("", "/", "/info", "/info/"):
            found = answer_of(await ada.get(f"/assistant-services/{service.service_id}{ending}"))
            assert found["assistant_service_id"] == service.service_id


@pytest.mark.parametrize("path", ["/users/me/", "/conversations/", "/Users/ME"])
async def test_a_trailing_slash_or_capitals_change_nothing(
    ada: httpx.AsyncClient, path: str
) -> None:
    assert (await ada.get(path)).status_code == 200
