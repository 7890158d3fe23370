"""随访, 随访 12, 随访 12 36.5 正常, 核酸 12 阴性, 核酸 张三 阴性, 解除 12 …, 延长 12 3天, 高风险岗位."""

from __future__ import annotations

import re

from bot.assistant.exact_words.command import NUMBER, WORDS, Command

COMMANDS = (
    Command("follow_up", re.compile(r"(?P<verb>随访|随访名单|高风险岗位|高风险岗位名单)")),
    Command("follow_up", re.compile(rf"(?P<verb>随访|核酸|解除|延长)\s*{NUMBER}(?:{WORDS})?", re.DOTALL)),
    Command(
        "follow_up", re.compile(r"(?P<verb>核酸)\s+(?P<words>[一-龥·]{2,6}\s*(?:阴性|阳性|待出结果).*)", re.DOTALL)
    ),
)
