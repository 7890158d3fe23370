"""今日汇总, 昨天三网格汇总, 1月20日汇总表格, 本周趋势."""

from __future__ import annotations

import re

from bot.assistant.exact_words.command import PART, Command

# 每天几点汇总 and 怎么汇总 are questions
_NO_QUESTION = r"(?!.*(?:什么|怎么|怎样|如何|几点|何时|哪里|[谁哪]|要不要|每天|每日|[吗嘛]))"
_BEFORE = rf"{PART}[\s,，的]*"
_AFTER = r"(?:[\s,，:：]+(?P<words>[^\n?]{1,24}))?"
_SUMMARY = r"(?:看一?下?)?(?P<verb>汇总(?:表格|表|excel)?)"
_TREND = r"(?P<verb>(?:本周|这周|一周|近七天|近7天|最近)的?趋势图?|趋势图)"

COMMANDS = tuple(
    Command("summary", re.compile(_NO_QUESTION + pattern, re.IGNORECASE))
    for what in (_SUMMARY, _TREND)
    for pattern in (what + _AFTER, _BEFORE + what)
)
