"""Safe expressions over a form's values: when a field is asked, an alert fires, a measure applies.

Pure: what an expression may know of the world (the risk list of today, the time) is handed in as `World`.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, Protocol

from simpleeval import DEFAULT_OPERATORS, EvalWithCompoundTypes

from bot.errors import ContentError

RISK_LEVELS = ("high", "medium", "key_city")


class RiskList(Protocol):
    """The dated list of risk regions, as of one day."""

    def level(self, place: Mapping[str, Any] | None) -> str:
        """The highest of RISK_LEVELS that holds for a place value (see fields/place.py), '' when none does."""


class NoRisks:
    """A risk list with nothing in it."""

    def level(self, place: Mapping[str, Any] | None) -> str:
        """No place is at risk."""
        return ""


@dataclass(frozen=True)
class World:
    """What rules may ask beside the form's own values. `now` is local time; `fever` the threshold in °C."""

    now: datetime
    fever: float
    risks: RiskList


def _if_both(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    # A field that was not asked is None; nothing is larger or smaller than what is not known.
    return lambda left, right: left is not None and right is not None and compare(left, right)


_OPERATORS = {
    **DEFAULT_OPERATORS,
    ast.Gt: _if_both(operator.gt),
    ast.GtE: _if_both(operator.ge),
    ast.Lt: _if_both(operator.lt),
    ast.LtE: _if_both(operator.le),
    ast.In: lambda item, group: group is not None and item in group,
    ast.NotIn: lambda item, group: group is None or item not in group,
}


@lru_cache(maxsize=1024)
def _parsed(expression: str) -> ast.AST:
    return EvalWithCompoundTypes.parse(expression)


def holds(expression: str, values: Mapping[str, Any], world: World) -> bool:
    """Whether an expression is true of the values. Names of fields that have no value are None.

    Functions: risk(place) → 'high', 'medium', 'key_city' or ''; worst(places) → the same over several places;
    abroad(place or places); days_since(date); hours_since(time); both None when there is no value.

    Raises:
        ContentError: the expression is wrong (`check_expression` finds that when the file is loaded).
    """
    try:
        return bool(_evaluator(values, world).eval(expression, previously_parsed=_parsed(expression)))
    except Exception as error:  # simpleeval raises many kinds, and Python's own for wrong operands
        raise ContentError(f"expression {expression!r}: {error}") from error


def _evaluator(values: Mapping[str, Any], world: World) -> EvalWithCompoundTypes:
    return EvalWithCompoundTypes(
        operators=_OPERATORS,
        names={"none": None, **values, "fever": world.fever},
        functions={
            "risk": lambda place: world.risks.level(place) if isinstance(place, Mapping) else "",
            "worst": lambda places: _worst(places, world.risks),
            "abroad": _abroad,
            "days_since": lambda day: _days_since(day, world.now),
            "hours_since": lambda moment: _hours_since(moment, world.now),
        },
    )


def names_in(expression: str) -> frozenset[str]:
    """The names of fields that an expression looks at."""
    nodes = list(ast.walk(_parsed(expression)))
    called = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
    used = {node.id for node in nodes if isinstance(node, ast.Name) and id(node) not in called}
    return frozenset(used - {"fever", "none", "True", "False", "None"})


def check_expression(expression: str, names: set[str]) -> None:
    """Refuses an expression that cannot be parsed, or that uses a name which is no field.

    Raises:
        ContentError: with the expression and the reason.
    """
    try:
        tree = _parsed(expression)
    except Exception as error:  # simpleeval raises several kinds beside SyntaxError
        raise ContentError(f"条件 {expression} 写得不对（{error}）") from error
    evaluator = _evaluator({}, World(datetime.min, 0.0, NoRisks()))
    for node in ast.walk(tree):
        if isinstance(node, ast.expr) and type(node) not in evaluator.nodes:
            raise ContentError(f"条件 {expression} 里不能用 {type(node).__name__}")
        if isinstance(node, (ast.operator, ast.cmpop, ast.unaryop)) and type(node) not in evaluator.operators:
            raise ContentError(f"条件 {expression} 里不能用 {type(node).__name__}")
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") not in evaluator.functions:
            known = "、".join(sorted(evaluator.functions))
            raise ContentError(f"条件 {expression} 里用了没有的函数，可以用：{known}")
    unknown = names_in(expression) - names
    if unknown:
        like = get_close_matches(min(unknown), names, 1)
        meant = f"，是不是想写 {like[0]}？" if like else ""
        raise ContentError(f"条件 {expression} 里没有 {'、'.join(sorted(unknown))} 这个字段{meant}")


# 港澳台 lie in China and outside its border controls: who comes from there enters by a port, as 境外人员 do.
_OUTSIDE_THE_BORDER = ("71", "81", "82")


def _abroad(place: Any) -> bool:
    if isinstance(place, list):
        return any(_abroad(one) for one in place)
    if not isinstance(place, Mapping):
        return False
    return bool(place.get("abroad")) or str(place.get("code") or "").startswith(_OUTSIDE_THE_BORDER)


def _worst(places: Any, risks: RiskList) -> str:
    levels = {risks.level(place) for place in places or () if isinstance(place, Mapping)}
    return next((level for level in RISK_LEVELS if level in levels), "")


def _days_since(day: Any, now: datetime) -> int | None:
    if not day:
        return None
    return (now.date() - date.fromisoformat(str(day)[:10])).days


def _hours_since(moment: Any, now: datetime) -> float | None:
    if not moment:
        return None
    text = str(moment)
    if len(text) == 10:
        # Only the day is known: the sample may have been taken at its first minute.
        text += "T00:00"
    return (now.replace(tzinfo=None) - datetime.fromisoformat(text)).total_seconds() / 3600
