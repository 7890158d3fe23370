"""Yes or no."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bot.processes.fields.base import Context, FieldType, Filled, NotThis, Option, Reading, Spec, Unclear
from bot.processes.fields.choice import UNKNOWN
from bot.processes.fields.mentions import folded

_SOFT = r"(?:啊|呢|吧|的|了|哦|呀|嘛|哈|滴|喔|噢|哒|诶|咧|\s)*"
_YES = re.compile(
    r"(?:(?:嗯+|恩+|哦|噢|哎|唉)*(?:是|有|对|要|会|能|可以|愿意|同意|需要|去过|接触过|做过|做|打过|打|已接种|已做|已|确认|确实|肯定|当然|没错|"
    rf"是这样|yes|y|ok|okay|yep|√|嗯+|恩+|好|行|属实|符合){_SOFT})+(?:谢谢|~)*"
)
_NO = re.compile(
    r"(?:嗯+|哦|噢|唉|都|也|我|全家|真|真的|绝对|肯定|当然|暂时|目前|还|并|其实|从|完全|,)*"
    r"(?:从来没有|从来没|从没有|从没|从未|没有|没得|没|无|不是|不对|不会|不能|不要|不需要|不用|不可以|不行|不愿意|不同意|不符合|不|否|"
    r"未|木有|冇|莫得|么有|不曾|no|n|nope|×|一个都没有|哪有)"
    r"(?:有|过|啊|呢|的|了|哦|呀|嘛|哈|呐|喔|任何|这种|这个|此类|以上|上述|情况|接触|去|去过|接触过|出过|出|门|发生|打|做|都|没|没有|正常|一切|,|\s)*"
)
_UNSURE = re.compile(
    r"有没有|是不是|可能|也许|大概|好像|应该|似乎|不一定|看情况|或许|要不要|去没去|是否|吗|\?|不是没|没有不|不是不|算是|记不|没问题|^(?:是|对|有|好)[的了啊]*(?:没|无|不(?!错))"
)
_SAID_NO = re.compile(r"(?:^|我|都|也|从|来|并|还|本人|全家|家人)(?:没有|没|不|未|无|否|从未|从没|不是)")
_SAID_YES = re.compile(r"(?<!没)有(?:的|过)?$|^(?:是的|对的|有的|对|嗯+|有|是|去过|接触过|确实|刚|已经?)")
_CLAUSES = re.compile(r"[,;。!]|但是|但|不过|可是")
_TOPIC = re.compile(r"是否|有无|有没有|是不是|吗|\?|您|你|或者?$")


class YesNo(FieldType):
    """Value: a bool.

    Options: `yes_words` and `no_words`, further ways of saying either, which also count inside a longer message;
    `answers`, the two buttons in their order with what each means ({没有: false, 有: true}; 是 and 否 unless given).
    """

    name = "yes_no"
    example = "没有"

    def read(self, text: str, spec: Spec, context: Context) -> Reading:
        said = folded(text).strip(" 。,.!;、\"'~")
        if not said:
            return NotThis()
        for title, meant in _answers(spec).items():
            if said == folded(title):
                return Filled(bool(meant))
        if UNKNOWN.search(said) or _UNSURE.search(said):
            return self._ask(spec)
        worded = self._worded(said, spec)
        if worded is not None:
            return worded
        if said == "没错" or _YES.fullmatch(said.replace(",", "")):
            return Filled(True)
        if _NO.fullmatch(said):
            return Filled(False)
        stances = {self._stance(part, spec) for part in _CLAUSES.split(said) if part.strip()} - {None}
        if len(stances) > 1:
            return self._ask(spec)
        return Filled(stances.pop()) if stances else NotThis()

    def spot(self, text: str, spec: Spec, context: Context) -> Reading:
        said = folded(text).strip(" 。,.!;、\"'~")
        if UNKNOWN.search(said) or _UNSURE.search(said):
            return NotThis()
        worded = self._worded(said, spec)
        if worded is not None:
            return worded
        topic = _topic(spec)
        if len(topic) < 2 or topic not in said:
            return NotThis()
        about = self._about(said, topic)
        return NotThis() if about is None else Filled(about)

    def show(self, value: Any, spec: Spec) -> str:
        return next((title for title, meant in _answers(spec).items() if meant is value), str(value))

    def options(self, spec: Spec) -> tuple[Option, ...]:
        return tuple((title, title) for title in _answers(spec))

    def _worded(self, said: str, spec: Spec) -> Reading | None:
        yes = any(folded(word) in said for word in spec.options.get("yes_words", ()))
        no = any(folded(word) in said for word in spec.options.get("no_words", ()))
        if yes and no:
            longest = max(
                (len(folded(word)), answer, folded(word))
                for key, answer in (("yes_words", True), ("no_words", False))
                for word in spec.options.get(key, ())
                if folded(word) in said
            )
            # 没去过 holds 去过: the longer word counts, but only when the other lies inside it.
            rest = said.replace(longest[2], " ")
            other = spec.options.get("no_words" if longest[1] else "yes_words", ())
            return self._ask(spec) if any(folded(word) in rest for word in other) else Filled(longest[1])
        if no:
            return Filled(False)
        if yes:
            return self._ask(spec) if re.search(r"没|不|无|未|否", said) else Filled(True)
        return None

    def _stance(self, clause: str, spec: Spec) -> bool | None:
        clause = clause.strip()
        if _NO.fullmatch(clause):
            return False
        if _YES.fullmatch(clause):
            return True
        about = self._about(clause, _topic(spec))
        if about is not None:
            return about
        if _SAID_NO.search(clause):
            return False
        if re.search(r"没|不|无|未", clause):
            return None
        return True if _SAID_YES.search(clause) else None

    def _about(self, clause: str, topic: str) -> bool | None:
        """What a clause that holds the field's topic says of it."""
        if not topic or topic not in clause:
            return None
        before, after = clause.split(topic, 1)
        if re.search(r"(?:没有?|无|未|不是?|从未)(?:有|去过?|过)?$", before):
            return None if re.search(r"(?:不是|并非)(?:没有?|无|未|不)", before) else False
        if re.search(r"^[:是]?(?:没有?|无|否|未|不)", after):
            return False
        return (
            True
            if re.fullmatch(r"(?:我|本人|是|有|是的|有过|确实|:)*", before) and (before or after[:1] in ":是有")
            else None
        )

    def _ask(self, spec: Spec) -> Unclear:
        first, second = _answers(spec)
        return Unclear(f"没太明白，请问是“{first}”还是“{second}”？例如：{second}", self.options(spec))


def _answers(spec: Spec) -> Mapping[str, bool]:
    return dict(spec.options.get("answers") or {"是": True, "否": False})


def _topic(spec: Spec) -> str:
    return _TOPIC.sub("", folded(spec.label)).strip()


YES_NO = YesNo()
