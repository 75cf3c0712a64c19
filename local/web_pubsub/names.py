"""What hubs and groups may be called."""

import re

from local.web_pubsub.errors import bad_request

_HUB_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_`,.\[\]]{0,127}")
_LONGEST_GROUP_NAME = 1024


def hub_key(name: str) -> str:
    """Give the key of a hub (its name without case); a name that is not allowed is a 400."""
    if not _HUB_NAME.fullmatch(name):
        raise bad_request(f"hub name {name!r}: a letter, then up to 127 of A-Z a-z 0-9 _`,.[]")
    return name.lower()


def group_name(name: str) -> str:
    """Give back a group's name; a blank one or one over 1024 characters is a 400."""
    if not name.strip() or len(name) > _LONGEST_GROUP_NAME:
        raise bad_request(f"group name: 1 to {_LONGEST_GROUP_NAME} characters, not blank")
    return name
