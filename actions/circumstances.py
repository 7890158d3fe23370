"""Joins a question's own case (a place, a temperature) with the entry that it asks for and the risk list of today."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from actions.asked import Asked
from actions.replies import say
from bot.knowledge.answering import Fact
from bot.knowledge.entries import Entry
from bot.processes.circumstances import Case, UnclearPlace, cases_of
from bot.processes.normal import normalise
from bot.services import records, risks
from bot.services.context import Services

_MOST_CASES = 2  # of several places, the rules told: the gravest stand first
_MOST_INSIDE = 5  # how many regions at risk of one city are named


@dataclass(frozen=True)
class Told:
    """The entry to tell, and the fact to tell before it, if the question names a case."""

    entry: Entry
    fact: Fact | None = None


async def case_of(asked: Asked, entry: Entry) -> Told | UnclearPlace:
    """What is told of an entry to this question; or the place that has to be asked back, where buttons can do that."""
    services = asked.services
    if not any(entry.id in c.instead_of | c.before for c in services.circumstances):
        return Told(entry)
    cases = cases_of(services.circumstances, entry.id, asked.question, await records.world(services))
    if isinstance(cases, UnclearPlace):
        if asked.alone and cases.options:
            return cases
        named = normalise(asked.question)[cases.start : cases.end]
        text = f"“{named}”请写到哪个省哪个市再问一次（例如：陕西省西安市），我按今天的风险名单给您查。总的规定是："
        return Told(entry, Fact(text, entry.source))
    if not cases:
        return Told(entry)
    listed = await risks.today(services)
    facts = [case for case in cases[:_MOST_CASES] if case.rule.text]
    texts = [_text(case, services, listed) for case in facts]
    sources = dict.fromkeys(case.rule.source for case in facts)
    fact = Fact("\n".join(texts), "；".join(sources)) if facts else None
    return Told(services.entries.get(cases[0].entry, entry), fact)


async def names_case(asked: Asked, entry: Entry) -> bool:
    """Whether the question names a place or a temperature for which there is a rule that belongs to this entry.

    That is a surer sign of what is asked than a small lead of one entry over another.
    """
    told = await case_of(asked, entry)
    return isinstance(told, UnclearPlace) or told.fact is not None


def ask_back(asked: Asked, unclear: UnclearPlace) -> None:
    """Asks which place is meant; each button asks the whole question again with one of them in it."""
    said = normalise(asked.question)
    buttons = [(title, said[: unclear.start] + name + said[unclear.end :]) for title, name in unclear.options]
    say(asked.dispatcher, f"叫“{said[unclear.start : unclear.end]}”的地方不止一个，您问的是哪一个？", buttons)


def _text(case: Case, services: Services, listed: risks.Risks) -> str:
    place = next((value for value in case.values.values() if isinstance(value, Mapping)), None)
    inside = [f"{region.name}{risks.LEVEL_TITLES[region.level]}" for region in listed.inside(place)] if place else []
    shown = {
        "fever": str(services.settings.fever),
        "risk": risks.LEVEL_TITLES.get(listed.level(place), ""),
        "inside": f"：{'、'.join(inside[:_MOST_INSIDE])}{'等' if len(inside) > _MOST_INSIDE else ''}" if inside else "",
    }
    for field in case.fields:
        value = case.values[field.name]
        shown[field.name] = "" if value is None else field.type.show(value, field.spec)
    return case.rule.text.format_map(shown)
