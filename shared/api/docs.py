"""The API's description and a page to read it, both made when they are first asked for."""

import asyncio
import gzip
import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import azure.functions as func

from shared.api.endpoint import new_router
from shared.api.openapi.described import Described
from shared.errors import NotFound

router = new_router()

HIDDEN = Described(hidden=True)
VIEWER = Path(__file__).parent / "viewer"
ASSETS = {
    "favicon-32x32.png": "image/png",
    "start.js": "text/javascript",
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
}
PAGE = "index.html"
ASSET_SECONDS = 24 * 3600

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline';"
    " img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'"
)
"""The page loads nothing from elsewhere, and nobody frames it: people paste tokens into it."""


@dataclass(frozen=True)
class Content:
    """Something that stays the same as long as the process lives, plain and compressed."""

    media: str
    plain: bytes
    compressed: bytes
    tag: str

    @staticmethod
    def of(media: str, plain: bytes) -> "Content":
        """Content with its ETag."""
        tag = hashlib.sha256(plain).hexdigest()[:32]
        return Content(media, plain, gzip.compress(plain, mtime=0), tag)


@router.get("openapi.json", name="docs_openapi", anonymous=True, docs=HIDDEN)
async def get_openapi(request: func.HttpRequest) -> func.HttpResponse:
    """Get the description of the API in OpenAPI 3.1."""
    return _respond(request, await asyncio.to_thread(_description), "no-cache")


@router.get("docs", name="docs_page", anonymous=True, docs=HIDDEN)
async def get_page(request: func.HttpRequest) -> func.HttpResponse:
    """Get a page that shows the description of the API."""
    page = await asyncio.to_thread(_file, PAGE, "text/html")
    response = _respond(request, page, "no-cache")
    response.headers["Content-Security-Policy"] = PAGE_POLICY
    return response


@router.get("docs/{asset}", name="docs_asset", anonymous=True, docs=HIDDEN)
async def get_asset(request: func.HttpRequest, asset: str) -> func.HttpResponse:
    """Get a script, style or image of that page."""
    if asset not in ASSETS:
        raise NotFound
    content = await asyncio.to_thread(_file, asset, ASSETS[asset])
    return _respond(request, content, f"public, max-age={ASSET_SECONDS}")


@cache
def _description() -> Content:
    from shared.api.openapi.document import document
    from shared.api.routes import ROUTES

    text = json.dumps(document(ROUTES), ensure_ascii=False, separators=(",", ":"))
    return Content.of("application/json", text.encode())


@cache
def _file(name: str, media: str) -> Content:
    return Content.of(media, (VIEWER / name).read_bytes())


def _respond(request: func.HttpRequest, content: Content, caching: str) -> func.HttpResponse:
    """The content, compressed for who takes that; 304 for who has it already."""
    compresses = "gzip" in request.headers.get("accept-encoding", "")
    tag = f'"{content.tag}{"-gzip" if compresses else ""}"'
    headers = {
        "ETag": tag,
        "Cache-Control": caching,
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
    }
    if tag in request.headers.get("if-none-match", ""):
        return func.HttpResponse(status_code=304, headers=headers)
    if compresses:
        headers["Content-Encoding"] = "gzip"
    body = content.compressed if compresses else content.plain
    return func.HttpResponse(body, headers=headers, mimetype=content.media)
