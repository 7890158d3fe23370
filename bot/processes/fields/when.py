"""A moment: a day and, where it was said, the hour; for the time of a test or an arrival."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import Any

from bot.processes.fields import numerals
from bot.processes.fields.base import Context, FieldType, Filled, NotThis, Reading, Spec, Unclear, Wrong
from bot.processes.fields.date import DATE, Span, read_day, spotted, titled
from bot.processes.fields.days import days_in
from bot.processes.normal import normalise

_PART = r"(?P<part>凌晨|清晨|早晨|早上|上午|中午|下午|午后|傍晚|晚上|夜里|夜间|半夜|晚间|[今昨明前]?早|[今昨明前]?晚|[昨今]夜)?"
_N = r"[0-9]{1,2}|[一二两三四五六七八九十零〇]{1,3}"
_CLOCK = re.compile(
    rf"{_PART}\s*(?:的)?(?:大概|大约|约)?\s*(?<![0-9])(?<![0-9][./-])(?P<hour>{_N})\s*"
    rf"(?:(?P<colon>:)(?P<minute>[0-9]{{2}})(?::[0-9]{{2}})?|(?:点钟?|时)(?:(?P<half>半)|(?P<quarter>[一三])刻|(?P<spoken>{_N})分?)?)"
    r"(?![0-9])(?P<rough>多|左右|前后|整)?"
)
_ISO = re.compile(r"(?P<day>20[0-9]{2}-[0-9]{2}-[0-9]{2})[T ](?P<hour>[0-2][0-9]):(?P<minute>[0-5][0-9])")
_AGO = re.compile(
    rf"(?:(?P<half>半)个?小时|(?P<number>{numerals.NUMBER})(?P<more>个半|个)?\s*(?P<unit>小时|钟头|分钟))\s*(?:之前|以前|前)"
)
_JUST = re.compile(r"刚刚|刚才|现在|这会儿?|刚做|刚到")
_WITHIN = re.compile(r"小时(?:以|之)?内|小时(?:多)?(?!.*前)")
_MORNING = ("凌晨", "清晨", "早晨", "早上", "上午", "早")
_EXAMPLE = "例如：昨天下午3点"


class When(FieldType):
    """Value: `2022-03-04T15:00` (local time), or `2022-03-04` where no hour was said.

    Options: `past_days` (365) and `future_days` (0; with 0 a later moment of today is refused too); `spot_words` as for a date.
    """

    name = "when"
    example = "昨天下午3点"

    def read(self, text: str, spec: Spec, context: Context) -> Reading:
        said = normalise(text)
        now = context.now.replace(tzinfo=None, second=0, microsecond=0)
        iso = _ISO.fullmatch(said)
        if iso:
            return self._of_iso(iso, spec, now)
        elapsed = self._elapsed(said, spec, now)
        if elapsed is not None:
            return elapsed
        clocks = [match for match in _CLOCK.finditer(said) if _hour(match) is not None]
        bare = _CLOCK.sub(lambda match: " " * len(match[0]) if _hour(match) is not None else match[0], said)
        part_days = re.match(r"[今昨明前][早晚夜]", clocks[0]["part"]) if clocks and clocks[0]["part"] else None
        if part_days:
            bare = {"今": "今天", "昨": "昨天", "明": "明天", "前": "前天"}[part_days[0][0]] + bare
        if not clocks:
            return self._of_day(bare, spec, now)
        if len({match[0] for match in clocks}) > 1:
            return Unclear(f"您写了几个时间，请问是几点？{_EXAMPLE}", ())
        span = _span(spec, now)
        named = days_in(bare, now.date())
        day = read_day(bare, spec, now.date(), span) if named else None
        if day is None:
            return self._without_day(clocks[0], spec, now)
        if not isinstance(day, date):
            return _with_clock(day, clocks[0], spec, now)
        return self._judge(_moments(day, clocks[0]), spec, now)

    def spot(self, text: str, spec: Spec, context: Context) -> Reading:
        said = normalise(text)
        bare = _CLOCK.sub(" ", said)
        return self.read(text, spec, context) if spotted(bare, spec, context.now.date()) else NotThis()

    def show(self, value: Any, spec: Spec) -> str:
        day = DATE.show(value, spec)
        clock = str(value)[11:16]
        return f"{day} {clock}" if clock else day

    def _of_iso(self, iso: re.Match[str], spec: Spec, now: datetime) -> Reading:
        try:
            moment = datetime.fromisoformat(f"{iso['day']}T{iso['hour']}:{iso['minute']}")
        except ValueError:
            return Wrong(f"没有“{iso[0]}”这个时间，请核对，{_EXAMPLE}")
        return self._judge([moment], spec, now)

    def _of_day(self, said: str, spec: Spec, now: datetime) -> Reading:
        day = read_day(said, spec, now.date(), _span(spec, now))
        return Filled(day.isoformat()) if isinstance(day, date) else day

    def _elapsed(self, said: str, spec: Spec, now: datetime) -> Reading | None:
        ago = _AGO.search(said)
        if ago:
            number = 0 if ago["half"] else numerals.to_int(ago["number"])
            if number is None or number > 9999:
                return Wrong(f"没有读懂这个时间，请写几月几日几点，{_EXAMPLE}")
            minutes = number if ago["unit"] == "分钟" else number * 60
            minutes += 30 if ago["half"] or ago["more"] == "个半" else 0
            return self._judge([now - timedelta(minutes=minutes)], spec, now)
        if _WITHIN.search(said):
            return Unclear(f"请问具体是哪天几点？{_EXAMPLE}", ())
        if (
            _JUST.search(said)
            and not _CLOCK.search(said)
            and all(day.days == (now.date(),) for day in days_in(said, now.date()))
        ):
            return self._judge([now], spec, now)
        return None

    def _without_day(self, clock: re.Match[str], spec: Spec, now: datetime) -> Reading:
        days = [now.date() + timedelta(days=shift) for shift in (0, -1)]
        moments = [moment for day in days for moment in _moments(day, clock)]
        allowed = [moment for moment in moments if _allowed(moment, spec, now)]
        return _ask(f"请问是哪一天的这个时间？{_EXAMPLE}", allowed, now)

    def _judge(self, moments: list[datetime], spec: Spec, now: datetime) -> Reading:
        allowed = [moment for moment in moments if _allowed(moment, spec, now)]
        if len(allowed) > 1:
            return _ask(f"请问是上午还是下午？{_EXAMPLE}", allowed, now)
        if allowed:
            return Filled(allowed[0].isoformat(timespec="minutes"))
        moment = moments[0]
        why = "还没有到" if moment > now else "太早了"
        label = spec.label or "时间"
        return Wrong(f"{label}不对：{titled(moment.date(), now.date())} {moment:%H:%M} {why}，请核对，{_EXAMPLE}")


def _span(spec: Spec, now: datetime) -> Span:
    return Span.of(spec, now.date(), future=0)


def _allowed(moment: datetime, spec: Spec, now: datetime) -> bool:
    span = _span(spec, now)
    return moment.date() in span and (span.last > now.date() or moment <= now)


def _ask(question: str, moments: list[datetime], now: datetime) -> Unclear:
    shown = list(dict.fromkeys(moments))[:6]
    return Unclear(question, tuple((f"{titled(m.date(), now.date())} {m:%H:%M}", f"{m:%Y-%m-%d %H:%M}") for m in shown))


def _with_clock(asked: Unclear | Wrong | NotThis, clock: re.Match[str], spec: Spec, now: datetime) -> Reading:
    """The day is asked back: its buttons must bring the hour along."""
    if not isinstance(asked, Unclear):
        return asked
    moments = [moment for _, day in asked.options for moment in _moments(date.fromisoformat(day), clock)]
    return _ask(asked.question, [moment for moment in moments if _allowed(moment, spec, now)], now)


def _hour(clock: re.Match[str]) -> int | None:
    hour = numerals.to_int(clock["hour"])
    minute = _minute(clock)
    return hour if hour is not None and hour <= 24 and minute is not None and minute < 60 else None


def _minute(clock: re.Match[str]) -> int | None:
    if clock["half"]:
        return 30
    if clock["quarter"]:
        return 15 if clock["quarter"] == "一" else 45
    written = clock["minute"] or clock["spoken"]
    return numerals.to_int(written) if written else 0


def _moments(day: date, clock: re.Match[str]) -> list[datetime]:
    """The moments that a clock time may mean on that day."""
    hour, minute = _hour(clock) or 0, _minute(clock) or 0
    part = clock["part"] or ""
    if part[:1] in "今昨明前" and len(part) == 2:
        part = part[1]
    start = datetime.combine(day, time(0, minute))

    def at(hours: int) -> datetime:
        return start + timedelta(hours=hours)

    if hour > 12 or hour == 0:
        return [at(hour)]
    if part in _MORNING:
        return [at(0 if hour == 12 else hour)]
    if part == "中午":
        return [at(hour if hour >= 10 else hour + 12)]
    if part in ("下午", "午后", "傍晚"):
        return [at(12 if hour == 12 else hour + 12)]
    if part:
        # 晚上12点, 半夜1点: the night belongs to two days.
        return [at(hour + 12)] if 5 <= hour < 12 else [at(hour % 12), at(hour % 12 + 24)]
    if hour == 12 or (clock["colon"] and clock["hour"].startswith("0")):
        return [at(hour)]
    return [at(hour), at(hour + 12)]


WHEN = When()
