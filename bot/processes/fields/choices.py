"""Several of the choices that the process file lists, or none of them."""

from __future__ import annotations

import re
from typing import Any

from bot.processes.fields.base import Choice, Context, FieldType, Filled, NotThis, Option, Reading, Spec, Unclear
from bot.processes.fields.choice import ASKING, GENERIC, UNKNOWN, options, title_of
from bot.processes.fields.mentions import Stance, folded, mentions

_LEAD = (
    r"(?:都|全部?|以上|上述|这些|一切|目前|暂时|暂|现在|今天|我们?|全家|家人|家里|大家|也|均|身体|啥|什么|任何|一个|一样|"
    r"感觉|觉得|人|很|挺|非常|还|是|的|嗯|哦|症状|情况|状况|状态|各项|指标|本人|孩子|、|:|\s)*"
)
_NOTHING = r"(?:从来没有|没有|没得|没|无|木有|冇|不存在|none|正常|健康|良好|没事|好着呢|好的很|好得很|好|可以|还行|无异常|没异常|没毛病|没问题)"
_OF_WHAT = r"(?:任何|什么|啥|出现|以上|上述|以下|这些|其他|明显|的|感觉|一点|一个|不舒服|不适|不正常|异常|症状|情况|现象|问题|毛病|事|哪里|地方|都)*"
_TAIL = r"(?:啊|呢|的|了|哦|呀|吧|嘛|哈|谢谢|一切正常|都正常|正常|都好|都没有|\s|!|~)*"
_NONE = re.compile(
    rf"{_LEAD}{_NOTHING}{_OF_WHAT}{_TAIL}|(?:没有?|无)?(?:哪里?|哪儿)?都?(?:不难受|没不舒服|没有不舒服|不痛不痒){_TAIL}"
)
_HEALTHY = re.compile(
    rf"{_LEAD}(?:没有|没|无|木有|冇)(?:任何|什么|啥|出现|以上|上述|这些|其他|明显|的|一点|哪里)*(?:不舒服|不适|异常|症状)+(?:情况|症状|的|现象)*{_TAIL}"
    rf"|(?:目前|今天|现在|我|本人|全家|家人|孩子|也)*(?:身体(?:一切|都|很|挺|状况|情况)*(?:正常|健康|良好|好)|一切(?:都|很)?(?:正常|好)|无异常){_TAIL}"
)
_HEALTH_LABEL = re.compile(r"症状|不适|不舒服|身体|健康状[况态]")
_CLAUSES = re.compile(r"[,;。!]|但是|但|不过|可是|就是|只是")


