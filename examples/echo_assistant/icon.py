"""The picture of the echo assistant, as a data URL that every client can show."""

import base64

_SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="48" height="48" viewBox="0 0 48 48" '
    'fill="none" stroke="#1f5fa8" stroke-width="3" stroke-linecap="round">'
    '<circle cx="12" cy="24" r="4" fill="#1f5fa8"/>'
    '<path d="M21 16a11 11 0 0 1 0 16M28 11a18 18 0 0 1 0 26M35 6a25 25 0 0 1 0 36"/></svg>'
)

ICON = f"data:image/svg+xml;base64,{base64.b64encode(_SVG.encode()).decode()}"
