"""The HTTP interface of the echo assistant: the contract that every assistant service keeps."""

from typing import Any

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from examples.echo_assistant.authentication import ApiKeyMiddleware
from examples.echo_assistant.echo import ECHO_LOG_STATE, EchoBehaviour
from examples.echo_assistant.icon import ICON
from examples.echo_assistant.models import (
    Assistant,
    AssistantPut,
    ConfigPut,
    Conversation,
    ConversationEvent,
    ConversationPut,
    EchoConfig,
    EchoLog,
    StatePut,
)
from examples.echo_assistant.requests import explain, problems, read_form, read_json
from examples.echo_assistant.settings import EchoSettings
from examples.echo_assistant.store import AssistantStore
from examples.echo_assistant.workers import EventWorkers

TEMPLATE_ID = "default"

_CONFIG_UI_SCHEMA = {"prefix": {"ui:placeholder": "Echo: "}}
_STATE_UI_SCHEMA = {"ui:readonly": True}


class EchoService:
    """The routes, each a method; they answer 404 for what they don't know."""

    def __init__(
        self,
        settings: EchoSettings,
        store: AssistantStore,
        behaviour: EchoBehaviour,
        workers: EventWorkers,
    ) -> None:
        self._settings = settings
        self._store = store
        self._behaviour = behaviour
        self._workers = workers

    def app(self) -> Starlette:
        """The ASGI application."""
        conversation = "/{assistant_id}/conversations/{conversation_id}"
        state = conversation + "/states/{state_id}"
        return Starlette(
            routes=[
                Route("/", self.service_info),
                Route("/{assistant_id}", self.put_assistant, methods=["PUT"]),
                Route("/{assistant_id}", self.get_assistant),
                Route("/{assistant_id}", self.delete_assistant, methods=["DELETE"]),
                Route("/{assistant_id}/config", self.get_config),
                Route("/{assistant_id}/config", self.put_config, methods=["PUT"]),
                Route("/{assistant_id}/export-data", self.export_assistant),
                Route(conversation, self.put_conversation, methods=["PUT"]),
                Route(conversation, self.get_conversation),
                Route(conversation, self.delete_conversation, methods=["DELETE"]),
                Route(conversation + "/events", self.post_event, methods=["POST"]),
                Route(conversation + "/export-data", self.export_conversation),
                Route(conversation + "/states", self.list_states),
                Route(state, self.get_state),
                Route(state, self.put_state, methods=["PUT"]),
            ],
            middleware=[Middleware(ApiKeyMiddleware, api_key=self._settings.api_key)],
            exception_handlers={HTTPException: _as_detail},
        )

    async def service_info(self, _: Request) -> Response:
        """What this service is, and the templates that assistants can be made from."""
        template = {
            "id": TEMPLATE_ID,
            "name": "Echo assistant",
            "description": "Repeats what people say.",
            "config": _config_answer(EchoConfig()),
        }
        card = {"subtitle": "Example", "icon": ICON, "background_color": "rgb(230, 240, 250)"}
        return JSONResponse(
            {
                "assistant_service_id": self._settings.service_id,
                "name": "Echo assistant",
                "templates": [template],
                "metadata": {"_dashboard_card": {TEMPLATE_ID: card}},
            },
            headers={"Cache-Control": "max-age=600"},
        )

    async def put_assistant(self, request: Request) -> Response:
        """Create or rename an assistant; an export replaces its config."""
        assistant_id = request.path_params["assistant_id"]
        wanted, config = await read_form(request, "assistant", AssistantPut, EchoConfig)
        if wanted.template_id != TEMPLATE_ID:
            raise HTTPException(404, f"template {wanted.template_id} doesn't exist")
        assistant = self._store.assistants.setdefault(
            assistant_id, Assistant(name=wanted.assistant_name, template_id=wanted.template_id)
        )
        assistant.name = wanted.assistant_name
        assistant.config = config or assistant.config
        self._store.save()
        return JSONResponse({"id": assistant_id})

    async def get_assistant(self, request: Request) -> Response:
        """Whether an assistant is here."""
        self._assistant(request)
        return JSONResponse({"id": request.path_params["assistant_id"]})

    async def delete_assistant(self, request: Request) -> Response:
        """Forget an assistant with all its conversations."""
        assistant_id = request.path_params["assistant_id"]
        for conversation_id in self._assistant(request).conversations:
            self._workers.forget(assistant_id, conversation_id)
        del self._store.assistants[assistant_id]
        self._store.save()
        return Response(status_code=204)

    async def get_config(self, request: Request) -> Response:
        """The config with its schema."""
        return JSONResponse(_config_answer(self._assistant(request).config))

    async def put_config(self, request: Request) -> Response:
        """Change the config; a bad value changes nothing, and the answer says why."""
        assistant = self._assistant(request)
        wanted = await read_json(request, ConfigPut)
        try:
            assistant.config = EchoConfig.model_validate(wanted.config)
        except ValidationError as error:
            return JSONResponse(_config_answer(assistant.config, problems(error)))
        self._store.save()
        return JSONResponse(_config_answer(assistant.config))

    async def export_assistant(self, request: Request) -> Response:
        """What PUT of another assistant takes as `from_export`."""
        return _download(self._assistant(request).config.model_dump_json())

    async def put_conversation(self, request: Request) -> Response:
        """Join a conversation or learn its new title; an export replaces the echo log."""
        assistant = self._assistant(request)
        conversation_id = request.path_params["conversation_id"]
        wanted, echo_log = await read_form(request, "conversation", ConversationPut, EchoLog)
        conversation = assistant.conversations.setdefault(
            conversation_id, Conversation(title=wanted.title)
        )
        conversation.title = wanted.title
        conversation.echo_log = echo_log or conversation.echo_log
        self._store.save()
        return JSONResponse({"id": conversation_id})

    async def get_conversation(self, request: Request) -> Response:
        """Whether the assistant is in a conversation."""
        self._conversation(request)
        return JSONResponse({"id": request.path_params["conversation_id"]})

    async def delete_conversation(self, request: Request) -> Response:
        """Leave a conversation."""
        self._conversation(request)
        ids = request.path_params
        self._workers.forget(ids["assistant_id"], ids["conversation_id"])
        del self._assistant(request).conversations[ids["conversation_id"]]
        self._store.save()
        return Response(status_code=204)

    async def post_event(self, request: Request) -> Response:
        """Take an event; it is worked off after the answer, in order."""
        self._conversation(request)
        event = await read_json(request, ConversationEvent)
        ids = request.path_params
        self._workers.put(ids["assistant_id"], ids["conversation_id"], event)
        return Response(status_code=204)

    async def export_conversation(self, request: Request) -> Response:
        """What PUT of another conversation takes as `from_export`."""
        return _download(self._conversation(request).echo_log.model_dump_json())

    async def list_states(self, request: Request) -> Response:
        """The states that people can look at."""
        self._conversation(request)
        state = {
            "id": ECHO_LOG_STATE,
            "display_name": "Echo log",
            "description": "How many messages were echoed, and the last one.",
            "enabled": True,
        }
        return JSONResponse({"states": [state]})

    async def get_state(self, request: Request) -> Response:
        """The echo log."""
        return JSONResponse(_state_answer(self._state(request)))

    async def put_state(self, request: Request) -> Response:
        """Change the echo log, and tell the people in the conversation."""
        self._state(request)
        wanted = await read_json(request, StatePut)
        try:
            echo_log = EchoLog.model_validate(wanted.data)
        except ValidationError as error:
            raise HTTPException(422, explain(error)) from error
        self._conversation(request).echo_log = echo_log
        self._store.save()
        ids = request.path_params
        announcement = BackgroundTask(
            self._behaviour.announce_echo_log,
            ids["assistant_id"],
            ids["conversation_id"],
            request.headers.get("X-Request-ID", ""),
        )
        return JSONResponse(_state_answer(echo_log), background=announcement)

    def _assistant(self, request: Request) -> Assistant:
        assistant = self._store.assistants.get(request.path_params["assistant_id"])
        if assistant is None:
            raise HTTPException(404, "Assistant not found")
        return assistant

    def _conversation(self, request: Request) -> Conversation:
        conversation = self._assistant(request).conversations.get(
            request.path_params["conversation_id"]
        )
        if conversation is None:
            raise HTTPException(404, "Conversation not found")
        return conversation

    def _state(self, request: Request) -> EchoLog:
        echo_log = self._conversation(request).echo_log
        if request.path_params["state_id"] != ECHO_LOG_STATE:
            raise HTTPException(404, "State not found")
        return echo_log


async def _as_detail(_: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    return JSONResponse({"detail": error.detail}, status_code=error.status_code)


def _config_answer(config: EchoConfig, errors: list[str] | None = None) -> dict[str, Any]:
    return {
        "config": config.model_dump(),
        "errors": errors,
        "json_schema": EchoConfig.model_json_schema(),
        "ui_schema": _CONFIG_UI_SCHEMA,
    }


def _state_answer(echo_log: EchoLog) -> dict[str, Any]:
    return {
        "id": ECHO_LOG_STATE,
        "data": echo_log.model_dump(),
        "json_schema": EchoLog.model_json_schema(),
        "ui_schema": _STATE_UI_SCHEMA,
    }


def _download(content: str) -> Response:
    return Response(content, media_type="application/octet-stream")
