"""Cuts a message into the questions that it asks, each with the statements that lead to it."""

from __future__ import annotations

import re

from bot.processes.form_words import sounds_like_question
from bot.processes.normal import normalise

# A question mark stays with its clause; a point within a number is no joint.
_JOINTS = re.compile(
    r"(?<=[?？])|[,，。!！;；、~…\s]+|\.(?!\d)|(?=另外|还有就是|再问一?[下句]|顺便问|还想问|还想知道|对了)|(?<=[吗呢么])(?=还有|那)"
)
# Wider than what a form takes for a question: a clause wrongly held for one is still judged by what it asks.
_ASKS = re.compile(r"几(?!乎)|多[长大远高]|谁|[不没否]$|(.)不\1|行不|中不")
_LEAD_IN = re.compile(
    r"^(?:你好|您好|在吗|老师好|请问一下|请问|麻烦问一?下|想问一?下|问一?下|问个事"
    r"|另外|还有就是|还有|再问一?[下句]|顺便问一?下?|还想问一?下?|还想知道|对了|然后|那么|那)+"
)
_LEAST = 4  # a shorter clause (行吗, 多久) asks nothing by itself and goes with what stands before it


def questions(text: str) -> list[str]:
    """The questions of a message in order, none where nothing is put as a question.

    我黄码了，能坐车吗，另外家里聚餐最多几个人 gives 我黄码了，能坐车吗 and 家里聚餐最多几个人.
    """
    found: list[str] = []
    waiting: list[str] = []
    for piece in _JOINTS.split(normalise(text)):
        clause = _LEAD_IN.sub("", piece.strip())
        if not clause.strip("?"):
            continue
        if not (sounds_like_question(clause) or _ASKS.search(clause)):
            waiting.append(clause)
        elif found and not waiting and len(clause.strip("?吗呢")) < _LEAST:
            found[-1] += f"，{clause}"
        else:
            found.append("，".join([*waiting, clause]))
            waiting = []
    if waiting and found:
        found[-1] = "，".join([found[-1], *waiting])
    return found
