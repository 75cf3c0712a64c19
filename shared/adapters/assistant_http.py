"""Calls to assistant services, exactly as existing ones expect them."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, urlsplit
from uuid import UUID

from pydantic import BaseModel, ValidationError

from shared import invocation, telemetry
from shared.adapters.api_keys import ApiKeyStore
from shared.adapters.lazy import Lazy
from shared.contracts.assistant_service import (
    AssistantPutRequest,
    AssistantTemplate,
    ConfigPutRequest,
    ConfigResponse,
    ConversationPutRequest,
    LegacyServiceInfo,
    ServiceInfo,
    StateDescriptionList,
    StatePutRequest,
    StateResponse,
)
from shared.contracts.events import ConversationEvent
from shared.domain.registrations import Registration
from shared.errors import AssistantFailure, AssistantUnreachable

if TYPE_CHECKING:
    import httpx

ModelT = TypeVar("ModelT", bound=BaseModel)

SUCCESS = 200
REDIRECTION = 300
NOT_FOUND = 404
CONNECT_RETRIES = 3
MAX_CONNECTIONS = 200
STREAM_BYTES = 64 * 1024

MAX_ANSWER_BYTES = 32 * 1024 * 1024
"""What an assistant may answer, unless it exports something."""

LONGEST_CALL_SECONDS = 120
"""Longer than the time limits below add up to; what answers byte by byte ends here."""


@dataclass(frozen=True)
class Exported:
    """What a service exported before, under the file name that it is sent back with."""

    filename: str
    data: IO[bytes]

    @property
    def parts(self) -> dict[str, tuple[str, IO[bytes], str]]:
        """The file part of a multipart form."""
        return {"from_export": (self.filename, self.data, "application/octet-stream")}


@dataclass(frozen=True)
class _Answer:
    """What a service answered, read to its end."""

    status: int
    content: bytes
    encoding: str
    url: str

    @property
    def text(self) -> str:
        """The content as text; what is none is replaced."""
        return self.content.decode(self.encoding, errors="replace")


class AssistantServices:
    """One HTTP client for all assistant services; every call names the registration it goes to.

    All methods raise AssistantUnreachable on transport faults and on answers that make no
    sense, are too large or don't end, AssistantFailure on any answer but 2xx.
    """

    def __init__(self, api_keys: ApiKeyStore) -> None:
        self._api_keys = api_keys
        self._http = Lazy(_new_http_client)

    async def info(self, service: Registration) -> ServiceInfo:
        """What the service says of itself; one without templates gets a template `default`."""
        response = await self._call(service, "GET", "/")
        try:
            return ServiceInfo.model_validate_json(response.content)
        except ValidationError:
            return _with_template(_parse(LegacyServiceInfo, response))

    async def put_assistant(
        self,
        service: Registration,
        assistant_id: UUID,
        request: AssistantPutRequest,
        from_export: Exported | None = None,
    ) -> None:
        """Create an assistant at its service, or tell it of a new name."""
        form = {"assistant": request.model_dump_json()}
        files = from_export.parts if from_export else None
        await self._call(service, "PUT", f"/{assistant_id}", data=form, files=files)

    async def delete_assistant(self, service: Registration, assistant_id: UUID) -> None:
        """Remove an assistant from its service; one that it doesn't know is fine."""
        await self._delete(service, f"/{assistant_id}")

    async def get_config(self, service: Registration, assistant_id: UUID) -> ConfigResponse:
        """An assistant's configuration."""
        response = await self._call(service, "GET", f"/{assistant_id}/config")
        return _parse(ConfigResponse, response)

    async def put_config(
        self, service: Registration, assistant_id: UUID, request: ConfigPutRequest
    ) -> ConfigResponse:
        """Change an assistant's configuration."""
        path = f"/{assistant_id}/config"
        response = await self._call(service, "PUT", path, json=request.model_dump(mode="json"))
        return _parse(ConfigResponse, response)

    async def put_conversation(
        self,
        service: Registration,
        assistant_id: UUID,
        request: ConversationPutRequest,
        from_export: Exported | None = None,
    ) -> None:
        """Tell an assistant of a conversation that it takes part in."""
        path = _conversation_path(assistant_id, request.id)
        form = {"conversation": request.model_dump_json()}
        files = from_export.parts if from_export else None
        await self._call(service, "PUT", path, data=form, files=files)

    def export_assistant(self, service: Registration, assistant_id: UUID) -> AsyncIterator[bytes]:
        """What the service exports of an assistant, chunk by chunk."""
        return self._stream(service, f"/{assistant_id}/export-data")

    def export_conversation(
        self, service: Registration, assistant_id: UUID, conversation_id: UUID
    ) -> AsyncIterator[bytes]:
        """What the service exports of an assistant's conversation, chunk by chunk."""
        path = _conversation_path(assistant_id, conversation_id)
        return self._stream(service, f"{path}/export-data")

    async def delete_conversation(
        self, service: Registration, assistant_id: UUID, conversation_id: UUID
    ) -> None:
        """Tell an assistant that it left a conversation; one that it doesn't know is fine."""
        await self._delete(service, _conversation_path(assistant_id, conversation_id))

    async def post_event(
        self, service: Registration, assistant_id: UUID, event: ConversationEvent
    ) -> None:
        """Deliver one event, under the correlation id of the request that caused it."""
        await self._call(
            service,
            "POST",
            f"{_conversation_path(assistant_id, event.conversation_id)}/events",
            content=event.model_dump_json().encode(),
            headers={
                "Content-Type": "application/json",
                "X-Request-ID": event.correlation_id,
            },
        )

    async def list_states(
        self, service: Registration, assistant_id: UUID, conversation_id: UUID
    ) -> StateDescriptionList:
        """The states that an assistant offers in a conversation."""
        path = f"{_conversation_path(assistant_id, conversation_id)}/states"
        return _parse(StateDescriptionList, await self._call(service, "GET", path))

    async def get_state(
        self, service: Registration, assistant_id: UUID, conversation_id: UUID, state_id: str
    ) -> StateResponse:
        """One state."""
        path = _state_path(assistant_id, conversation_id, state_id)
        return _parse(StateResponse, await self._call(service, "GET", path))

    async def put_state(
        self,
        service: Registration,
        assistant_id: UUID,
        conversation_id: UUID,
        state_id: str,
        request: StatePutRequest,
    ) -> StateResponse:
        """Change one state."""
        path = _state_path(assistant_id, conversation_id, state_id)
        response = await self._call(service, "PUT", path, json=request.model_dump(mode="json"))
        return _parse(StateResponse, response)

    async def close(self) -> None:
        """Close the client's connections."""
        if self._http.existing is not None:
            await self._http.existing.aclose()

    async def _delete(self, service: Registration, path: str) -> None:
        try:
            await self._call(service, "DELETE", path)
        except AssistantFailure as error:
            if error.status != NOT_FOUND:
                raise

    async def _call(
        self,
        service: Registration,
        method: str,
        path: str,
        *,
        headers: dict[str, str] | None = None,
        **content: Any,
    ) -> "_Answer":
        http = await self._http.get()
        url = _url(service, path)
        sent = {**await self._headers(service), **(headers or {})}
        # Sending what was exported before takes as long as it takes.
        longest = None if content.get("files") else LONGEST_CALL_SECONDS
        with _calling(method, url, sent), _reaching(url):
            sent |= telemetry.trace_headers()
            async with (
                asyncio.timeout(longest),
                http.stream(method, url, headers=sent, **content) as response,
            ):
                telemetry.note_status(response.status_code)
                answer = await _read(response)
        _check(answer)
        return answer

    async def _stream(self, service: Registration, path: str) -> AsyncIterator[bytes]:
        http = await self._http.get()
        url = _url(service, path)
        headers = await self._headers(service) | telemetry.trace_headers()
        with _reaching(url):
            async with http.stream("GET", url, headers=headers) as response:
                if not response.is_success:
                    _check(await _read(response))
                async for chunk in response.aiter_bytes(STREAM_BYTES):
                    yield chunk

    async def _headers(self, service: Registration) -> dict[str, str]:
        key = await self._api_keys.get(service.api_key_name) or ""
        return {"X-API-Key": quote(key), "X-Request-ID": invocation.current().correlation_id}


