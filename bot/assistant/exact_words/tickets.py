"""转人工: 工单, 接单 12, 回复 12 …, 结束 12, 退出人工."""

from __future__ import annotations

import re

from bot.assistant.exact_words.command import NUMBER, WORDS, Command

COMMANDS = (
    Command("person", re.compile(r"(?:转人工|人工|人工客服|找人工|找网格员)")),
    Command(
        "leave_person",
        re.compile(r"(?:退出|结束|关闭|离开)人工(?:服务|客服|对话)?|不用(?:人工)?了(?:,?谢谢[你您了]?)?"),
    ),
    Command("handle_ticket", re.compile(r"(?P<verb>工单|查看工单|接单|结束工单)")),
    Command("handle_ticket", re.compile(rf"(?P<verb>查看工单|接单|结束(?:工单)?)\s*{NUMBER}")),
    # 回复 12 您好, and 回复 您好; 回复 12点来 has no number of a ticket
    Command("handle_ticket", re.compile(rf"(?P<verb>回复)\s*{NUMBER}(?:{WORDS})?", re.DOTALL)),
    Command("handle_ticket", re.compile(rf"(?P<verb>回复)(?:{WORDS})?", re.DOTALL)),
)
