"""Somebody reports for a relative: 帮我妈打卡 36.4 没症状, 替孩子打卡, 娃今天36.5 正常."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.processes.normal import normalise

# What people call a relative, by who that is to the speaker. A word may stand for several (孩子: a son or a daughter).
_CALLED: dict[str, str] = {
    "mother": "妈妈 妈 母亲 老妈 老娘 娘 阿妈 妈咪",
    "father": "爸爸 爸 父亲 老爸 爹 老爹 阿爸",
    "son": "儿子 娃儿 小子 男孩",
    "daughter": "女儿 闺女 丫头 姑娘 女孩",
    "child": "孩子 小孩 娃娃 娃 宝宝 宝贝 小朋友 崽崽 崽 子女",
    "grandchild": "孙子 孙女 外孙 外孙女 孙孙",
    "grandfather": "爷爷 外公 姥爷 公公 祖父 外祖父",
    "grandmother": "奶奶 外婆 姥姥 婆婆 祖母 外祖母",
    "spouse": "老伴 爱人 配偶 老公 老婆 丈夫 妻子 媳妇 先生 太太",
    "in_law": "岳父 岳母 丈人 丈母娘",
    "sibling": "哥哥 哥 弟弟 弟 姐姐 姐 妹妹 妹 兄弟 姐妹",
    "parents": "爸妈 父母 老人 老人家",
}
_KINDS: dict[str, str] = {word: kind for kind, words in _CALLED.items() for word in words.split()}
# Whom a word may mean beside those who are called just so.
_ALSO: dict[str, frozenset[str]] = {
    "child": frozenset({"son", "daughter", "grandchild"}),
    "son": frozenset({"child"}),
    "daughter": frozenset({"child"}),
    "grandchild": frozenset({"child"}),
    "parents": frozenset({"mother", "father", "grandfather", "grandmother"}),
    # 公公 and 婆婆 are grandparents in one place and in-laws in the next
    "in_law": frozenset({"grandfather", "grandmother"}),
}
CHILDREN = frozenset({"child", "son", "daughter", "grandchild"})

_WORDS = "|".join(sorted(_KINDS, key=len, reverse=True))
_OF_MINE = r"(?:我们家|咱们家|我们|我家|咱家|俺家|家里|我|咱|俺)?的?"
_DO = (
    r"(?:把)?(?:今天|今日|今早)?的?(?:健康|体温|卡)?也?"
    r"(?:打一下卡|打下卡|打个卡|打上卡|打了卡|打卡|打了|打上|报一下|报个|报上|报了|上报|填报|报|填一下|填上|填)"
    r"(?:一下|了)?(?:今天|今日)?的?(?:健康卡|健康|体温|平安|卡)?"
)
# Whoever the message is for after all, or who is not one person.
_NOBODY = r"(?:我们|我自己|我|自己|本人|咱们|大家|你|您|他们|忙|我忙|一下|全班|全家|我们班)"
_FOR = (
    r"(?:请|麻烦|我|我要|我想|想|要)?(?:帮忙|帮|给|替|代|为)"
    rf"(?!{_NOBODY}(?:{_DO})){_OF_MINE}{{who}}{_DO}"
)
_NAME = r"[\u4e00-\u9fff]{2,4}?"
_WITH_VERB = re.compile(_FOR.replace("{who}", f"(?P<who>{_WORDS}|{_NAME})"))
_BARE = re.compile(
    rf"{_OF_MINE}(?P<who>{_WORDS})(?:{_DO}|(?:今天|今日|今早|刚才|现在|的?体温|量了?)*)"
    r"(?=$|[\s,，:：。]|[0-9三四]|没|无|都|一切|正常|健康|发|咳|有点|身体|在家|在学|绿码)"
)
_ASKING = r"(?!.*(?:[?？吗么嘛]|怎么|怎样|如何|为什么|可以|能不能|要不要|什么|谁))"
_ENDS = " ,，:：。;；的"

FOR_SOMEBODY = _ASKING + _FOR.replace("{who}", f"(?:{_WORDS}|{_NAME})") + r"(?:[\s,，:：。0-9].*)?"
"""Regular expression (no groups) of a whole message that reports for somebody else by a verb: 帮我妈打卡 36.4."""


@dataclass(frozen=True)
class Said:
    """For whom a message reports, as it was said (妈, 刘桂兰), and what it says of them."""

    who: str
    rest: str


def read_relative(text: str) -> Said | None:
    """For whom a message that reports is meant; None where it is for the speaker."""
    plain = normalise(text).strip()
    for pattern in (_WITH_VERB, _BARE):
        match = pattern.match(plain)
        if match:
            return Said(match["who"], plain[match.end() :].strip(_ENDS))
    return None


def kind_of(word: str) -> str:
    """What a word calls a relative (`mother`), '' for a word that does not, such as a name."""
    return _KINDS.get(word, "")


def may_mean(said: str, kind: str) -> bool:
    """Whether a word (妈) may mean a relative who is registered as `kind` (母亲)."""
    one, other = kind_of(said), kind_of(kind)
    return bool(one) and (one == other or other in _ALSO.get(one, frozenset()))