class SeveralChoices(FieldType):
    """Value: a list of choices' values in the order of `spec.choices`, or [none_value].

    Options: `none_value`, the value that stands for “none of them” (it may be the value of a choice, whose title and words
    then count as “none” too, or stand by itself); without it, “没有” is not an answer.
    """

    name = "choices"
    example = "咳嗽、乏力"

    def read(self, text: str, spec: Spec, context: Context) -> Reading:
        said = folded(text).strip(" 。,.!;、\"'~")
        none, real = _split(spec)
        found = mentions(said, real)
        positive = _in_order(spec, [m.choice for m in found if m.stance is Stance.SAID])
        denied = _in_order(spec, [m.choice for m in found if m.stance is Stance.DENIED])
        doubtful = [m for m in found if m.stance is Stance.DOUBTFUL]
        nothing = none is not None and self._says_none(said, none, bool(found))
        if doubtful or (set(positive) & set(denied)):
            named = _in_order(spec, [m.choice for m in found if m.stance is not Stance.DENIED])
            return self._ask("请问您现在有下面哪些情况？", named, spec)
        if positive:
            if nothing:
                return self._ask(f"您既写了{_titles(positive)}，又写了没有，请问现在是哪一种？", positive, spec)
            return Filled([choice.value for choice in positive])
        if nothing or (none is not None and denied and self._denies_all(said, denied, real)):
            return Filled([none.value]) if none else NotThis()
        if denied:
            return self._ask(f"知道了没有{_titles(denied)}，请问还有别的情况吗？", [], spec)
        if (
            UNKNOWN.search(said)
            or re.fullmatch(r"(?:都|是|我)?有[的点些一啊]*", said)
            or (none is None and _NONE.fullmatch(said))
        ):
            return self._ask("请从下面选一项或几项，", [], spec)
        return NotThis()

    def spot(self, text: str, spec: Spec, context: Context) -> Reading:
        said = folded(text).strip(" 。,.!;、\"'~")
        if not said or ASKING.search(said):
            return NotThis()
        none, real = _split(spec)
        labelled = bool(spec.label) and folded(spec.label) in said
        found = mentions(said, real)
        if none is not None and not found and self._surely_none(said, none, spec):
            return Filled([none.value])
        if labelled:
            return self.read(text, spec, context)
        if any(m.stance is not Stance.DENIED and len(m.word) > 1 and m.word not in GENERIC for m in found):
            return self.read(text, spec, context)
        if found and none is not None and all(m.stance is Stance.DENIED for m in found):
            reading = self.read(text, spec, context)
            return reading if isinstance(reading, Filled) else NotThis()
        return NotThis()

    def show(self, value: Any, spec: Spec) -> str:
        none, _ = _split(spec)
        titles = [none.title if none and one == none.value else title_of(one, spec) for one in _listed(value)]
        return "、".join(titles) or "无"

    def _says_none(self, said: str, none: Choice, beside_others: bool) -> bool:
        words = {folded(word) for word in (none.title, *none.words)}
        parts = [said, *_CLAUSES.split(said)] if beside_others else [said, "".join(_CLAUSES.split(said))]
        return any(part.strip() in words or bool(part.strip() and _NONE.fullmatch(part.strip())) for part in parts)

    def _surely_none(self, said: str, none: Choice, spec: Spec) -> bool:
        words = {folded(word) for word in (none.title, *none.words)}
        if said in {word for word in words if len(word) > 2 and word not in GENERIC}:
            return True
        label = re.escape(folded(spec.label))
        if label and re.fullmatch(rf"{_LEAD}(?:没有|没|无|暂无)(?:任何|什么|啥|出现)*{label}{_TAIL}", said):
            return True
        about_health = any(_HEALTH_LABEL.search(word) for word in (spec.label, none.title))
        return about_health and bool(_HEALTHY.fullmatch(said))

    def _denies_all(self, said: str, denied: list[Choice], real: tuple[Choice, ...]) -> bool:
        """Whether the denial is of every choice: all are named, or it ends as a list of examples does."""
        return len(denied) == len(real) or bool(
            re.search(r"等(?:等|任何|其他|的)*(?:不适|症状|情况|现象)|等都?(?:没有?|无)|等$", said)
        )

    def _ask(self, question: str, named: list[Choice], spec: Spec) -> Unclear:
        none, real = _split(spec)
        several: tuple[Option, ...] = ((_titles(named), _titles(named)),) if len(named) > 1 else ()
        last: tuple[Option, ...] = ((none.title, none.title),) if none else ()
        example = _titles(list(real[:2])) or self.example
        return Unclear(f"{question}例如：{example}", several + options(tuple(named) or real) + last)


def _split(spec: Spec) -> tuple[Choice | None, tuple[Choice, ...]]:
    """The choice that stands for none, if none is allowed, and the others."""
    value = spec.options.get("none_value")
    if value is None:
        return None, spec.choices
    none = next((choice for choice in spec.choices if choice.value == value), Choice(str(value), "没有"))
    return none, tuple(choice for choice in spec.choices if choice.value != value)


def _in_order(spec: Spec, chosen: list[Choice]) -> list[Choice]:
    return [choice for choice in spec.choices if choice in chosen]


def _titles(choices: list[Choice]) -> str:
    return "、".join(choice.title for choice in choices)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


CHOICES = SeveralChoices()
