"""What staff change of an entry, as steps from one body to the next: answer, ways of asking, dates."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from bot.errors import Refused
from bot.knowledge.bodies import Body
from bot.knowledge.likeness import bare

# What stays when the answer is replaced. All other keys (leads, table ...) repeat facts of the answer and might
# contradict the new one; they are dropped unless staff keep them.
_STAYS = ("id", "title", "source", "related", "starts", "effective", "expires", "ask", "check")
LONGEST_WAY = 80  # characters; what is longer is a story, and teaches a model other things than the question
_CHECKED_FROM, _EVERY = 5, 5
_TITLE = 20  # it stands on a button

_TAIL = re.compile(r"(?P<key>依据|生效|到期)\s*[:：]\s*(?P<value>.*)")
_DAY = re.compile(r"(?:(?P<y>\d{4})\s*[-/.年]\s*)?(?P<m>\d{1,2})\s*[-/.月]\s*(?P<d>\d{1,2})\s*[日号]?")
_OPEN_ENDED = ("不限", "长期", "另行通知")


@dataclass(frozen=True)
class Written:
    """What a staff member wrote as an answer: the text, and what its last lines say (依据：…, 生效：…, 到期：…)."""

    answer: str
    source: str | None = None
    effective: date | None = None
    expires: date | None = None


def read_written(text: str, today: date) -> Written:
    """Takes the last lines that begin with 依据, 生效 or 到期 apart from the answer.

    Raises:
        Refused: no answer is left, a date cannot be read, or 依据 stands in the midst of the answer.
    """
    lines = text.strip().splitlines()
    said: dict[str, str] = {}
    while lines and (match := _TAIL.fullmatch(lines[-1].strip())):
        said[match["key"]] = match["value"].strip()
        lines.pop()
    answer = "\n".join(line.rstrip() for line in lines).strip()
    if not answer:
        raise Refused("还没有写答复的内容。")
    if any(line.strip().startswith("依据：") for line in lines):
        raise Refused("“依据：”请单独写在最后一行。")
    return Written(
        answer,
        said.get("依据") or None,
        read_day(said["生效"], today) if "生效" in said else None,
        read_day(said["到期"], today) if "到期" in said else None,
    )


def read_day(text: str, today: date) -> date:
    """A day as 2022-03-15, 2022年3月15日 or 3月15日 (of this year).

    Raises:
        Refused: it is no day.
    """
    match = _DAY.fullmatch(text.strip())
    try:
        if match:
            return date(int(match["y"] or today.year), int(match["m"]), int(match["d"]))
    except ValueError:
        pass
    raise Refused(f"没有认出日期“{text.strip()[:20]}”，请写成 2022-03-15 的样子。")


def read_span(text: str, today: date) -> dict[str, str | None]:
    """The dates of `2022-01-01 到 2022-03-15`, by key of the entry; a side that is left out is not in it, 不限 is None.

    Raises:
        Refused: no date is named, or one cannot be read.
    """
    first, parted, last = re.sub(r"^从|起$", "", text.strip()).partition("到") if "到" in text else (text, "", "")
    first = re.sub(r"^从|起$", "", first.strip()).strip()
    last = re.sub(r"止$|为止$", "", last.strip()).strip()
    if first in _OPEN_ENDED and not parted:
        return {"effective": None, "expires": None}
    span = {
        key: None if side in _OPEN_ENDED else read_day(side, today).isoformat()
        for key, side in (("effective", first), ("expires", last))
        if side
    }
    if not span:
        raise Refused("请写明日期，例如：有效期 T7 2022-01-01 到 2022-03-15（哪一头不改就不写）。")
    return span


def with_answer(body: Body, written: Written, keep_rest: bool) -> Body:
    """The body with another answer; of what repeats the old answer's facts nothing is left unless `keep_rest`."""
    changed = {key: value for key, value in body.items() if keep_rest or key in _STAYS}
    changed["answer"] = written.answer
    if written.source is not None:
        changed["source"] = {"plan": written.source}
    if written.effective is not None:
        changed["effective"] = written.effective.isoformat()
        # an end before the new beginning was the end of the old answer
        if written.expires is None and str(changed.get("expires") or "9999") < changed["effective"]:
            del changed["expires"]
    if written.expires is not None:
        changed["expires"] = written.expires.isoformat()
    return changed


def repeats_facts(body: Mapping[str, object]) -> bool:
    """Whether a body has parts beside the answer that repeat its facts."""
    return any(body[key] for key in body if key not in _STAYS and key != "answer")


def with_ways(body: Body, ways: Iterable[str], check: Iterable[str] = ()) -> Body:
    """The body with more ways of asking and check questions, each once."""
    have = {bare(way) for way in (body["title"], *body["ask"])}
    new = [way for way in ways if bare(way) not in have]
    changed = {**body, "ask": [*body["ask"], *new]}
    held_back = [*body.get("check", ()), *check]
    return {**changed, "check": held_back} if held_back else changed


def with_dates(body: Body, span: Mapping[str, str | None]) -> Body:
    """The body with other dates; None takes a date away."""
    changed = {**body, **span}
    return {key: value for key, value in changed.items() if key not in span or value is not None}


def new_body(entry_id: str, question: str, ways: list[str], check: list[str], written: Written, source: Body) -> Body:
    """The body of a new entry that answers a question."""
    body: Body = {"id": entry_id, "title": shortened(question, _TITLE), "source": source, "answer": written.answer}
    if check:
        body["check"] = check
    return with_answer({**body, "ask": ways}, written, keep_rest=True)


def check_dates(body: Mapping[str, str]) -> None:
    """Raises Refused when a body ends before it begins."""
    if body.get("expires") and body.get("effective") and body["expires"] < body["effective"]:
        raise Refused(f"到期日 {body['expires']} 早于生效日 {body['effective']}。")


def ways_and_checks(texts: Iterable[str]) -> tuple[list[str], list[str]]:
    """The ways of asking that people's questions give, and the check questions: of five and more every fifth."""
    once: dict[str, str] = {}
    for text in texts:
        plain = " ".join(text.split())
        if len(plain) <= LONGEST_WAY and bare(plain):
            once.setdefault(bare(plain), plain)
    ways = list(once.values())
    if len(ways) < _CHECKED_FROM:
        return ways, []
    return [w for n, w in enumerate(ways, 1) if n % _EVERY], ways[_EVERY - 1 :: _EVERY]


def shortened(text: str, most: int) -> str:
    """A text in one line of at most so many characters."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"
