"""What is read as an audience, and as a time of sending."""

from __future__ import annotations

import pytest

from bot.errors import Refused
from bot.services.audience_words import looks_like_audience
from bot.services.context import Services
from bot.services.send_times import WhichTime, read_send_time
from tests.conftest import Clock


@pytest.mark.parametrize(
    ("words", "is_one"),
    [
        ("三网格", True),
        ("全班家长", True),
        ("三班没打卡的家长", True),
        ("一车间全体员工", True),
        ("从西安回来的", True),
        ("还没打卡的", True),
        ("地点12", True),
        ("所有人", True),
        ("各位居民", False),
        ("今晚7点核酸检测", False),
        ("请带好身份证", False),
        ("尊敬的家长", False),
        ("", False),
    ],
)
def test_the_first_words_of_a_notice_are_an_audience_or_its_text(words: str, is_one: bool) -> None:
    assert looks_like_audience(words) is is_one


@pytest.mark.parametrize(
    ("at", "words", "read"),
    [
        ("08:00", "今晚7点", "2022-01-20 19:00"),
        ("08:00", "7点", "2022-01-20 19:00"),
        ("08:00", "18:00", "2022-01-20 18:00"),
        ("08:00", "1月22日上午9点", "2022-01-22 09:00"),
        ("08:00", "2022-01-20 18:00", "2022-01-20 18:00"),
        ("20:00", "明早8点", "2022-01-21 08:00"),
    ],
)
def test_a_moment_still_to_come(services: Services, clock: Clock, at: str, words: str, read: str) -> None:
    clock.set_local(f"2022-01-20 {at}")
    moment = read_send_time(services, words)
    assert not isinstance(moment, WhichTime)
    assert moment is not None
    assert f"{moment:%Y-%m-%d %H:%M}" == read


@pytest.mark.parametrize(
    ("at", "words", "options"),
    [
        ("08:00", "明天8点", ["2022-01-21 08:00", "2022-01-21 20:00"]),
        ("20:00", "7点", ["2022-01-21 07:00", "2022-01-21 19:00"]),
        ("08:00", "今天", ["2022-01-20 12:00", "2022-01-20 18:00"]),
        ("20:00", "今晚", ["2022-01-21 08:00"]),
    ],
)
def test_an_open_moment_is_asked_back(
    services: Services, clock: Clock, at: str, words: str, options: list[str]
) -> None:
    clock.set_local(f"2022-01-20 {at}")
    asked = read_send_time(services, words)
    assert isinstance(asked, WhichTime)
    assert [words for _, words in asked.options] == options


@pytest.mark.parametrize("words", ["昨天8点", "今天上午7点", "胡说", "半小时后"])
def test_no_moment_to_come_is_refused(services: Services, words: str) -> None:
    with pytest.raises(Refused, match=r"例如|请换一个时间"):
        read_send_time(services, words)


def test_now_is_now(services: Services) -> None:
    assert read_send_time(services, "现在") is None
    assert read_send_time(services, "马上发。") is None
