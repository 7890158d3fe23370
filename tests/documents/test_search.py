"""The right passage is found, in people's words and with their typos; what the documents do not answer is not quoted."""

from __future__ import annotations

from datetime import date

import pytest

from bot.knowledge.headings import Line, unwrap
from bot.knowledge.passage_search import Document, PassageIndex, PreparedDocument
from bot.knowledge.passages import Passage, cut
from bot.knowledge.same_meaning import load_same_meaning
from bot.knowledge.words import content_words
from tests.documents.texts import ASKED, CARE_HOMES, NOT_ANSWERED

DAY = date(2022, 1, 20)


def prepared(number: int, text: str, **dates: date) -> PreparedDocument:
    title = text.splitlines()[0].lstrip("# ")
    found = cut([Line(line) for line in unwrap(text.splitlines())], title)
    return PreparedDocument(Document(number, title, "市卫健委", **dates), found, content_words())


@pytest.fixture(scope="module")
def index() -> PassageIndex:
    return PassageIndex(
        [prepared(number, text) for number, text in enumerate(ASKED, 1)], content_words(), load_same_meaning()
    )


def test_most_questions_find_the_passage_that_answers_them(index: PassageIndex) -> None:
    wrong = []
    asked = [pair for questions in ASKED.values() for pair in questions.items()]
    for question, phrase in asked:
        quote = index.best(question, DAY)
        if quote is None or phrase not in quote.passage.text:
            wrong.append(question)
    assert len(wrong) <= len(asked) * 0.1, wrong


def test_homophones_are_found(index: PassageIndex) -> None:
    for question, phrase in (
        ("探视要带合酸证明不", "48小时核酸检测"),
        ("图书管要预约吗", "公众号预约"),
        ("护里员要做核酸吗", "每周做1次"),
    ):
        quote = index.best(question, DAY)
        assert quote is not None
        assert phrase in quote.passage.text


@pytest.mark.parametrize("question", NOT_ANSWERED)
def test_near_questions_without_an_answer_are_not_quoted(index: PassageIndex, question: str) -> None:
    assert index.best(question, DAY) is None


@pytest.mark.parametrize(
    "question", ["", "？？？", "你几岁啦", "在吗", "12", "hello", "\U0001f637", "讲个笑话听听", "探视" * 300]
)
def test_what_asks_nothing_of_the_documents_is_not_quoted(index: PassageIndex, question: str) -> None:
    quote = index.best(question, DAY)
    assert quote is None or "探视" in question


def test_only_a_document_in_force_is_quoted() -> None:
    index = PassageIndex(
        [prepared(1, CARE_HOMES, effective=date(2022, 1, 10), expires=date(2022, 1, 31))], content_words()
    )
    question = "探视老人要预约吗"
    days = {day: index.best(question, date(2022, 1, day)) is not None for day in (9, 10, 31)}
    assert days == {9: False, 10: True, 31: True}
    assert index.best(question, date(2022, 2, 1)) is None


def test_no_documents_and_passages_without_words() -> None:
    assert PassageIndex().best("探视要预约吗", DAY) is None
    odd = PreparedDocument(Document(1, "标题", "单位"), [Passage("", "————"), Passage("", "※")], content_words())
    assert PassageIndex([odd], content_words()).best("探视老人要预约吗", DAY) is None
