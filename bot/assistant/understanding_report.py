"""`python -m bot ask`: what the understanding makes of a question, in words."""

from __future__ import annotations

import asyncio

from bot.assistant.training import train, trained_model
from bot.knowledge.answering import Candidate, answer_text, judge
from bot.knowledge.entries import load_entries


def report(question: str) -> str:
    """The intent, the entries that are near with their confidence, and what would be answered."""
    from rasa.core.agent import Agent

    model = trained_model()
    parsed = asyncio.run(Agent.load(str(model if model.exists() else train())).parse_message(question))
    entries = load_entries()
    ranking = parsed.get("response_selector", {}).get("ask", {}).get("ranking", [])
    near = [Candidate(entries[r["intent_response_key"].split("/")[1]], r["confidence"]) for r in ranking]
    verdict = judge(near)
    lines = [f"意图：{parsed['intent']['name']}（{parsed['intent']['confidence']:.2f}）"]
    lines += [f"  {c.entry.id}\t{c.confidence:.2f}\t{c.entry.title}" for c in near]
    if parsed["intent"]["name"] == "ask" and verdict.kind == "answer":
        lines.append(answer_text(verdict.candidates[0].entry, question))
    else:
        lines.append(
            {"answer": "（不是政策问题）", "which": "（会反问是哪一个）", "none": "（会说方案里没有答案）"}[
                verdict.kind
            ]
        )
    return "\n".join(lines)
