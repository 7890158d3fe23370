"""Staff keep the knowledge: 待答, 答复 12 …, 改答 T7 …."""

from __future__ import annotations

import re

from bot.assistant.exact_words.command import NUMBER, WORDS, Command

_ENTRY = r"[#＃]?\s*(?P<code>[A-Za-z][A-Za-z0-9_-]{0,30})"

COMMANDS = (
    Command("keep_knowledge", re.compile(r"(?P<verb>待答)\s*(?P<code>[0-9]{1,4})?")),
    Command("keep_knowledge", re.compile(rf"(?P<verb>忽略)\s*{NUMBER}")),
    Command("keep_knowledge", re.compile(rf"(?P<verb>答复)\s*{NUMBER}(?:{WORDS})?", re.DOTALL)),
    Command("keep_knowledge", re.compile(rf"(?P<verb>看答|版本|停用|用文件|用修改)\s*{_ENTRY}")),
    Command("keep_knowledge", re.compile(rf"(?P<verb>改答|加问法|有效期|恢复)\s*{_ENTRY}(?:{WORDS})?", re.DOTALL)),
    Command("keep_knowledge", re.compile(r"(?P<verb>确认修改|保留其余|放弃)")),
)
