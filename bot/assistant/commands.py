"""Exact words that are no question: staff words, form words with no form open, invitation codes.

They are read before the classifier, so that no likeness to a question can swallow them. Words that only a form
understands while it is open (bot/processes/dialogue.py) get the intent `stray`, which the form never looks at.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import ENTITIES, INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message

from bot.processes.definition import Process, load_processes
from bot.processes.form_words import sounds_like_question
from bot.processes.normal import normalise

_STRAY = (
    "取消",
    "不填了",
    "上一步",
    "返回上一步",
    "确认",
    "确认提交",
    "提交",
    "继续",
    "继续填",
    "重新开始",
    "重填",
    "修改",
    "同昨天",
    "和昨天一样",
    "跟昨天一样",
    "同意",
    "不同意",
    "刚才填错了",
    "填错了",
    "跳过",
)


@dataclass(frozen=True)
class Command:
    """A whole message that matches `pattern` has the intent `intent`; named groups become entities.

    The pattern is read against the normalised text. A group `words` is free text, which is kept as it was typed.
    """

    intent: str
    pattern: re.Pattern[str]


_NUMBER = r"[#＃]?\s*(?P<code>[0-9]{1,9})"
_WORDS = r"[\s:：,，]+(?P<words>.+)"
_ENTRY = r"[#＃]?\s*(?P<code>[A-Za-z][A-Za-z0-9_-]{0,30})"

COMMANDS = (
    Command(
        "handle_alert",
        re.compile(r"(?P<verb>收到|已处理|处理完|查看|打开)\s*[#＃]?\s*(?P<code>[A-Z0-9]{4})", re.IGNORECASE),
    ),
    Command("handle_alert", re.compile(r"(?P<verb>收到|已处理|待处理)")),
    Command("handle_alert", re.compile(r"(?P<verb>待处理)(?:预警|的预警)?")),
    Command("bind", re.compile(r"(?:绑定|邀请码)\s*[:：]?\s*(?P<code>[A-Z0-9]{4}-?[A-Z0-9]{4})", re.IGNORECASE)),
    Command("bind", re.compile(r"(?:绑定|邀请码|我要绑定)")),
    Command("help", re.compile(r"(?:帮助|菜单|功能|help|\?|能做什么|你会什么|怎么用)", re.IGNORECASE)),
    Command("person", re.compile(r"(?:转人工|人工|人工客服|找人工|找网格员)")),
    Command(
        "leave_person",
        re.compile(r"(?:退出|结束|关闭|离开)人工(?:服务|客服|对话)?|不用(?:人工)?了(?:,?谢谢[你您了]?)?"),
    ),
    Command("handle_ticket", re.compile(r"(?P<verb>工单|查看工单|接单|结束工单)")),
    Command("handle_ticket", re.compile(rf"(?P<verb>查看工单|接单|结束(?:工单)?)\s*{_NUMBER}")),
    # 回复 12 您好, and 回复 您好; 回复 12点来 has no number of a ticket
    Command("handle_ticket", re.compile(rf"(?P<verb>回复)\s*{_NUMBER}(?:{_WORDS})?", re.DOTALL)),
    Command("handle_ticket", re.compile(rf"(?P<verb>回复)(?:{_WORDS})?", re.DOTALL)),
    Command("feedback", re.compile(r"(?P<verb>有用|没用|换个问法)")),
    Command("keep_knowledge", re.compile(r"(?P<verb>待答)\s*(?P<code>[0-9]{1,4})?")),
    Command("keep_knowledge", re.compile(rf"(?P<verb>忽略)\s*{_NUMBER}")),
    Command("keep_knowledge", re.compile(rf"(?P<verb>答复)\s*{_NUMBER}(?:{_WORDS})?", re.DOTALL)),
    Command("keep_knowledge", re.compile(rf"(?P<verb>看答|版本|停用|用文件|用修改)\s*{_ENTRY}")),
    Command("keep_knowledge", re.compile(rf"(?P<verb>改答|加问法|有效期|恢复)\s*{_ENTRY}(?:{_WORDS})?", re.DOTALL)),
    Command("keep_knowledge", re.compile(r"(?P<verb>确认修改|保留其余|放弃)")),
    Command("withdraw_consent", re.compile(r"(?:撤回|取消|收回)(?:我的)?(?:知情)?同意")),
    Command("out_of_scope", re.compile(r"都不是")),  # the last button under entries that are offered
    Command("stray", re.compile("|".join(map(re.escape, _STRAY)))),
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
