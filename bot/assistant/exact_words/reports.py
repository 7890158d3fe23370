"""A report for somebody else or a named check, and a class, a team or a family at once: 帮我妈打卡 36.4, 晨检 36.5, 全班正常,
三班 到42 缺1 …, 全家正常.
"""

from __future__ import annotations

import re

from bot.assistant.exact_words.command import Command
from bot.processes.definition import Process, load_processes
from bot.processes.form_words import SAME
from bot.processes.group_lines import GROUP_LINE
from bot.processes.relatives import FOR_SOMEBODY

_NO_QUESTION = r"(?!.*(?:[?？吗么嘛]|怎么|怎样|如何|什么|几[点个天]|能不能|多少|可以|要不要|是不是|谁))"
_FAMILY = (
    r"(?P<verb>(?:我们?|咱们?|俺)?家里?(?:的?人)?(?:今天)?(?:全都|全部|全|都|大家|一切)+(?:很|挺)?(?:正常|健康|好|没事)"
    r"|(?:我们?|咱们?|俺)?全家(?:人)?(?:今天)?(?:都|全部|一切|身体)*(?:很|挺)?(?:正常|健康|好|没事)|全家打卡)"
)


def _starts(process: Process) -> tuple[Command, ...]:
    """The words by which a daily report is opened for somebody else, as yesterday's, or for a check that is named."""
    words = {word for check in process.checks for word in (check.title, *check.words)} - set(process.start_words)
    for_somebody = Command(process.start_intent, re.compile(FOR_SOMEBODY))
    as_before = Command(process.start_intent, re.compile("|".join(sorted(word for word in SAME if len(word) > 1))))
    if not words:
        return (for_somebody, as_before)
    checks = "|".join(sorted(words, key=len, reverse=True))
    return (
        for_somebody,
        as_before,
        Command(
            process.start_intent, re.compile(rf"{_NO_QUESTION}(?:{checks})(?:[\s,:。]+(?!(?:{checks}))\S.*|[0-9].*)?")
        ),
    )


COMMANDS: tuple[Command, ...] = (
    Command("report_others", re.compile(r"(?P<verb>确认上报|取消上报)")),
    Command("report_others", re.compile(_NO_QUESTION + _FAMILY)),
    Command("report_others", re.compile(_NO_QUESTION + GROUP_LINE, re.DOTALL)),
    *(command for process in load_processes().values() if process.once_a_day for command in _starts(process)),
)
