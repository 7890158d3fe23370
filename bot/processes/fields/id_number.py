"""A mainland identity number, or a permit of Hong Kong, Macau and Taiwan people."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from stdnum.cn import ric
from stdnum.exceptions import ValidationError

from bot.processes.fields.base import Context, FieldType, Filled, NotThis, Reading, Spec, Unclear, Wrong
from bot.processes.normal import normalise

_EIGHTEEN = re.compile(r"(?<![0-9A-Z])[0-9]{17}[0-9X](?![0-9A-Z])")
# 港澳居民来往内地通行证: H or M with 8 digits, and 2 more on old cards. 台湾居民来往大陆通行证: 8 digits, 10 and a letter on old ones.
_HONG_KONG_MACAU = re.compile(r"(?<![0-9A-Z])[HM][0-9]{8}(?:[0-9]{2})?(?![0-9A-Z])")
_TAIWAN = re.compile(r"(?<![0-9A-Z])(?:[0-9]{8}|[0-9]{10}[A-Z]?)(?![0-9A-Z])")
_TAIWAN_SAID = re.compile(r"台胞证|台湾|台通证|大陆通行证")
_NAMED = re.compile(r"身份证|证件|通行证|台胞证|证号|回乡证")
_NONE = re.compile(r"没有|忘|不记得|不方便|不想|保密|没带")
_EXAMPLE = "例如：11010519491231002X"
_OLDEST = 1900


class IdNumber(FieldType):
    """Value: 18 characters with a capital X, or a permit's number.

    The first six digits are not looked up: real cards carry codes of places that no longer exist.
    """

    name = "id_number"
    example = "11010519491231002X"

    def read(self, text: str, spec: Spec, context: Context) -> Reading:
        said = _written(text)
        today = context.now.date()
        whole = list(dict.fromkeys(_EIGHTEEN.findall(said)))
        permits = list(dict.fromkeys(_HONG_KONG_MACAU.findall(said)))
        if len(whole) + len(permits) > 1:
            both = whole + permits
            sound = [number for number in both if number in permits or not _fault(number, today)]
            return Unclear(
                f"您写了几个证件号，请问用哪一个？{_EXAMPLE}", tuple((number, number) for number in sound[:4])
            )
        if whole:
            fault = _fault(whole[0], today)
            return Wrong(f"{fault}，请核对后再输入，{_EXAMPLE}") if fault else Filled(whole[0])
        if permits:
            return Filled(permits[0])
        taiwan = _TAIWAN.findall(said)
        if len(taiwan) == 1:
            if _TAIWAN_SAID.search(said):
                return Filled(taiwan[0])
            if len(taiwan[0]) in (8, 11):
                question = f"身份证号应为 18 位，请问 {taiwan[0]} 是台胞证号吗？不是请输入身份证号，{_EXAMPLE}"
                return Unclear(question, ((f"是，台胞证 {taiwan[0]}", f"台胞证{taiwan[0]}"),))
        typed = re.sub(r"[^0-9X]", "", said)
        if len(typed) == 15:
            return Wrong(f"15 位的旧身份证号已停用，请输入 18 位的，{_EXAMPLE}")
        if re.search(r"[0-9]", typed):
            return Wrong(f"身份证号是 18 位，您输入了 {len(typed)} 位，请核对，{_EXAMPLE}")
        if _NONE.search(said) and (_NAMED.search(said) or len(said) <= 8):
            return Wrong(f"这一项需要证件号，只用于防疫登记，{_EXAMPLE}")
        return NotThis()

    def spot(self, text: str, spec: Spec, context: Context) -> Reading:
        said = _written(text)
        numbers = set(_EIGHTEEN.findall(said))
        if _NAMED.search(said) and (numbers or _HONG_KONG_MACAU.search(said) or _TAIWAN.search(said)):
            return self.read(text, spec, context)
        sure = len(numbers) == 1 and not _fault(next(iter(numbers)), context.now.date())
        return self.read(text, spec, context) if sure else NotThis()

    def show(self, value: Any, spec: Spec) -> str:
        return str(value)

    def mask(self, value: Any, spec: Spec) -> str:
        number = str(value)
        if len(number) == 18:
            return f"{number[:3]}{'*' * 11}{number[-4:]}"
        return f"{number[:1]}{'*' * max(len(number) - 5, 4)}{number[-4:]}" if len(number) > 7 else "*" * len(number)


def _written(text: str) -> str:
    """The text in capitals, with blanks and dashes between digits gone and ×, * as the last character read as X."""
    said = normalise(text).upper().replace("Х", "X").replace("Χ", "X")
    said = re.sub(r"(?<=[0-9])[ -]+(?=[0-9X])", "", said)
    return re.sub(r"(?<=[0-9]{17})[×*✕](?![0-9A-Z])", "X", said)


def _fault(number: str, today: date) -> str:
    """What is wrong with an 18-character number, in Chinese; empty where nothing is."""
    try:
        born = ric.get_birth_date(number)
    except ValidationError:
        return "身份证号里的出生日期不对"
    if born > today or born.year < _OLDEST:
        return "身份证号里的出生日期不对"
    return "" if ric.calc_check_digit(number) == number[-1] else "身份证号的最后一位对不上，可能输错了一位"


ID_NUMBER = IdNumber()
