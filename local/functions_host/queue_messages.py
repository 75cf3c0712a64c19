"""What a queue output's value becomes, and what a received message looks like to a handler."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from azure.functions.meta import Datum
from azure.storage.queue import QueueMessage


def messages_of(value: Datum) -> list[bytes]:
    """The bodies of the messages that an encoded output stands for.

    Bytes are one message as they are. A text that looks like JSON is parsed: an array becomes one
    message per element, an object is written indented; ValueError if it doesn't parse.
    """
    if value.type == "bytes":
        return [value.value]
    text: str = value.value
    if not _looks_like_json(text):
        return [text.encode()]
    content = json.loads(text)
    elements = content if isinstance(content, list) else [content]
    return [_element_text(element).encode() for element in elements]


def trigger_metadata(message: QueueMessage, body: str) -> dict[str, Datum]:
    """The trigger metadata of a received message.

    Top-level properties of a JSON object in the body lie over it, whatever their case: the real
    host does the same, so `msg.id` isn't to be relied on.
    """
    metadata = {
        "Id": Datum(message.id, "string"),
        "DequeueCount": Datum(message.dequeue_count, "int"),
        "ExpirationTime": _time(message.expires_on),
        "InsertionTime": _time(message.inserted_on),
        "NextVisibleTime": _time(message.next_visible_on),
        "PopReceipt": Datum(message.pop_receipt, "string"),
        "QueueTrigger": Datum(body, "string"),
    }
    names = {name.lower(): name for name in metadata}
    for name, value in _properties(body).items():
        metadata[names.setdefault(name.lower(), name)] = value
    return metadata


def _looks_like_json(text: str) -> bool:
    trimmed = text.strip()
    return (trimmed[:1], trimmed[-1:]) in (("{", "}"), ("[", "]"))


def _element_text(element: Any) -> str:
    if isinstance(element, str):
        return element
    if isinstance(element, (dict, list)):
        return json.dumps(element, indent=2, ensure_ascii=False)
    return _scalar_text(element)


def _scalar_text(value: Any) -> str:
    # As .NET writes them.
    if value is None:
        return ""
    if isinstance(value, bool):
        return "True" if value else "False"
    return str(value)


def _properties(body: str) -> Mapping[str, Datum]:
    if not _looks_like_json(body):
        return {}
    try:
        parsed = json.loads(body)
    except ValueError:
        return {}
    if not isinstance(parsed, dict):
        return {}
    return {
        name: Datum(json.dumps(value), "json")
        if isinstance(value, dict)
        else Datum(value if isinstance(value, str) else _scalar_text(value), "string")
        for name, value in parsed.items()
        if not isinstance(value, list)
    }


def _time(moment: datetime | None) -> Datum:
    text = moment.isoformat(timespec="seconds") if moment else None
    return Datum(json.dumps(text), "json")
