"""How the tables of the field tests are read."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from bot.processes.fields import FIELD_TYPES
from bot.processes.fields.base import Choice, Context, Filled, NotThis, Reading, Spec, Unclear, Wrong

# A Saturday, the second day of the second lunar month.
NOW = datetime(2022, 3, 5, 10, 30, tzinfo=ZoneInfo("Asia/Shanghai"))
CONTEXT = Context(now=NOW, fever=37.3)

ASK, WRONG, NOTHING = "ask", "wrong", "nothing"
"""In a table of cases: Unclear, Wrong, NotThis."""

SYMPTOMS = (
    Choice("fever", "发热", ("发烧", "发高烧", "低烧")),
    Choice("cough", "咳嗽", ("咳",)),
    Choice("fatigue", "乏力", ("没力气", "没劲")),
    Choice("diarrhoea", "腹泻", ("拉肚子", "拉稀")),
    Choice("throat", "咽痛", ("嗓子疼", "喉咙痛", "嗓子痛")),
    Choice("none", "没有症状", ("无症状", "没症状")),
)
CODES = (
    Choice("green", "绿码", ("绿色", "绿")),
    Choice("yellow", "黄码", ("黄色", "黄")),
    Choice("red", "红码", ("红色", "红")),
)


def spec(label: str = "", choices: tuple[Choice, ...] = (), name: str = "field", **options: Any) -> Spec:
    return Spec(name, label, choices, options)


def outcome(reading: Reading) -> Any:
    """A reading as the tables write it: the value, or one of ASK, WRONG, NOTHING."""
    return {Unclear: ASK, Wrong: WRONG, NotThis: NOTHING}.get(type(reading)) or reading.value  # type: ignore[union-attr]


def read(kind: str, text: str, about: Spec | None = None, context: Context = CONTEXT) -> Any:
    reading = FIELD_TYPES[kind].read(text, about or spec(), context)
    check_manners(kind, reading, about or spec(), context)
    return outcome(reading)


def spot(kind: str, text: str, about: Spec | None = None, context: Context = CONTEXT) -> Any:
    reading = FIELD_TYPES[kind].spot(text, about or spec(), context)
    check_manners(kind, reading, about or spec(), context)
    return outcome(reading)


def titles(kind: str, text: str, about: Spec | None = None) -> list[str]:
    reading = FIELD_TYPES[kind].read(text, about or spec(), CONTEXT)
    assert isinstance(reading, Unclear), reading
    return [title for title, _ in reading.options]


def check_manners(kind: str, reading: Reading, about: Spec, context: Context) -> None:
    """What holds of every reading: buttons fill the field, and what is wrong comes with an example."""
    if isinstance(reading, Unclear):
        assert "例如" in reading.question
        assert len(reading.question) <= 90
        assert len(reading.options) <= 8
        for title, said in reading.options:
            again = FIELD_TYPES[kind].read(said, about, context)
            assert isinstance(again, Filled), (title, said, again)
    if isinstance(reading, Wrong):
        assert "例如" in reading.reason
        assert len(reading.reason) <= 90
