"""The state of one stand-in, and what every request handler needs to get at it."""

from dataclasses import dataclass, field

from aiohttp import web

from local.web_pubsub.faults import Faults
from local.web_pubsub.hubs import Hub, Hubs
from local.web_pubsub.names import hub_key
from local.web_pubsub.settings import Settings
from local.web_pubsub.tokens import Tokens


@dataclass
class Service:
    """Everything that lives as long as the process."""

    settings: Settings
    tokens: Tokens
    hubs: Hubs = field(default_factory=Hubs)
    faults: Faults = field(default_factory=Faults)


SERVICE: web.AppKey[Service] = web.AppKey("service", Service)


def hub_of(request: web.Request) -> Hub:
    """Give the hub that the path or the query `hub` of a request names; 400 for a bad name."""
    name = request.match_info.get("hub") or request.query.get("hub", "")
    return request.app[SERVICE].hubs.get(hub_key(name))


def url_of(request: web.Request) -> str:
    """Give the URL of a request as it was on the wire."""
    return f"{request.scheme}://{request.host}{request.raw_path}"
