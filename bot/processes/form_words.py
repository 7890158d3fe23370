"""The words that every form understands at any point, whatever it asks."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.processes.definition import Field

_ENDS = " 。.!！~，,"
CANCEL = frozenset("取消 不填了 算了 退出 不打了 不报了 先不填了 取消打卡 取消申报 取消填报 停止 不想填了".split())
BACK = frozenset("上一步 返回 返回上一步 后退 上一个 退回 回到上一步 上一项".split())
RESTART = frozenset("重新开始 重填 重新填 从头来 从头开始 重来 重新来 重新填写".split())
GO_ON = frozenset("继续 继续填 接着填 继续打卡 接着来 接着 继续吧 不改了 不改 不用改 不用改了".split())
SAME = frozenset("同昨天 和昨天一样 跟昨天一样 同昨日 与昨天相同 昨天一样 跟昨天一样的 和昨天一样的 一样".split())
HELP = frozenset("帮助 怎么填 help ? 怎么弄 不会填 怎么操作".split())
FIX = frozenset(
    "修改 改 刚才填错了 刚才写错了 填错了 错了 写错了 弄错了 按错了 点错了 刚才点错了 有错 不对 改一下 我要改 我要修改 改错".split()
)
SKIP = frozenset("跳过 跳过这项 下一步 下一项 不想填 不填".split())
CONFIRM = frozenset(
    "确认 确认提交 提交 确定 没错 对 对的 是 是的 可以 好 好的 好了 行 嗯 ok 没问题 无误 确认无误 正确 是对的 就这样 中".split()
)
# At the summary; in the midst of a form they may be answers.
NOT_RIGHT = frozenset("不 不是 否 不行 不确认 不提交 有问题 不正确 先不提交".split())
SUBMIT = frozenset("确认 确认提交 提交 无误 确认无误".split())
# Said to what was told before; no answer to any question of a form, 有没有 least of all.
HEARD = frozenset("好 好的 好吧 好嘞 行 行吧 可以 ok 哦 知道了 收到 明白 明白了 谢谢 多谢 谢谢你 谢了".split())

_HEAD = r"^(?:我要|我想|我的|我|请|帮我|帮忙|刚才|刚刚|那个|把|将|你)*"
_CHANGE = re.compile(rf"{_HEAD}(?:改|修改|更正|更改|换)(?:一下|下)?(?P<rest>.+)$")
_WRONG = re.compile(
    rf"{_HEAD}(?P<label>.+?)(?:填错了|写错了|错了|不对|报错了|输错了|点错了|选错了|弄错了)[，,。\s]*(?P<rest>.*)$"
)
_LABEL_FIRST = re.compile(
    rf"{_HEAD}(?P<label>.+?)(?:要|想|得)?(?:修改|更改|更正|改|应该是|应为|应该)(?:一下|下)?(?P<rest>(?:成|为|到|作)?.*)$"
)
_TO = re.compile(r"^(?:改|换)?(?:成|为|是|到|作)")
_ASKING = re.compile(
    r"[?？吗么嘛]|(?<![在没有着的好])呢|怎么|怎样|咋|如何|哪|几天|多久|多少|什么|啥|能不能|可不可以|可以.*不$|能.*不$|是不是|要不要|用不用|需不需要|会不会|有没有.*规定|为何|为啥|请问|问一下|问下"
)


def is_word(text: str, words: frozenset[str]) -> bool:
    """Whether a whole message is one of the words, whatever its end and letter case."""
    return text.strip(_ENDS).lower() in words


def sounds_like_question(text: str) -> bool:
    """Whether a text is put as a question rather than as a statement."""
    return bool(_ASKING.search(text))


def read_change(text: str, active: Sequence[Field]) -> tuple[Field, tuple[str, ...]] | None:
    """The field that the person wants changed, and the ways of reading what they said it should be (none when nothing).

    Reads `改体温 36.8`, `体温改成36.8`, `体温填错了`, `把健康码改为黄码`; None when no field of the form is named. Two ways:
    改出发地成都 may say 成都, or 成 and 都.
    """
    text = text.strip(_ENDS)
    change = _CHANGE.match(text)
    if change:
        named = _named(change["rest"], active)
        if named:
            return named[0], _said(named[1])
    for pattern in (_WRONG, _LABEL_FIRST):
        match = pattern.match(text)
        named = _named(match["label"].strip(), active) if match else None
        if match and named and not named[1]:
            return named[0], _said(match["rest"])
    return None


def bare_change(text: str) -> str:
    """What a change says that names no field (改成 36.8 → 36.8); '' for any other text."""
    change = _CHANGE.match(text.strip(_ENDS))
    return _TO.sub("", change["rest"].strip()).strip(" :：") if change else ""


def named_field(text: str, active: Sequence[Field]) -> tuple[Field, tuple[str, ...]] | None:
    """The field that a text begins with, and what follows (体温 36.8), as `read_change` gives them."""
    named = _named(text.strip(_ENDS), active)
    return (named[0], _said(named[1])) if named else None


def _named(text: str, active: Sequence[Field]) -> tuple[Field, str] | None:
    best: tuple[Field, str] | None = None
    longest = 0
    for field in active:
        for word in field.words:
            if text.startswith(word) and len(word) > longest:
                best, longest = (field, text[len(word) :]), len(word)
    return best


def _said(rest: str) -> tuple[str, ...]:
    """With a blank before it, the rest is what was said; else 成, 为 and 是 most likely lead up to it."""
    plain = rest.strip(" :：，,。")
    short = _TO.sub("", plain).strip(" :：")
    spaced = rest[:1] in (" ", ":", "：")
    return tuple(dict.fromkeys(one for one in ((plain, short) if spaced else (short, plain)) if one))
