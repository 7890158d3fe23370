import pytest

from bot.processes.fields import FIELD_TYPES
from bot.processes.fields.base import Choice
from tests.processes.reading import ASK, NOTHING, SYMPTOMS, read, spec, spot, titles

ILL = spec("症状", SYMPTOMS, none_value="none")
VISITED = spec("去过的场所", (Choice("hospital", "医院"), Choice("market", "菜市场", ("市场",))))

READ = [
    ("没有", ["none"]),
    ("都没", ["none"]),
    ("都没有", ["none"]),
    ("无", ["none"]),
    ("没", ["none"]),
    ("木有", ["none"]),
    ("没得", ["none"]),
    ("没有哦", ["none"]),
    ("一切正常", ["none"]),
    ("都正常", ["none"]),
    ("正常", ["none"]),
    ("没症状", ["none"]),
    ("无症状", ["none"]),
    ("没有症状", ["none"]),
    ("没有任何症状", ["none"]),
    ("没有不舒服", ["none"]),
    ("没什么不舒服的", ["none"]),
    ("身体健康", ["none"]),
    ("好着呢", ["none"]),
    ("以上都没有", ["none"]),
    ("没有以上症状", ["none"]),
    ("没有，都正常", ["none"]),
    ("没有发热、咳嗽、乏力、腹泻等症状", ["none"]),
    ("没有发热，咳嗽，乏力等症状", ["none"]),
    ("不发烧、不咳嗽、没劲没有、不拉肚子、嗓子不疼", ASK),
    ("发热咳嗽乏力腹泻咽痛都没有", ["none"]),
    ("咳嗽", ["cough"]),
    ("有点咳嗽", ["cough"]),
    ("咳嗽 发烧", ["fever", "cough"]),
    ("发烧、咳嗽", ["fever", "cough"]),
    ("发烧咳嗽拉肚子", ["fever", "cough", "diarrhoea"]),
    ("发烧和咳嗽", ["fever", "cough"]),
    ("发烧/咳嗽", ["fever", "cough"]),
    ("嗓子疼还发烧", ["fever", "throat"]),
    ("没劲", ["fatigue"]),
    ("浑身没力气", ["fatigue"]),
    ("没有发热，有点咳嗽", ["cough"]),
    ("没有发热有点咳嗽", ["cough"]),
    ("不发烧，就是有点咳", ["cough"]),
    ("不咳嗽但是拉肚子", ["diarrhoea"]),
    ("没发烧但咳嗽", ["cough"]),
    ("咳嗽，不发烧", ["cough"]),
    ("没有发热，咳嗽两天了", ["cough"]),
    ("咳嗽没好", ["cough"]),
    ("没有发热，咳嗽", ASK),
    ("不发热咳嗽", ASK),
    ("没发烧咳嗽两天了", ASK),
    ("不发烧", ASK),
    ("没有发热", ASK),
    ("没有症状，咳嗽", ASK),
    ("没有，有点咳嗽", ASK),
    ("一切正常，咳嗽", ASK),
    ("咳嗽好了", ASK),
    ("好像有点发烧", ASK),
    ("可能发烧了", ASK),
    ("不怎么咳嗽", ASK),
    ("有没有发热", ASK),
    ("不知道", ASK),
    ("", NOTHING),
    ("36.5", NOTHING),
    ("绿码", NOTHING),
    ("有", ASK),
    ("有点", ASK),
    ("发热咳嗽都没有", ASK),
    ("没有发烧，也没有咳嗽", ASK),
    ("不发烧也不咳嗽，就是嗓子疼", ["throat"]),
    ("无发热、咳嗽、乏力、腹泻、咽痛", ["none"]),
    ("咳嗽发烧都有", ["fever", "cough"]),
    ("咳嗽，其他没有", ["cough"]),
]


@pytest.mark.parametrize(("text", "expected"), READ)
def test_read(text, expected):
    assert read("choices", text, ILL) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("医院", ["hospital"]),
        ("医院、市场", ["hospital", "market"]),
        ("没有", ASK),
        ("没去医院", ASK),
        ("没去医院，去了菜市场", ["market"]),
    ],
)
def test_read_where_none_is_no_answer(text, expected):
    assert read("choices", text, VISITED) == expected


SPOT = [
    ("没症状", ["none"]),
    ("没有症状", ["none"]),
    ("无任何症状", ["none"]),
    ("没有不舒服", ["none"]),
    ("一切正常", ["none"]),
    ("身体健康", ["none"]),
    ("症状无", ["none"]),
    ("有点咳嗽", ["cough"]),
    ("发烧38.5", ["fever"]),
    ("咳嗽乏力", ["cough", "fatigue"]),
    ("没有发热咳嗽等症状", ["none"]),
    ("好像发烧了", ASK),
    ("没有", NOTHING),
    ("正常", NOTHING),
    ("无", NOTHING),
    ("不发烧", NOTHING),
    ("发烧怎么办", NOTHING),
    ("咳嗽吗", NOTHING),
    ("绿码", NOTHING),
    ("咳", NOTHING),
]


@pytest.mark.parametrize(("text", "expected"), SPOT)
def test_spot(text, expected):
    assert spot("choices", text, ILL) == expected


def test_health_words_say_nothing_of_another_list():
    assert spot("choices", "一切正常", spec("去过的场所", VISITED.choices, none_value="none")) == NOTHING


def test_asks_for_what_was_named_together():
    assert titles("choices", "没有发热，咳嗽", ILL) == ["咳嗽", "没有症状"]
    assert titles("choices", "没有症状，咳嗽发烧", ILL) == ["发热、咳嗽", "发热", "咳嗽", "没有症状"]


def test_none_that_is_not_among_the_choices():
    about = spec("症状", SYMPTOMS[:-1], none_value="none")
    assert read("choices", "没有", about) == ["none"]
    assert FIELD_TYPES["choices"].show(["none"], about) == "没有"


def test_shown():
    assert FIELD_TYPES["choices"].show(["fever", "cough"], ILL) == "发热、咳嗽"
    assert FIELD_TYPES["choices"].show(["none"], ILL) == "没有症状"
