"""What a staff member has to do and whom to turn to: 待办, 谁值班, 找物资组, 请假 … 由李四代."""

from __future__ import annotations

import re

from bot.assistant.exact_words.command import Command

_DAY = (
    r"(?:今天|今日|今晚|今儿|明天|明日|明晚|后天|大后天|昨天|[本这下上]?个?(?:周|星期|礼拜)[一二三四五六日天]?"
    r"|[0-9]{1,2}[.月/-][0-9]{1,2}[日号]?|[0-9]{1,2}[日号])"
)
_WHO = r"(?:是|都是|都有|有)?谁(?:在|来|是)?(?P<verb>值班|当班|带班)(?:啊|呢|呀)?\?*"
_GROUP = r"[^\s,。?!0-9A-Za-z]{2,12}组"
_SHORT_GROUP = r"(?P<words>[^\s,。?!0-9A-Za-z一几这那哪每本]{2,4}组)"

COMMANDS = (
    Command("desk", re.compile(r"(?:我的|今天的?|今日)?(?P<verb>待办)(?:事项|列表|清单)?")),
    Command("desk", re.compile(rf"(?P<words>{_DAY})?的?\s*{_WHO}")),
    Command("desk", re.compile(rf"{_WHO}\s*(?P<words>{_DAY})")),
    Command("desk", re.compile(r"谁在?(?P<verb>值班)\s+(?P<words>.+)")),
    Command("desk", re.compile(r"(?P<verb>值班)(?:表|安排|人员|电话|名单)?")),
    Command("desk", re.compile(rf"(?P<verb>值班)(?:表|安排|人员|名单)?\s*(?P<words>{_DAY})")),
    Command("desk", re.compile(rf"(?P<words>{_DAY})的?(?P<verb>值班)(?:表|安排|人员|名单)?")),
    Command("desk", re.compile(r"(?P<verb>工作组)(?:列表|名单)?")),
    Command("desk", re.compile(rf"(?P<verb>找|联系)\s*(?P<words>{_GROUP})(?:的人|负责人)?")),
    # who is in the groups of a plan (检查组是谁) is a question to the knowledge
    Command("desk", re.compile(rf"(?P<words>{_GROUP})的?(?:电话|联系方式)\?*")),
    Command("desk", re.compile(_SHORT_GROUP + r"(?:有谁|有哪些人)?\?*")),
    Command("desk", re.compile(r"(?P<verb>请假|代理)(?:[\s:：,，]+|(?=[0-9今明后大本下由周]))(?P<words>.+)")),
    Command("desk", re.compile(r"(?P<verb>代理)(?:人|安排|情况)?")),
    Command("desk", re.compile(r"(?P<verb>(?:取消|结束|撤销)代理)")),
)
