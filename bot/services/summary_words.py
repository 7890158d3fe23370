"""Figures in words, as pushes and chats show them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date

from bot.processes.definition import Process
from bot.processes.duties import Check
from bot.processes.fields.date import titled
from bot.services.figures import Count, Figures, Unit

UNITS_SHOWN = 12  # a WeChat text holds some 600 characters
_TOLD = re.compile(r"[{（(：:]")


def rule_title(process: Process, rule_id: str) -> str:
    """An alert rule in a word or two: what its text says before the value (体温, 有症状, 健康码)."""
    text = next((rule.text for rule in process.alerts if rule.id == rule_id), rule_id)
    return _TOLD.split(text)[0].strip(" ，,").removesuffix("为") or rule_id


def measure_title(processes: Mapping[str, Process], key: str) -> str:
    """What a returnee was told, in a word or two, by the key that `Figures.returnees` has."""
    process_id, _, measure_id = key.partition("/")
    process = processes.get(process_id)
    text = next((m.text for m in process.measures if m.id == measure_id), "") if process else ""
    return _TOLD.split(text)[0].strip() or "没有特别措施"


def summary_text(
    processes: Mapping[str, Process],
    process: Process,
    title: str,
    day: date,
    today: date,
    checks: Sequence[Check],
    figures: Figures,
    names: str = "",
) -> str:
    """One place's figures. `title` is the place with the kind of summary; `names` says who is missing, for who may read it."""
    lines = [f"【{title}】{titled(day, today)}"]
    shown = [(check, figures.checks[check.id]) for check in checks if check.id in figures.checks]
    lines += [count_line(check.title, count) for check, count in shown] or ["没有要报的人。"]
    if names:
        lines.append(names)
    lines.append(_abnormal(process, figures))
    lines.append(f"预警：未关闭{figures.alerts_open}条，当天关闭{figures.alerts_closed}条")
    if figures.returnees:
        told = Counter[str]()
        for key, people in figures.returnees.items():
            told[measure_title(processes, key)] += people
        parts = "、".join(f"{words}{people}" for words, people in told.items())
        lines.append(f"返回申报{sum(told.values())}人：{parts}")
    if figures.zero_reports:
        lines.append(f"零报告：{figures.zero_reports}处")
    if marked := sum(count.marked for _, count in shown):
        lines.append(f"建议留意的上报{marked}份（内容多日不变或填报过快，不代表有问题）")
    lines += unit_lines(checks, figures.units)
    return "\n".join(lines)


def count_line(title: str, count: Count) -> str:
    """One check in figures; what is nought and says nothing is left out."""
    line = f"{title}：应报{count.expected}，已报{count.reported}，未报{count.missing}"
    more = [
        f"{words}{people}"
        for words, people in (("缺勤", count.absent), ("迟报", count.late), ("更正", count.corrected))
        if people
    ]
    return f"{line}（{'，'.join(more)}）" if more else line


def _abnormal(process: Process, figures: Figures) -> str:
    if not figures.abnormal_people:
        return "异常：0人"
    parts = "、".join(f"{rule_title(process, rule)}{people}" for rule, people in figures.abnormal.items())
    return f"异常：{figures.abnormal_people}人（{parts}）"


def unit_lines(checks: Sequence[Check], units: Sequence[Unit]) -> list[str]:
    """A line for each unit, those with most to do first; cut, and said so."""
    if not units:
        return []
    rows = []
    for unit in units:
        counts = [unit.checks[check.id] for check in checks if check.id in unit.checks]
        missing = sum(count.missing for count in counts)
        line = f"・{unit.name}：应报{sum(c.expected for c in counts)}，未报{missing}"
        rows.append((missing, unit.abnormal, f"{line}，异常{unit.abnormal}" if unit.abnormal else line))
    ordered = sorted(rows, key=lambda row: (-row[1], -row[0]))
    cut = [f"…另有{len(rows) - UNITS_SHOWN}处，见表格"] if len(rows) > UNITS_SHOWN else []
    return ["各单位：", *(line for *_, line in ordered[:UNITS_SHOWN]), *cut]


def changes(process: Process, before: Figures, after: Figures) -> list[str]:
    """What is different now from the figures that were sent, as 已报+2."""
    titles = {check.id: check.title for check in process.checks}
    found = []
    for check in dict.fromkeys([*before.checks, *after.checks]):
        old, new = before.checks.get(check, Count()), after.checks.get(check, Count())
        pairs = (
            ("应报", old.expected, new.expected),
            ("已报", old.reported, new.reported),
            ("未报", old.missing, new.missing),
            ("缺勤", old.absent, new.absent),
            ("更正", old.corrected, new.corrected),
        )
        several = len(before.checks) > 1
        found += [f"{titles.get(check, check) if several else ''}{words}{b - a:+d}" for words, a, b in pairs if a != b]
    rest = (
        ("异常", before.abnormal_people, after.abnormal_people),
        ("未关闭预警", before.alerts_open, after.alerts_open),
        ("返回申报", sum(before.returnees.values()), sum(after.returnees.values())),
        ("零报告", before.zero_reports, after.zero_reports),
    )
    return [*found, *(f"{words}{b - a:+d}" for words, a, b in rest if a != b)]