def _url(service: Registration, path: str) -> str:
    return f"{service.url.rstrip('/')}{path}"


def _calling(method: str, url: str, headers: Mapping[str, str]) -> AbstractContextManager[object]:
    """A span that names the service by its host: paths hold what only it should know."""
    return telemetry.calling(
        f"assistant {method}",
        **{
            "http.request.method": method,
            "server.address": _host_of(url),
            telemetry.CORRELATION_ID: headers["X-Request-ID"],
        },
    )


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:  # no address at all: the request will say so
        return ""


@contextmanager
def _reaching(url: str) -> Iterator[None]:
    import httpx

    try:
        yield
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
        raise AssistantUnreachable(
            f"Failed to connect to assistant at url {url}; {type(error).__name__}: {error}"
        ) from error


async def _read(response: "httpx.Response") -> _Answer:
    """The answer, as long as it is of a size that fits into memory many times over."""
    content = bytearray()
    async for chunk in response.aiter_bytes(STREAM_BYTES):
        content += chunk
        if len(content) > MAX_ANSWER_BYTES:
            raise AssistantUnreachable(
                f"Assistant responded with more than {MAX_ANSWER_BYTES} bytes at url {response.url}"
            )
    return _Answer(
        response.status_code, bytes(content), response.encoding or "utf-8", str(response.url)
    )


def _check(answer: _Answer) -> None:
    if not SUCCESS <= answer.status < REDIRECTION:
        raise AssistantFailure(answer.status, answer.text)


def _conversation_path(assistant_id: UUID, conversation_id: UUID) -> str:
    return f"/{assistant_id}/conversations/{conversation_id}"


def _state_path(assistant_id: UUID, conversation_id: UUID, state_id: str) -> str:
    return f"{_conversation_path(assistant_id, conversation_id)}/states/{quote(state_id, safe='')}"


def _parse(model: type[ModelT], answer: _Answer) -> ModelT:
    try:
        return model.model_validate_json(answer.content)
    except ValidationError as error:
        raise AssistantUnreachable(
            f"Assistant responded with an invalid {model.__name__} at url {answer.url}"
        ) from error


def _with_template(legacy: LegacyServiceInfo) -> ServiceInfo:
    template = AssistantTemplate(
        id="default",
        name=legacy.name,
        description=legacy.description,
        config=legacy.default_config,
    )
    return ServiceInfo(
        assistant_service_id=legacy.assistant_service_id,
        name=legacy.name,
        templates=[template],
        metadata=legacy.metadata,
    )


async def _new_http_client() -> "httpx.AsyncClient":
    """Time limits and retries are the reference's: assistants were written with them in mind.

    Cookies are never kept: the client is shared, and one service's must not reach another.
    """
    from http.cookiejar import CookieJar, DefaultCookiePolicy

    import httpx

    return httpx.AsyncClient(
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        timeout=httpx.Timeout(connect=10.0, read=60.0, write=5.0, pool=5.0),
        transport=httpx.AsyncHTTPTransport(
            retries=CONNECT_RETRIES,
            limits=httpx.Limits(max_connections=MAX_CONNECTIONS, max_keepalive_connections=50),
        ),
    )
