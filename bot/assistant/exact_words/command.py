"""A message that is one exact command. Each topic has its own file of them; bot/assistant/commands.py reads them all."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Command:
    """A whole message that matches `pattern` has the intent `intent`; named groups become entities.

    The pattern is read against the normalised text. Groups: `verb`, `code`, and `words`, free text which is kept as it was typed.
    """

    intent: str
    pattern: re.Pattern[str]


_DAY = (
    r"(?:今[天日]|当[天日]|昨[天日]|前[天日]|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
    r"|(?:[0-9]{4}年)?[0-9一二三四五六七八九十]{1,3}月[0-9一二三四五六七八九十]{1,3}[日号]?)"
)
_PLACE = (
    r"(?:地点\s*[0-9]{1,9}|(?:(?![谁哪怎何几吗要])[\u4e00-\u9fff0-9A-Za-z()（）-]){0,16}"
    r"(?:网格|片|片区|社区|小区|街道|[镇乡村区县市校园局厂]|[小中大]学|公司|企业|车间|班组?|年级|[一二三四五六七八九十0-9]级|[号栋]?楼|楼?栋"
    r"|单元|工地|区域|总站|督查组|单位|[)）]))"
)
_CHECK = r"(?:打卡|日报|[晨早午晚]检)"
PART = rf"(?P<words>(?=\S){_DAY}?[\s的]*{_PLACE}?[\s的]*{_DAY}?[\s的]*{_CHECK}?)"
"""A day, a place and a check, each where it is said (昨天三网格, 1月20日晨检). Nothing else, so that no question
about a summary or a report (督查月报谁汇总) is taken for the command."""
NUMBER = r"[#＃]?\s*(?P<code>[0-9]{1,9})"
WORDS = r"[\s:：,，]+(?P<words>.+)"
