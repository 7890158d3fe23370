"""A day, as ISO date string."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from bot.processes.fields.base import Context, FieldType, Filled, NotThis, Reading, Spec, Unclear, Wrong
from bot.processes.fields.choice import ASKING
from bot.processes.fields.days import Day, days_in, vague_in
from bot.processes.normal import normalise

_WEEKDAYS = "一二三四五六日"
_TIME_WORDS = re.compile(r"[0-9号日天周月年]|星期|礼拜|时候|时间|忘|记不|不知道|不清楚|不确定|农历|初|刚|早|晚")
_BESIDE = re.compile(
    r"[A-Za-z]+[0-9]+|[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?|[0-9]{1,2}(?:点|时)(?:[0-9]{1,2}分?|半)?|[0-9]+\s*(?:个|人|次|岁|分|楼|栋|室|单元|床|层)|第[0-9]"
)
_MARKS = "到 回 返 抵 离 走 出发 采样 检测 核酸 做 接种 打 接触 隔离 解除 出生 入院 发病".split()
_FILLER = re.compile(
    r"上午|下午|中午|早上|晚上|凌晨|傍晚|夜里|半夜|刚刚|刚|就|我|是|的|了|那天|在|于|,|。|!|:|~|\s|吧|啊|呢|哦|大概"
)


@dataclass(frozen=True)
class Span:
    """The days that a field allows, both ends included."""

    first: date
    last: date

    @classmethod
    def of(cls, spec: Spec, today: date, past: int = 365, future: int = 365) -> Span:
        """From the options `past_days` and `future_days`, else the given ones."""
        before = int(spec.options.get("past_days", past))
        after = int(spec.options.get("future_days", future))
        return cls(today - timedelta(days=before), today + timedelta(days=after))

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last


def titled(day: date, today: date) -> str:
    """3月4日（周五）, with the year where it is another."""
    year = "" if day.year == today.year else f"{day.year}年"
    return f"{year}{day.month}月{day.day}日（周{_WEEKDAYS[day.weekday()]}）"


def ask_days(question: str, days: list[date], span: Span, today: date) -> Unclear:
    """Asks for the day, with those of `days` that the field allows as buttons."""
    allowed = [day for day in dict.fromkeys(days) if day in span][:6]
    return Unclear(question, tuple((titled(day, today), day.isoformat()) for day in allowed))


def read_day(text: str, spec: Spec, today: date, span: Span) -> date | Unclear | Wrong | NotThis:
    """The one day that the normalised text names for this field."""
    example = f"例如：{today.month}月{today.day}日"
    found = days_in(text, today)
    if len(found) > 1 and re.search(r"[天日]的(?:大?[前后]|昨|明)[天日]", text):
        return Unclear(f"请问具体是几月几日？{example}", ())
    if not found:
        if vague_in(text):
            return Unclear(f"请问具体是几月几日？{example}", ())
        return Wrong(f"没有读懂日期，请写几月几日，{example}") if _TIME_WORDS.search(text) else NotThis()
    fault = next((day.fault for day in found if day.fault), "")
    if fault:
        return Wrong(f"{fault}，请核对后再输入，{example}")
    shared = set.intersection(*(set(day.days) for day in found))
    if not shared:
        named = [_nearest(list(day.days), span, today) for day in found]
        return ask_days(f"您写了几个日期，请问是哪一天？{example}", [day for day in named if day], span, today)
    candidates = sorted(shared, key=lambda day: (abs((day - today).days), day))
    allowed = [day for day in candidates if day in span]
    if not allowed:
        return _outside(candidates[0], spec, span, today)
    if any(day.rough for day in found):
        return ask_days(f"请问具体是哪一天？{example}", allowed[:2], span, today)
    rival = _rival(allowed, found, today)
    if rival is None:
        doubtful = all(day.doubtful for day in found) or re.search(r"[0-9]", _beside(text, found))
        if doubtful:
            return ask_days(
                f"请问您说的是 {titled(allowed[0], today)} 吗？不是的话请写几月几日，{example}",
                allowed[:1],
                span,
                today,
            )
        return allowed[0]
    return ask_days(f"请问是哪一天？{example}", sorted((allowed[0], rival)), span, today)


def _rival(allowed: list[date], found: list[Day], today: date) -> date | None:
    """The day on the other side of today that may be meant as well as the nearest; `allowed` begins with the nearest."""
    nearest = allowed[0]
    others = [day for day in allowed if (day < today) != (nearest < today)]
    if not others:
        return None
    loose = all(day.loose for day in found)
    near, far = abs((nearest - today).days), abs((others[0] - today).days)
    return others[0] if loose or far < 3 * near else None


def _nearest(days: list[date], span: Span, today: date) -> date | None:
    allowed = [day for day in days if day in span]
    return min(allowed, key=lambda day: abs((day - today).days), default=None)


def _beside(text: str, found: list[Day]) -> str:
    """What stands beside the days and is no clock time, train number or the like."""
    for day in reversed(found):
        text = text[: day.start] + " " + text[day.end :]
    return _BESIDE.sub(" ", text)


def _outside(day: date, spec: Spec, span: Span, today: date) -> Wrong:
    label = spec.label or "日期"
    example = f"例如：{today.month}月{today.day}日" if today in span else f"例如：{span.last.month}月{span.last.day}日"
    if day < span.first:
        why = "不能早于今天" if span.first == today else f"不能早于 {titled(span.first, today)}"
    else:
        why = "不能晚于今天" if span.last == today else f"不能晚于 {titled(span.last, today)}"
    return Wrong(f"{label}{why}，您写的是 {day.year}年{day.month}月{day.day}日，请核对，{example}")


def spotted(text: str, spec: Spec, today: date) -> bool:
    """Whether a clause surely gives this field's day: it says what happened then, or is nothing but a full date.

    The option `spot_words` lists what happened (到, 回来); else the label's own verbs count, and a bare date as well.
    """
    found = days_in(text, today)
    if not found or ASKING.search(text) or any(day.fault or day.doubtful for day in found):
        return False
    words = spec.options.get("spot_words")
    marks = words if words is not None else [mark for mark in _MARKS if mark in spec.label]
    topic = re.sub(r"日期|时间|的|哪天|几号", "", spec.label)
    beside = _beside(text, found)
    if re.search(r"没|不|未", beside):
        return False
    if any(mark in beside for mark in marks) or (len(topic) > 1 and topic in beside):
        return True
    return words is None and all(day.explicit for day in found) and not _FILLER.sub("", beside)


class OneDay(FieldType):
    """Value: `2022-03-05`.

    Options: `past_days` and `future_days`, how far the day may lie from today (365 each); `spot_words`, see `spotted`.
    """

    name = "date"
    example = "3月5日"

    def read(self, text: str, spec: Spec, context: Context) -> Reading:
        today = context.now.date()
        day = read_day(normalise(text), spec, today, Span.of(spec, today))
        return Filled(day.isoformat()) if isinstance(day, date) else day

    def spot(self, text: str, spec: Spec, context: Context) -> Reading:
        return self.read(text, spec, context) if spotted(normalise(text), spec, context.now.date()) else NotThis()

    def show(self, value: Any, spec: Spec) -> str:
        day = as_date(value)
        return f"{day.year}年{day.month}月{day.day}日（周{_WEEKDAYS[day.weekday()]}）" if day else str(value)

    def export(self, value: Any, spec: Spec) -> str | date:
        return as_date(value) or str(value)


def as_date(value: Any) -> date | None:
    """The day of a stored value, None where it is none."""
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        return None


DATE = OneDay()
