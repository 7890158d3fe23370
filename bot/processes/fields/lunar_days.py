"""Days of the Chinese calendar and feasts, as days of the common one."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

from lunar_python import Lunar, Solar

_SOLAR_FEASTS = {
    "元旦": (1, 1),
    "情人节": (2, 14),
    "妇女节": (3, 8),
    "三八节": (3, 8),
    "五一": (5, 1),
    "劳动节": (5, 1),
    "六一": (6, 1),
    "儿童节": (6, 1),
    "七一": (7, 1),
    "建党节": (7, 1),
    "八一": (8, 1),
    "建军节": (8, 1),
    "教师节": (9, 10),
    "国庆": (10, 1),
    "平安夜": (12, 24),
    "圣诞": (12, 25),
}
_LUNAR_FEASTS = {
    "春节": (1, 1),
    "过年": (1, 1),
    "元宵": (1, 15),
    "龙抬头": (2, 2),
    "端午": (5, 5),
    "七夕": (7, 7),
    "中元": (7, 15),
    "中秋": (8, 15),
    "重阳": (9, 9),
    "腊八": (12, 8),
}
_TERMS = (
    "立春 雨水 惊蛰 春分 清明 谷雨 立夏 小满 芒种 夏至 小暑 大暑 立秋 处暑 白露 秋分 寒露 霜降 立冬 小雪 大雪 冬至 小寒 大寒"
).split()
EVE = ("除夕", "大年三十", "年三十", "大年夜", "年三十儿")

FEASTS: tuple[str, ...] = tuple(sorted((*_SOLAR_FEASTS, *_LUNAR_FEASTS, *_TERMS, *EVE), key=len, reverse=True))
"""The names that `feast` knows, longer ones first."""


@lru_cache(maxsize=4096)
def lunar_day(year: int, month: int, day: int) -> date | None:
    """The day of the lunar year; `month` is negative for a leap month. None where that month has no such day."""
    try:
        return _common(Lunar.fromYmd(year, month, day).getSolar())
    except Exception:  # lunar_python raises bare Exception for a day that is not
        return None


def eve(year: int) -> date | None:
    """The last day before the lunar year begins, 29th or 30th of the twelfth month."""
    first = lunar_day(year, 1, 1)
    return first - timedelta(days=1) if first else None


def feast(name: str, year: int) -> date | None:
    """The feast or solar term `name` in this year (of either calendar)."""
    if name in _SOLAR_FEASTS:
        return date(year, *_SOLAR_FEASTS[name])
    if name in _LUNAR_FEASTS:
        return lunar_day(year, *_LUNAR_FEASTS[name])
    if name in EVE:
        return eve(year)
    return _terms(year).get(name)


@lru_cache(maxsize=16)
def _terms(year: int) -> dict[str, date]:
    # The table of a lunar year begins with the winter solstice of the common year before, hence the two tables.
    tables = [Lunar.fromYmd(lunar, 6, 1).getJieQiTable() for lunar in (year, year + 1)]
    found = [(name, solar) for table in tables for name, solar in table.items()]
    return {name: _common(solar) for name, solar in found if name in _TERMS and solar.getYear() == year}


def _common(solar: Solar) -> date:
    return date(solar.getYear(), solar.getMonth(), solar.getDay())
