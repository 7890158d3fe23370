"""Days and names as staff type them: 谁值班 本周; 请假 1月22日到1月24日 由李四代."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from bot.errors import Refused
from bot.processes.fields import FIELD_TYPES
from bot.processes.fields.base import Context, Filled, Spec, Unclear
from bot.processes.fields.numerals import to_int
from bot.processes.normal import normalise
from bot.services.context import Services

_PAST, _FUTURE = 31, 60
_LONGEST = 31
_WEEK = re.compile(r"(?P<which>本|这|这个|下|下个|上|上个)?(?:周|星期|礼拜)")
_TO = re.compile(r"\s*(?:到|至|~|—|--?)\s*")
_BY = re.compile(r"(?P<days>.*?)[\s,，。]*(?:由|让|请)\s*(?P<who>.+?)\s*(?:代理|代班|顶班|代|顶)[\s。.!！]*")
_NAMED_FIRST = re.compile(r"(?P<who>[#＃]?[^\s0-9到至从由]{2,15}|[#＃][0-9]+)(?:[\s,，]*(?:从)?(?P<days>.*))?")
_SPAN = re.compile(r"(?P<first>.*?)(?P<count>[0-9一二两三四五六七八九十]{1,3})天")
_EXAMPLE = "请假 1月22日到1月24日 由李四代"


@dataclass(frozen=True)
class Leave:
    """Who is to stand in, by name or, after #, by number, and the days, both included."""

    who: str
    since: date
    until: date


def read_days(services: Services, words: str) -> tuple[date, date]:
    """The day or the week (Monday to Sunday) that the words name; without words today.

    Raises:
        Refused: they name none.
    """
    said, today = normalise(words).strip(), services.today()
    if not said:
        return today, today
    if week := _WEEK.fullmatch(said):
        weeks = {"下": 1, "上": -1}.get((week["which"] or "本")[0], 0)
        monday = today + timedelta(days=7 * weeks - today.weekday())
        return monday, monday + timedelta(days=6)
    day = _read_day(services, said)
    return day, day


def read_leave(services: Services, words: str) -> Leave:
    """What 请假 and 代理 are followed by; who names no first day begins today.

    Raises:
        Refused: no name or no last day is said, or the days do not go together.
    """
    said, today = normalise(words).strip(), services.today()
    match = _BY.fullmatch(said) or _NAMED_FIRST.fullmatch(said)
    if match is None:
        raise Refused(f"请写明哪几天、由谁代，例如：{_EXAMPLE}")
    since, until = _read_span(services, (match["days"] or "").strip(), today)
    if until < since:
        raise Refused(f"最后一天{_titled(until)}早于第一天{_titled(since)}，请核对，例如：{_EXAMPLE}")
    if until < today:
        raise Refused(f"{_titled(until)}已经过去了，请写今天或以后的日期。")
    if until - since >= timedelta(days=_LONGEST):
        raise Refused(f"一次最多代理{_LONGEST}天，更长的请到时再续。")
    return Leave(match["who"].strip(), max(since, today), until)


def _read_span(services: Services, said: str, today: date) -> tuple[date, date]:
    if not said:
        raise Refused(f"请写明到哪一天，例如：{_EXAMPLE}")
    if count := _SPAN.fullmatch(said):
        first = _read_day(services, count["first"]) if count["first"].strip() else today
        return first, first + timedelta(days=max(to_int(count["count"]) or 1, 1) - 1)
    parts = _TO.split(said)
    if len(parts) == 1:
        day = _read_day(services, parts[0])
        return day, day
    if len(parts) > 2:
        raise Refused(f"日期写得有点多，请写从哪天到哪天，例如：{_EXAMPLE}")
    begin, end = parts
    if re.fullmatch(r"[0-9]{1,2}", begin):
        begin += "日"  # 22到24日
    since = _read_day(services, begin) if begin else today
    if begin and re.fullmatch(r"[0-9]{1,2}[日号]?", end):
        end = f"{since.month}月{end}"  # 2月3日到5日
    return since, _read_day(services, end)


def _read_day(services: Services, said: str) -> date:
    today = services.today()
    spec = Spec("day", "日期", options={"past_days": _PAST, "future_days": _FUTURE})
    reading = FIELD_TYPES["date"].read(said, spec, Context(services.local_now(), services.settings.fever))
    if isinstance(reading, Filled):
        return date.fromisoformat(str(reading.value))
    if isinstance(reading, Unclear):
        # 周六: who asks about duty or leave means the next one
        coming = [day for _, value in reading.options if (day := date.fromisoformat(value)) >= today]
        if coming:
            return min(coming)
    raise Refused(f"没有认出“{said}”是哪一天，请写几月几日，例如：{today.month}月{today.day}日；也可以写 明天、本周。")


def _titled(day: date) -> str:
    return f"{day.month}月{day.day}日"
