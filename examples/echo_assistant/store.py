"""Keeps the assistants of the service: in memory, and in a JSON file if there is one."""

import os
from pathlib import Path

from pydantic import TypeAdapter

from examples.echo_assistant.models import Assistant, Conversation

_ASSISTANTS = TypeAdapter(dict[str, Assistant])


class AssistantStore:
    """The assistants by id. Whoever changes one calls `save`."""

    def __init__(self, data_file: Path | None) -> None:
        self._data_file = data_file
        self.assistants: dict[str, Assistant] = {}
        if data_file and data_file.exists():
            self.assistants = _ASSISTANTS.validate_json(data_file.read_bytes())

    def conversation(self, assistant_id: str, conversation_id: str) -> Conversation | None:
        """An assistant's conversation, or None if either is unknown."""
        assistant = self.assistants.get(assistant_id)
        return assistant.conversations.get(conversation_id) if assistant else None

    def save(self) -> None:
        """Write everything to the file; a crash leaves the old content or the new."""
        if self._data_file is None:
            return
        self._data_file.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self._data_file.with_name(f".{self._data_file.name}.{os.getpid()}")
        unfinished.write_bytes(_ASSISTANTS.dump_json(self.assistants, indent=2))
        unfinished.replace(self._data_file)
