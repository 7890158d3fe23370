"""Exact words that are no question: staff words, form words with no form open, invitation codes.

They are read before the classifier, so that no likeness to a question can swallow them. The words themselves stand by topic
in `exact_words/`; they shape no model, so that adding one trains nothing anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import ENTITIES, INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message

from bot.assistant.exact_words import (
    alerts,
    broadcasts,
    chasing,
    desk,
    everyone,
    followups,
    knowledge,
    people,
    reports,
    summaries,
    tickets,
)
from bot.processes.definition import Process, load_processes
from bot.processes.form_words import sounds_like_question
from bot.processes.normal import normalise

# The order decides where two patterns match the same message.
COMMANDS = (
    *alerts.COMMANDS,
    *tickets.COMMANDS,
    *people.COMMANDS,
    *reports.COMMANDS,
    *followups.COMMANDS,
    *chasing.COMMANDS,
    *summaries.COMMANDS,
    *broadcasts.COMMANDS,
    *desk.COMMANDS,
    *knowledge.COMMANDS,
    *everyone.COMMANDS,
)


def read_command(text: str) -> tuple[str, dict[str, str]] | None:
    """The intent and entities of an exact command, None for anything else."""
    plain = normalise(text).strip(" 。.!！~")
    for command in COMMANDS:
        match = command.pattern.fullmatch(plain)
        if match:
            entities = {name: value.upper() for name, value in match.groupdict().items() if value}
            if "words" in entities:
                typed = command.pattern.fullmatch(text.strip()) or match
                entities["words"] = typed["words"].strip()
            return command.intent, entities
    return None


def read_start(text: str, processes: Iterable[Process]) -> str | None:
    """The start intent of a message that opens with a process's own word and goes on with values (打卡 36.5 没症状)."""
    plain = normalise(text).strip()
    for process in processes:
        for word in process.start_words:
            rest = plain.removeprefix(word)
            if rest != plain and re.match(r"[\s,:。]", rest) and not sounds_like_question(rest):
                return process.start_intent
    return None


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class CommandReader(GraphComponent):
    """Sets intent and entities of exact commands and leaves all other messages alone."""

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> CommandReader:
        """A new component; it learns nothing, the words are the code's and the process files'."""
        return cls(load_processes().values())

    def __init__(self, processes: Iterable[Process]) -> None:
        self._processes = tuple(processes)

    def process(self, messages: list[Message]) -> list[Message]:
        """Marks exact commands with confidence 1."""
        for message in messages:
            text = message.get(TEXT)
            command = read_command(text) if text else None
            if command is None:
                start = read_start(text, self._processes) if text else None
                if start is None:
                    continue
                command = start, {}
            intent, entities = command
            message.set(INTENT, {"name": intent, "confidence": 1.0}, add_to_output=True)
            message.set(
                ENTITIES,
                [
                    {"entity": name, "value": value, "start": 0, "end": len(text), "extractor": "CommandReader"}
                    for name, value in entities.items()
                ],
                add_to_output=True,
            )
        return messages
