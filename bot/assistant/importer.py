"""Compiles the content (knowledge entries, process files) into what Rasa trains on: examples, domain, rules.

Named in config.yml. With `importers:` set Rasa sees only what this class reads, so it also reads nlu_data/nlu and
nlu_data/rules, which are plain Rasa files.
"""

from __future__ import annotations

from typing import Any

from rasa.shared.core.domain import Domain
from rasa.shared.core.training_data.story_reader.yaml_story_reader import YAMLStoryReader
from rasa.shared.core.training_data.structures import StoryGraph
from rasa.shared.importers.importer import TrainingDataImporter
from rasa.shared.importers.rasa import RasaFileImporter
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.assistant.slots import FieldSlot
from bot.assistant.understanding import ASK
from bot.content import content_dir
from bot.knowledge.answering import whole_table
from bot.knowledge.entries import Entry
from bot.knowledge.snapshot import entries_to_train
from bot.processes.definition import Process, load_processes


class ContentImporter(TrainingDataImporter):
    """Reads the whole of nlu_data/, whatever paths Rasa's command line names."""

    def __init__(
        self,
        config_file: str | None = None,
        domain_path: str | None = None,
        training_data_paths: list[str] | str | None = None,
    ) -> None:
        self._files = RasaFileImporter(
            config_file, domain_path, [str(content_dir() / "nlu"), str(content_dir() / "rules")]
        )
        self._processes = load_processes()
        self._entries = entries_to_train()

    def get_config(self) -> dict[str, Any]:
        """config.yml as it stands."""
        return self._files.get_config()

    def get_config_file_for_auto_config(self) -> str | None:
        """config.yml."""
        return self._files.get_config_file_for_auto_config()

    def get_nlu_data(self, language: str | None = "en") -> TrainingData:
        """The examples of nlu_data/nlu, of every entry and of every process."""
        return self._files.get_nlu_data(language).merge(
            TrainingData(
                [*_entry_examples(self._entries), *_process_examples(self._processes)],
                # Rasa wants a response for each retrieval intent; the action renders the entry itself
                responses={f"utter_{ASK}/{entry.id}": [{"text": entry.title}] for entry in self._entries.values()},
            )
        )

    def get_domain(self) -> Domain:
        """domain.yml and what the processes add: intents, slots, forms, validation actions."""
        return self._files.get_domain().merge(Domain.from_dict(process_domain(self._processes)))

    def get_stories(self, exclusion_percentage: int | None = None) -> StoryGraph:
        """The rules of nlu_data/rules and those that open and close each form."""
        reader = YAMLStoryReader()
        steps = reader.read_from_parsed_yaml(process_rules(self._processes))
        return self._files.get_stories(exclusion_percentage).merge(StoryGraph(steps))

    def get_conversation_tests(self) -> StoryGraph:
        """None: conversations are tested through the service (tests/conversations)."""
        return StoryGraph([])


def _entry_examples(entries: dict[str, Entry]) -> list[Message]:
    return [
        Message.build(text=text, intent=f"{ASK}/{entry.id}")
        for entry in entries.values()
        for text in dict.fromkeys((entry.title, *entry.ask, *((whole_table(entry),) if entry.rows else ())))
    ]


def _process_examples(processes: dict[str, Process]) -> list[Message]:
    return [
        Message.build(text=text, intent=process.start_intent)
        for process in processes.values()
        for text in dict.fromkeys((*process.start_words, *process.start_asks, *(s.title for s in process.shortcuts)))
    ]


def process_domain(processes: dict[str, Process]) -> dict[str, Any]:
    """The domain of the processes. Slots do not influence the conversation: rules look at the open form alone."""
    names = {p.id: [p.slot(name) for name in (*p.by_name, "draft")] for p in processes.values()}
    return {
        "intents": [{p.start_intent: {"use_entities": []}} for p in processes.values()],
        "slots": {name: _slot() for of_one in names.values() for name in of_one},
        "forms": {p.form: {"required_slots": names[p.id]} for p in processes.values()},
        "actions": [f"validate_{p.form}" for p in processes.values()],
    }


def _slot() -> dict[str, Any]:
    # a new one each time: Rasa takes the keys out of the dict that it is given
    return {"type": FieldSlot.type_name, "influence_conversation": False, "mappings": [{"type": "custom"}]}


def process_rules(processes: dict[str, Process]) -> dict[str, Any]:
    """Two rules a process: its intent opens its form; once the form is done the assistant listens again."""
    rules = []
    for process in processes.values():
        rules.append(
            {
                "rule": f"open {process.id}",
                "steps": [{"intent": process.start_intent}, {"action": process.form}, {"active_loop": process.form}],
            }
        )
        rules.append(
            {
                "rule": f"close {process.id}",
                "condition": [{"active_loop": process.form}],
                "steps": [{"action": process.form}, {"active_loop": None}],
            }
        )
    return {"version": "3.1", "rules": rules}
