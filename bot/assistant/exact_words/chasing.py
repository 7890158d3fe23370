"""谁还没报, 三网格谁没报, 催一下, 电话名单, 全部名单, 零报告, 撤销零报告; a day, a check and a place may stand beside."""

from __future__ import annotations

import re

from bot.assistant.exact_words.command import PART, Command

# A question about these things (零报告是什么) is none of these commands.
_NO_QUESTION = r"(?!.*(?:什么|怎么|怎样|如何|为什么|多久|几点|要不要|是不是|[吗嘛]))"
_BEFORE = r"(?P<words>[^\n?]{1,24}?)[\s,，的]*"
_AFTER = r"(?:[\s,，:：]+(?P<words>[^\n?]{1,24}))?"
_WHO = (
    r"(?P<verb>(?:还有)?(?:谁|哪些人|哪个)(?:今天|今日)?(?:还)?(?:没有?|未)(?:报|打卡|上报|报告|填报|填|交)"
    r"|未报名单|没报名单|没报的人|没打卡的人)(?:的|呢|了|啊)*\??"
)
_CHASE = r"(?P<verb>(?:再|快)?(?:催一下|催一催|催催|催报|催办)|提醒没报的|提醒未报的|催没报的)(?:吧|他们|人)*"
_LISTS = r"(?P<verb>电话名单|全部名单|完整名单)"
_ZERO = r"(?P<verb>(?:撤销|取消|撤回)?零报告)"

COMMANDS = tuple(
    Command("chase", re.compile(_NO_QUESTION + pattern))
    for what, before in ((_WHO, _BEFORE), (_CHASE, _BEFORE), (_LISTS, _BEFORE), (_ZERO, rf"{PART}[\s,，的]*"))
    for pattern in (what + _AFTER, before + what)
)
