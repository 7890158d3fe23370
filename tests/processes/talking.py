"""A person in talk with a form: `talk("daily_report", "打卡", "36.5")` says these things one after the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from bot.processes import dialogue
from bot.processes.definition import Process, load_processes
from bot.processes.dialogue import Meaning, Step
from bot.processes.draft import Draft
from bot.processes.fields.base import Choice
from bot.processes.rules import World, holds

# A Thursday, the 18th of the twelfth lunar month.
NOW = datetime(2022, 1, 20, 10, 30, tzinfo=ZoneInfo("Asia/Shanghai"))
GRIDS = (
    *(Choice(str(n), f"第{name}网格", (f"{name}网格",)) for n, name in enumerate("一二三四", 1)),
    Choice("unknown", "不清楚", ("不知道",)),
)
PROCESSES: dict[str, Process] = {
    name: process.with_choices({"grids": GRIDS}) for name, process in load_processes().items()
}


class FewRisks:
    """西安 has districts at risk: 雁塔区 high, 未央区 medium."""

    def level(self, place: Mapping[str, Any] | None) -> str:
        code = str((place or {}).get("code", ""))
        listed = (("610113", "high"), ("610112", "medium"), ("6101", "key_city"))
        return next((level for head, level in listed if code.startswith(head)), "")


def world(now: datetime = NOW) -> World:
    return World(now, 37.3, FewRisks())


@dataclass
class Talk:
    """One form and what has been said in it."""

    process: Process
    previous: Mapping[str, Any] | None = None
    now: datetime = NOW
    step: Step | None = None
    known: Mapping[str, Any] = field(default_factory=dict)

    def say(self, *texts: str, meaning: Meaning | None = None) -> Talk:
        for text in texts:
            if self.step is None:
                self.step = dialogue.begin(self.process, text, None, self.known, world(self.now), self.previous)
            else:
                self.step = dialogue.hear(
                    self.process, self.draft, text, meaning or Meaning(), world(self.now), self.previous
                )
            self._check_manners()
        return self

    def ask(self, question: str) -> Talk:
        """Asks the assistant something; it answers, and the form asks again."""
        self.say(question, meaning=Meaning(aside=True, certain=True))
        assert self.step is not None
        assert self.step.end == "aside"
        self.step = dialogue.ask_again(self.process, self.draft, world(self.now))
        return self

    @property
    def draft(self) -> Draft:
        assert self.step is not None
        return self.step.draft

    @property
    def asked(self) -> str:
        return self.draft.asked

    @property
    def values(self) -> dict[str, Any]:
        return dict(self.draft.values)

    @property
    def text(self) -> str:
        assert self.step is not None
        return "\n".join(line.text for line in self.step.lines)

    @property
    def buttons(self) -> list[str]:
        assert self.step is not None
        return [title for title, _ in self.step.lines[-1].options]

    @property
    def end(self) -> str | None:
        assert self.step is not None
        return self.step.end

    @property
    def filed(self) -> dict[str, Any]:
        return dialogue.final_values(self.process, self.draft, world(self.now))

    def _check_manners(self) -> None:
        assert self.step is not None
        for line in self.step.lines:
            assert line.text.strip()
            assert len(line.options) <= 11
            assert "None" not in line.text
            assert len(line.text.encode()) < 2048
        if self.step.end is None:
            assert self.draft.asked


def talk(process: str, *texts: str, **more: Any) -> Talk:
    return Talk(PROCESSES[process], **more).say(*texts)


def measures(process: str, values: Mapping[str, Any], now: datetime = NOW) -> list[str]:
    chosen = PROCESSES[process]
    known = {name: values.get(name) for name in chosen.by_name}
    return [measure.id for measure in chosen.measures if holds(measure.when, known, world(now))]


def alerts(process: str, values: Mapping[str, Any], now: datetime = NOW) -> list[str]:
    chosen = PROCESSES[process]
    known = {name: values.get(name) for name in chosen.by_name}
    return [rule.id for rule in chosen.alerts if holds(rule.when, known, world(now))]


# An answer to every field of every process, in the words of a person.
ANSWERS = {
    "daily_report": {
        "temperature": "36.5",
        "symptoms": "咳嗽",
        "where": "在外地",
        "away_place": "四川成都",
        "health_code": "绿码",
        "contact": "没有",
    },
    "return_declaration": {
        "name": "王小明",
        "phone": "13812345678",
        "kind": "返乡",
        "from_place": "陕西西安",
        "region_risk": "不是",
        "passed_places": "四川成都",
        "arrival_date": "昨天",
        "transport": "高铁 G1234",
        "health_code": "绿码",
        "travel_card": "绿",
        "test_result": "阴性",
        "test_time": "昨天下午3点",
        "port_days_over": "满了",
        "isolated_now": "不在",
        "fever_contact": "有",
        "fever_contact_date": "前天",
        "contact_cleared": "还没有",
        "grid": "第三网格",
        "address": "幸福小区3号楼2单元501",
    },
}


def up_to(process: str, name: str, **more: Any) -> Talk:
    """The talk when the form asks this field, all before it answered."""
    return Talk(PROCESSES[process], step=_step_at(process, name), **more)


@cache
def _step_at(process: str, name: str) -> Step:
    said = ANSWERS[process]
    if name == "port_days_over":
        said = {**said, "from_place": "缅甸"}
    talked = talk(process, PROCESSES[process].start_words[0])
    while talked.asked != name:
        assert talked.asked in said, (talked.asked, talked.text)
        talked.say(said[talked.asked])
    assert talked.step is not None
    return talked.step


def filled_in(process: str, **more: Any) -> Talk:
    """The talk at its summary."""
    return up_to(process, "confirm", **more)


EVERY_FIELD = [(process, name) for process, said in ANSWERS.items() for name in said]
