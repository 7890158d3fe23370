"""The days that a text speaks of, as Chinese people write them: 昨天, 3号, 上周三, 腊月二十八, 2022-03-05."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from bot.processes.fields import lunar_days, numerals

_D = r"(?:[0-9]{1,2}|[一二三四五六七八九十廿卅]{1,4})"
_YEAR = r"(?:(?P<year>(?:19|20)[0-9]{2}|[二两][零〇○][零〇○一二三四五六七八九]{2}|[0-9]{2})\s*年|(?P<said>大?前年|去年|今年|本年|明年|后年)的?)"
_NO_HOUSE = r"(?!\s*(?:楼|院|线|车|门|店|桌|床|房|码|厅|公馆|机|口|库|馆|令|文|厂|位))"
_WEEK = r"(?:周|星期|礼拜)"
_RELATIVE = {
    "大前天": -3,
    "大前日": -3,
    "前天": -2,
    "前日": -2,
    "前晚": -2,
    "昨天": -1,
    "昨日": -1,
    "昨晚": -1,
    "昨夜": -1,
    "昨儿": -1,
    "昨早": -1,
    "昨个": -1,
    "今天": 0,
    "今日": 0,
    "今早": 0,
    "今晚": 0,
    "今晨": 0,
    "今儿": 0,
    "当天": 0,
    "现在": 0,
    "刚刚": 0,
    "刚才": 0,
    "刚到": 0,
    "明天": 1,
    "明日": 1,
    "明早": 1,
    "明晚": 1,
    "明儿": 1,
    "大后天": 3,
    "大后日": 3,
    "后天": 2,
    "后日": 2,
}
_SAID_YEAR = {"大前年": -3, "前年": -2, "去年": -1, "今年": 0, "本年": 0, "明年": 1, "后年": 2}
_LUNAR_MONTH = {"正": 1, "冬": 11, "腊": 12}
_ROUGH_AFTER = re.compile(
    r"\s*(?:之前|以前|之后|以后|前后|左右|期间|前夕|前|后(?![天半])|假期|放假|那几天|那段|那会|的?时候)"
)
_VAGUE = re.compile(
    rf"前几天|前两天|前些天|前段|前阵|这几天|这两天|最近|近期|近几天|过几天|过两天|改天|几天[前后]|好久|很久|早就|"
    rf"月底|月初|月中|月末|上旬|中旬|下旬|年底|年初|年前|年后|节前|节后|周末|"
    rf"[上下这本]+个?{_WEEK}|[上下这本]个?月|半个?月|{_D}\s*月|去年|今年|明年|前年|[0-9]{{4}}年|[0-9]个?(?:多|来)天"
)


@dataclass(frozen=True)
class Found:
    """What one way of naming a day stands for: several days where no year, month or week was said.

    `fault` says in Chinese why there is no such day. `doubtful`: the form is one that often means something else.
    `rough`: only about that day (春节前, 半个月前). `loose`: past or future cannot be told by nearness (周三).
    `explicit`: said as a day of the month, not by its distance from today.
    """

    days: tuple[date, ...] = ()
    fault: str = ""
    doubtful: bool = False
    rough: bool = False
    loose: bool = False
    explicit: bool = False


@dataclass(frozen=True)
class Day(Found):
    """A `Found` with its place in the text."""

    start: int = 0
    end: int = 0


def days_in(text: str, today: date) -> list[Day]:
    """The days in a normalised text, in its order. Later patterns do not look inside what earlier ones took."""
    taken: list[Day] = []
    for pattern, reader in _PATTERNS:
        for match in pattern.finditer(text):
            if any(match.start() < day.end and match.end() > day.start for day in taken):
                continue
            found = reader(match, today)
            if found is not None:
                rough = found.rough or bool(_ROUGH_AFTER.match(text, match.end()) and not _arrival(text, match.end()))
                taken.append(Day(**{**vars(found), "rough": rough}, start=match.start(), end=match.end()))
    return sorted(taken, key=lambda day: day.start)


def vague_in(text: str) -> bool:
    """Whether the text speaks of a time that is no one day: 月底, 前几天, 上周."""
    return bool(_VAGUE.search(text))


def _arrival(text: str, at: int) -> bool:
    """后 of 后来 and 前 of 前往 do not make a day rough."""
    return bool(re.match(r"\s*(?:后来|前往|前台|前门|后门)", text[at : at + 6]))


_Reader = Callable[[re.Match[str], date], Found | None]


def _years(match: re.Match[str], today: date) -> tuple[list[int], bool]:
    """The years that may be meant, and whether one was said."""
    groups = match.groupdict()
    said = groups.get("said") or groups.get("said2")
    written = groups.get("year") or groups.get("year2")
    if said:
        return [today.year + _SAID_YEAR[said]], True
    if written:
        year = int(numerals.digits(written))
        return [year + 2000 if year < 100 else year], True
    return [today.year + shift for shift in (-1, 0, 1)], False


def _day_of(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _month_day(match: re.Match[str], today: date) -> Found:
    month, day = numerals.to_int(match["month"]), numerals.to_int(match["day"])
    years, said = _years(match, today)
    if month is None or day is None or not 1 <= month <= 12:
        return Found(fault=f"一年里没有 {match['month']} 月")
    if not 1 <= day <= 31 or _day_of(2024, month, day) is None:
        return Found(fault=f"{month} 月没有 {day} 日")
    if (month, day) == (2, 29) and not said:
        years = [today.year + shift for shift in (-2, -1, 0, 1, 2)]
    days = tuple(made for year in years if (made := _day_of(year, month, day)))
    if not days:
        return Found(fault=f"{years[0]} 年 {month} 月没有 {day} 日")
    return Found(days, explicit=True)


def _compact(match: re.Match[str], today: date) -> Found | None:
    month, day = int(match["month"]), int(match["day"])
    if match["whole"]:
        made = _day_of(int(match["whole"]), month, day)
        return Found((made,), explicit=True) if made else Found(fault=f"没有 {match[0]} 这一天")
    days = tuple(made for shift in (-1, 0, 1) if (made := _day_of(today.year + shift, month, day)))
    return Found(days, doubtful=True) if days else None


def _day_only(match: re.Match[str], today: date) -> Found | None:
    day = numerals.to_int(match["day"])
    if day is None or not 1 <= day <= 31:
        return Found(fault=f"没有 {match['day'][:4]} 号这一天") if match.groupdict().get("mark") else None
    which = match.groupdict().get("which")
    shifts = (
        (-1,) if which and "上" in which else (1,) if which and "下" in which else (0,) if which else (-2, -1, 0, 1, 2)
    )
    days = []
    for shift in shifts:
        months = today.year * 12 + today.month - 1 + shift
        made = _day_of(months // 12, months % 12 + 1, day)
        if made:
            days.append(made)
    if not days:
        return Found(fault=f"那个月没有 {day} 号")
    return Found(tuple(days), doubtful=not match.groupdict().get("mark"), explicit=True)


def _relative(match: re.Match[str], today: date) -> Found:
    return Found((today + timedelta(days=_RELATIVE[match[0]]),))


def _weekday(match: re.Match[str], today: date) -> Found:
    index = "一二三四五六日".find(match["index"].translate(str.maketrans("天1234567", "日一二三四五六日")))
    monday = today - timedelta(days=today.weekday())
    which = (match["which"] or "").replace("个", "")
    if which:
        weeks = which.count("下") - which.count("上")
        return Found((monday + timedelta(days=index + 7 * weeks),))
    here = monday + timedelta(days=index)
    if here == today:
        return Found((here,))
    past = here if here < today else here - timedelta(days=7)
    return Found((past, past + timedelta(days=7)), loose=True)


def _ago(match: re.Match[str], today: date) -> Found | None:
    """三天前 is one day; 两三天前 is one of two."""
    unit = (1 if match["unit"] in ("天", "日") else 7) * (-1 if "前" in match["way"] else 1)
    pair = re.fullmatch(r"[一两二三四五六七八九]{2}", match["number"])
    amounts = [numerals.to_int(part) for part in (match["number"] if pair else [match["number"]])]
    if any(amount is None or amount > 3660 for amount in amounts):
        return None
    return Found(tuple(today + timedelta(days=unit * (amount or 0)) for amount in amounts), rough=bool(pair))


def _months_ago(match: re.Match[str], today: date) -> Found | None:
    sign = -1 if "前" in match["way"] else 1
    if match["half"]:
        return Found((today + timedelta(days=15 * sign),), rough=True)
    number = numerals.to_int(match["number"])
    return Found((today + timedelta(days=30 * sign * number),), rough=True) if number and number <= 24 else None


def _lunar(match: re.Match[str], today: date) -> Found | None:
    named = match["month"]
    month = (_LUNAR_MONTH.get(named) or numerals.to_int(named)) if named else None
    day = numerals.to_int(match["day"].removeprefix("初"))
    if day is None or not 1 <= day <= 30 or (month is not None and not 1 <= month <= 12):
        return Found(fault=f"农历里没有“{match[0][:8]}”这一天")
    leap = -1 if match.groupdict().get("leap") else 1
    years, said = _years(match, today)
    months = [month * leap] if month else list(range(1, 13))
    wider = {year + shift for year in years for shift in (-1, 0)} if said else {*years, today.year - 2}
    made = [lunar_days.lunar_day(year, m, day) for year in sorted(wider) for m in months]
    days = [one for one in made if one]
    if month == 12 and day == 30:
        days += [one for year in years for shift in (0, 1) if (one := lunar_days.eve(year + shift)) and one not in days]
    if said:
        lunar_year = [one for m in months if (one := lunar_days.lunar_day(years[0], m, day))]
        days = lunar_year + [one for one in days if one.year == years[0] and one not in lunar_year]
    if not days:
        return Found(fault=f"农历里没有“{match[0][:8]}”这一天")
    return Found(tuple(dict.fromkeys(days)))


def _year_end(match: re.Match[str], today: date) -> Found:
    """年二十九 and 大年初三: the days around New Year."""
    if match["first"]:
        day, month = numerals.to_int(match["first"]), 1
    else:
        day, month = numerals.to_int(match["last"]), 12
    made = [lunar_days.lunar_day(today.year + shift, month, day or 1) for shift in (-2, -1, 0, 1)]
    return Found(tuple(one for one in made if one))


def _feast(match: re.Match[str], today: date) -> Found | None:
    years, said = _years(match, today)
    name = match["feast"]
    around = [lunar_days.feast(name, year + shift) for year in years for shift in ((0, 1) if said else (-1, 0, 1))]
    days = [one for one in dict.fromkeys(around) if one]
    if said:
        days = [one for one in days if one.year == years[0]] + (
            [one for one in days if one.year != years[0]] if name in lunar_days.EVE or name == "腊八" else []
        )
    return Found(tuple(days), rough=bool(match["nth"])) if days else None


def _little_year(match: re.Match[str], today: date) -> Found:
    """小年 is the 23rd in the north and the 24th in the south."""
    made = [lunar_days.lunar_day(today.year + shift, 12, day) for shift in (-1, 0) for day in (23, 24)]
    return Found(tuple(one for one in made if one), rough=True)


def _patterns() -> Iterator[tuple[re.Pattern[str], _Reader]]:
    full = r"(?<![0-9])(?P<year>(?:19|20)[0-9]{2})\s*(?P<sep>[-/.])\s*(?P<month>[0-9]{1,2})\s*(?P=sep)\s*(?P<day>[0-9]{1,2})(?![0-9])"
    yield re.compile(full), _month_day
    yield (
        re.compile(
            r"(?<![0-9.])(?P<year>[0-9]{2})(?P<sep>[-/.])(?P<month>[0-9]{1,2})(?P=sep)(?P<day>[0-9]{1,2})(?![0-9.])"
        ),
        _month_day,
    )
    yield re.compile(r"(?<![0-9])(?P<whole>20[0-9]{2})(?P<month>[0-9]{2})(?P<day>[0-9]{2})(?![0-9])"), _compact
    lunar_mark = r"(?:农历|阴历|旧历|老历)"
    yield (
        re.compile(
            rf"(?:{_YEAR}\s*)?{lunar_mark}\s*(?:{_YEAR.replace('year', 'year2').replace('said', 'said2')})?"
            rf"(?P<leap>闰)?(?:(?P<month>[正冬腊]|{_D})月)?\s*(?P<day>初?{_D})[日号]?"
        ),
        _lunar,
    )
    yield (
        re.compile(rf"(?:{_YEAR}\s*)?(?P<leap>闰)?(?P<month>[正冬腊])月\s*(?P<day>初?{_D})[日号]?"),
        _lunar,
    )
    yield (
        re.compile(
            rf"(?:{_YEAR}\s*)?(?P<leap>闰)?(?P<month>[0-9]{{1,2}}|[一二三四五六七八九十]{{1,2}})月(?P<day>初[一二三四五六七八九十]|廿[一二三四五六七八九]?)"
        ),
        _lunar,
    )
    yield (
        re.compile(
            r"大年初(?P<first>[一二三四五六七八九十])|(?<![今去明前后0-9两本])年(?P<last>(?:二十|廿)[六七八九])"
        ),
        _year_end,
    )
    feasts = "|".join(lunar_days.FEASTS)
    yield (
        re.compile(
            rf"(?:{_YEAR}\s*)?(?P<feast>{feasts})(?:节(?!前|后)|那天|当天)?(?P<nth>第.天|假|期间)?(?![0-9一二三四五六七八九]*(?:路|街|小区|大道|广场))"
        ),
        _feast,
    )
    yield re.compile(r"小年(?:夜)?"), _little_year
    yield (
        re.compile(rf"(?:{_YEAR}\s*)?(?<![0-9.])(?P<month>{_D})\s*月份?\s*(?P<day>{_D})(?:\s*(?:日|号)|(?![0-9]))"),
        _month_day,
    )
    yield re.compile(r"(?P<leap>闰)?(?P<month>)(?P<day>初[一二三四五六七八九十](?![中高]))"), _lunar
    yield (
        re.compile(rf"(?P<which>上个?月|这个?月|本月|当月|下个?月)的?(?P<day>{_D})(?P<mark>[日号]?){_NO_HOUSE}"),
        _which_month,
    )
    yield re.compile("|".join(sorted(_RELATIVE, key=len, reverse=True))), _relative
    yield (
        re.compile(rf"(?P<which>(?:上+|下+|这|本)个?)?{_WEEK}(?P<index>[一二三四五六日天1-7])(?![0-9个月年])"),
        _weekday,
    )
    yield (
        re.compile(
            rf"(?<![第0-9.])(?P<number>{numerals.NUMBER})\s*(?P<unit>天|日|个?星期|周|个?礼拜)\s*(?P<way>之前|以前|前|之后|以后|后)"
        ),
        _ago,
    )
    yield (
        re.compile(rf"(?:(?P<half>半个?)|(?P<number>{_D}|两)个)月\s*(?P<way>之前|以前|前|之后|以后|后)"),
        _months_ago,
    )
    yield (
        re.compile(
            r"(?<![0-9])(?<![0-9][./-])(?P<month>[0-9]{1,2})\s*(?P<sep>[./-])\s*(?P<day>[0-9]{1,2})(?:[日号])?(?![0-9])(?!(?P=sep)[0-9])"
        ),
        _month_day,
    )
    yield re.compile(rf"(?<![0-9.月第])(?P<day>{_D}|[0-9]{{3,4}})(?P<mark>[日号]){_NO_HOUSE}"), _day_only
    yield re.compile(r"^(?P<whole>)(?P<month>0[1-9]|1[0-2])(?P<day>[0-3][0-9])$"), _compact
    yield re.compile(rf"^(?P<day>{_D})$"), _day_only


def _which_month(match: re.Match[str], today: date) -> Found | None:
    found = _day_only(match, today)
    return Found(found.days, found.fault, explicit=True) if found else None


_PATTERNS = tuple(_patterns())
