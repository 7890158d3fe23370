"""What everybody may say: 绑定, 帮助, 有用, 撤回同意, and the words of a form with no form open."""

from __future__ import annotations

import re

from bot.assistant.exact_words.command import Command

# Words that only a form understands while it is open (bot/processes/dialogue.py); the form never looks at this intent.
_STRAY = (
    "取消",
    "不填了",
    "上一步",
    "返回上一步",
    "确认",
    "确认提交",
    "提交",
    "继续",
    "继续填",
    "重新开始",
    "重填",
    "修改",
    "同意",
    "不同意",
    "刚才填错了",
    "填错了",
    "跳过",
)

COMMANDS = (
    Command("bind", re.compile(r"(?:绑定|邀请码)\s*[:：]?\s*(?P<code>[A-Z0-9]{4}-?[A-Z0-9]{4})", re.IGNORECASE)),
    Command("bind", re.compile(r"(?:绑定|邀请码|我要绑定)")),
    Command("help", re.compile(r"(?:帮助|菜单|功能|help|\?|能做什么|你会什么|怎么用)", re.IGNORECASE)),
    Command("feedback", re.compile(r"(?P<verb>有用|没用|换个问法)")),
    Command("withdraw_consent", re.compile(r"(?:撤回|取消|收回)(?:我的)?(?:知情)?同意")),
    Command("out_of_scope", re.compile(r"都不是")),  # the last button under entries that are offered
    Command("stray", re.compile("|".join(map(re.escape, _STRAY)))),
)
