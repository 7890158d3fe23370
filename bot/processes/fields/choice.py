"""One of the choices that the process file lists."""

from __future__ import annotations

import re
from typing import Any

from bot.processes.fields.base import Choice, Context, FieldType, Filled, NotThis, Option, Reading, Spec, Unclear
from bot.processes.fields.mentions import Stance, folded, mentions

# Words so common that they say something about a field only when its label stands beside them.
GENERIC = frozenset(
    "有 没有 都没有 都没 没有了 都有 都是 无 是 否 不是 正常 都正常 异常 其他 其它 一般 可以 已 未 完成 好 很好 全部 部分 今天 昨天 明天 自己 本人 家人 不清楚 不知道 不晓得".split()
)
ASKING = re.compile(r"吗|\?|怎么|什么|多少|呢$|如何|为什么|哪里|是不是|有没有|能不能|可不可以|要不要|是否")
UNKNOWN = re.compile(r"不(?:太|大|是很|怎么)?(?:知道|清楚|确定|晓得|记得)|忘了|忘记|说不准|说不好|拿不准|不好说")


def options(choices: tuple[Choice, ...]) -> tuple[Option, ...]:
    """Each choice as a button that reads as itself."""
    return tuple((choice.title, choice.title) for choice in choices)


def title_of(value: Any, spec: Spec) -> str:
    """The title of the choice with this value; the value itself where the process file no longer has it."""
    return next((choice.title for choice in spec.choices if choice.value == value), str(value))


class OneChoice(FieldType):
    """Value: the value of one of `spec.choices`."""

    name = "choice"
    example = "绿码"

    def read(self, text: str, spec: Spec, context: Context) -> Reading:
        said = folded(text).strip(" 。,.!;、\"'")
        exact = [choice for choice in spec.choices if said in (folded(choice.title), choice.value.lower())]
        if said and len(exact) == 1:
            return Filled(exact[0].value)
        found = mentions(said, spec.choices)
        if not found:
            if UNKNOWN.search(said):
                return Unclear(
                    f"请在下面选一个最接近的{spec.label}，例如：{self._example(spec)}", options(spec.choices)
                )
            return NotThis()
        positive = list(dict.fromkeys(m.choice for m in found if m.stance is Stance.SAID))
        doubtful = list(dict.fromkeys(m.choice for m in found if m.stance is Stance.DOUBTFUL))
        if len(positive) == 1 and not doubtful:
            if any(m.choice == positive[0] and m.stance is Stance.DENIED for m in found):
                return self._ask(spec, spec.choices)
            return Filled(positive[0].value)
        named = tuple(dict.fromkeys(positive + doubtful))
        return self._ask(spec, named if len(named) > 1 else spec.choices)

    def spot(self, text: str, spec: Spec, context: Context) -> Reading:
        said = folded(text)
        if ASKING.search(said):
            return NotThis()
        labelled = bool(spec.label) and folded(spec.label) in said
        found = mentions(said, spec.choices)
        if not found or any(m.stance is not Stance.SAID for m in found):
            return self.read(text, spec, context) if labelled and found else NotThis()
        sure = [m for m in found if labelled or (len(m.word) > 1 and m.word not in GENERIC)]
        values = {m.choice.value for m in found}
        return Filled(found[0].choice.value) if sure and len(values) == 1 else NotThis()

    def show(self, value: Any, spec: Spec) -> str:
        return title_of(value, spec)

    def _ask(self, spec: Spec, choices: tuple[Choice, ...]) -> Unclear:
        return Unclear(f"请问您的{spec.label}是下面哪一个？例如：{self._example(spec)}", options(choices))

    def _example(self, spec: Spec) -> str:
        return spec.choices[0].title if spec.choices else self.example


CHOICE = OneChoice()
