"""The words that every form understands at any point, whatever it asks."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.processes.definition import Field, Process

_ENDS = " 。.!！~，,"
CANCEL = frozenset("取消 不填了 算了 退出 不打了 不报了 先不填了 取消打卡 取消申报 停止".split())
BACK = frozenset("上一步 返回 返回上一步 后退 上一个 退回".split())
RESTART = frozenset("重新开始 重填 重新填 从头来 从头开始 重来 重新来".split())
GO_ON = frozenset("继续 继续填 接着填 继续打卡 接着来 接着".split())
SAME = frozenset("同昨天 和昨天一样 跟昨天一样 同昨日 与昨天相同 昨天一样 一样".split())
HELP = frozenset("帮助 怎么填 help ? 怎么弄 不会填 怎么操作".split())
FIX = frozenset("修改 改 刚才填错了 填错了 错了 写错了 有错 不对 改一下 我要改 我要修改 改错".split())
CONFIRM = frozenset(
    "确认 确认提交 提交 确定 没错 对 对的 是 是的 可以 好 好的 好了 行 嗯 ok 没问题 无误 确认无误 正确 是对的 就这样 中".split()
)

_CHANGE = re.compile(r"^(?:我要|我想|请|帮我|把)?(?:改|修改|更正|更改|换)(?:一下)?(?P<rest>.+)$")
_WRONG = re.compile(r"^(?P<label>.+?)(?:填错了|写错了|错了|不对|报错了|输错了)[，,。]?(?P<rest>.*)$")
_TO = re.compile(r"^[\s:：]*(?:改|换)?(?:成|为|是|到|作)?[\s:：]*")
_ASKING = re.compile(
    r"[?？吗么嘛呢]|怎么|怎样|咋|如何|哪|几天|多久|多少|什么|啥|能不能|可不可以|可以.*不$|能.*不$|是不是|要不要|用不用|需不需要|会不会|有没有.*规定|为何|为啥|请问|问一下|问下"
)


def is_word(text: str, words: frozenset[str]) -> bool:
    """Whether a whole message is one of the words, whatever its end and letter case."""
    return text.strip(_ENDS).lower() in words


def sounds_like_question(text: str) -> bool:
    """Whether a text is put as a question rather than as a statement."""
    return bool(_ASKING.search(text))


def read_change(text: str, process: Process, active: Sequence[Field]) -> tuple[Field, str] | None:
    """The field that the person wants changed, and the rest of what they said about it (may be empty).

    Reads `改体温 36.8`, `体温改成36.8`, `体温填错了`, `把健康码改为黄码`; None when no field of the form is named.
    """
    text = text.strip(_ENDS)
    change = _CHANGE.match(text)
    if change:
        return _named(change["rest"], active)
    wrong = _WRONG.match(text)
    if wrong:
        named = _named(wrong["label"], active)
        if named and not named[1]:
            return named[0], wrong["rest"].strip()
        return None
    for mark in ("改成", "改为", "改到"):
        label, found, rest = text.partition(mark)
        if found:
            named = _named(label, active)
            if named and not named[1]:
                return named[0], rest.strip()
    return None


def _named(text: str, active: Sequence[Field]) -> tuple[Field, str] | None:
    best: tuple[Field, str] | None = None
    longest = 0
    for field in active:
        for word in field.words:
            if text.startswith(word) and len(word) > longest:
                best, longest = (field, _TO.sub("", text[len(word) :]).strip()), len(word)
    return best
