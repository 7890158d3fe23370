"""What one sender of the bench says, and what each reply must hold to count: a bench that measures errors is worthless."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bot.knowledge.entries import load_entries

Reply = list[dict[str, Any]]

# Whole check-ins of three to seven messages: what is said, and the field that the form then asks for. One of them, and
# so every fifth check-in, ends in an alert.
CHECK_INS: tuple[tuple[tuple[str, str], ...], ...] = (
    (("打卡", "temperature"), ("一切正常", "confirm"), ("确认提交", "")),
    (("打卡", "temperature"), ("36.5 没症状 在家 绿码", "contact"), ("没有", "confirm"), ("确认提交", "")),
    (
        ("打卡", "temperature"),
        ("36.4", "symptoms"),
        ("没有症状", "where"),
        ("在家 绿码 没接触", "confirm"),
        ("确认提交", ""),
    ),
    (
        ("打卡", "temperature"),
        ("38.2", "symptoms"),
        ("发烧 咳嗽", "where"),
        ("在单位", "health_code"),
        ("绿码 没接触", "confirm"),
        ("确认提交", ""),
    ),
    (
        ("打卡", "temperature"),
        ("36.6", "symptoms"),
        ("没有症状", "where"),
        ("在家", "health_code"),
        ("绿码", "contact"),
        ("没有", "confirm"),
        ("确认提交", ""),
    ),
)
_OTHERS = (("你好", "offers"), ("帮助", "offers"), ("谢谢", ""))


@dataclass(frozen=True)
class Said:
    """One message; `right` tells whether its reply is what it should be."""

    kind: str
    text: str
    right: Callable[[Reply], bool]


def scripts(senders: int, seed: int) -> list[list[Said]]:
    """What each sender says in one round: four questions, one check-in, one other message; in sum 40 %, 50 %, 10 %.

    One of the questions is put in the midst of the check-in, as people do.
    """
    dice = random.Random(seed)
    questions = [(entry.title, entry.id) for entry in load_entries().values()]
    made = []
    for number in range(senders):
        check_in = [_turn(text, field) for text, field in CHECK_INS[number % len(CHECK_INS)]]
        asked = [_question(*question) for question in dice.sample(questions, 4)]
        check_in.insert(dice.randrange(1, len(check_in)), asked.pop())
        other = _other(*_OTHERS[number % len(_OTHERS)])
        blocks: list[Sequence[Said]] = [check_in, [other], *([question] for question in asked)]
        dice.shuffle(blocks)
        made.append([said for block in blocks for said in block])
    return made


def _turn(text: str, field: str) -> Said:
    def right(reply: Reply) -> bool:
        custom = reply[-1].get("custom", {})
        filed = field or "打卡成功" in reply[-1]["text"]
        return bool(filed) and custom.get("process") == "daily_report" and custom.get("field", "") == field

    return Said("check-in", text, right)


def _question(title: str, entry: str) -> Said:
    return Said(
        "question",
        title,
        lambda reply: reply[0].get("custom", {}).get("entry") == entry and "\n依据：" in reply[0]["text"],
    )


def _other(text: str, holds: str) -> Said:
    return Said(
        "other", text, lambda reply: (holds in reply[0].get("custom", {})) if holds else "不客气" in reply[0]["text"]
    )
