"""When a broadcast is to go out, as staff type it: 今晚7点, 明天8点, 现在."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from bot.errors import Refused
from bot.processes.fields import FIELD_TYPES
from bot.processes.fields.base import Context, Filled, Reading, Spec, Unclear, Wrong
from bot.processes.fields.date import titled
from bot.processes.normal import normalise
from bot.services.context import Services

_SPEC = Spec("send_at", "发送时间", options={"past_days": 0, "future_days": 60})
_NOW = frozenset("现在 马上 立刻 立即 现在发 马上发 立即发送 现在就发".split())
_HOURS = (8, 12, 18)
_EXAMPLE = "例如：今晚7点、明天上午8点"


@dataclass(frozen=True)
class WhichTime:
    """The words leave open which moment is meant: what to ask, and the moments as words that are read as one."""

    question: str
    options: tuple[tuple[str, str], ...]


def read_send_time(services: Services, words: str) -> datetime | WhichTime | None:
    """The moment that the words name, UTC's equal in the office's time; None is now.

    Raises:
        Refused: they name none, or one that is past.
    """
    said = normalise(words)
    if said.rstrip("。.!！") in _NOW:
        return None
    now = services.local_now()
    reading = _read(services, said)
    if isinstance(reading, Filled):
        return _of_value(str(reading.value), now)
    if isinstance(reading, Unclear):
        moments = _still_to_come(reading, now) or _still_to_come(_read(services, f"明天{said}"), now)
        if len(moments) == 1:
            return moments[0]
        if moments:
            return _which("请问是哪个时间？", moments, now)
    if isinstance(reading, Wrong):
        raise Refused(reading.reason)
    raise Refused(f"没有认出发送时间，请写几点，{_EXAMPLE}；马上发就写“现在”。")


def _read(services: Services, said: str) -> Reading:
    return FIELD_TYPES["when"].read(said, _SPEC, Context(services.local_now(), services.settings.fever))


def _of_value(value: str, now: datetime) -> datetime | WhichTime:
    if "T" in value:
        moment = datetime.fromisoformat(value).replace(tzinfo=now.tzinfo)
        if moment <= now:
            raise Refused(f"{titled(moment.date(), now.date())} {moment:%H:%M} 已经过了，请换一个时间，或者写“现在”。")
        return moment
    day = date.fromisoformat(value)
    moments = [datetime.combine(day, time(hour), now.tzinfo) for hour in _HOURS]
    moments = [moment for moment in moments if moment > now]
    if not moments:
        moments = [datetime.combine(day + timedelta(days=1), time(_HOURS[0]), now.tzinfo)]
    return _which("请问几点发？也可以直接写，" + _EXAMPLE + "。", moments, now)


def _still_to_come(reading: Reading, now: datetime) -> list[datetime]:
    if isinstance(reading, Filled) and "T" in str(reading.value):
        found = [str(reading.value)]
    else:
        found = [words for _, words in reading.options] if isinstance(reading, Unclear) else []
    moments = [datetime.fromisoformat(words).replace(tzinfo=now.tzinfo) for words in found]
    return [moment for moment in moments if moment > now]


def _which(question: str, moments: list[datetime], now: datetime) -> WhichTime:
    return WhichTime(
        question, tuple((f"{titled(m.date(), now.date())} {m:%H:%M}", f"{m:%Y-%m-%d %H:%M}") for m in moments)
    )
