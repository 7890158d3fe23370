import pytest

from bot.processes.fields import FIELD_TYPES
from tests.processes.reading import ASK, NOTHING, WRONG, read, spec, spot


def short(reading):
    return f"{reading['kind']} {reading['number']}".strip() if isinstance(reading, dict) else reading


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("G1234", "train G1234"),
        ("g1234", "train G1234"),
        ("坐高铁G1234", "train G1234"),
        ("高铁 G1234 05车12F", "train G1234"),
        ("K868次列车", "train K868"),
        ("火车1136次", "train 1136"),
        ("高铁", "train"),
        ("动车，忘了车次", "train"),
        ("飞机CA1234", "plane CA1234"),
        ("MU5678", "plane MU5678"),
        ("3U8888", "plane 3U8888"),
        ("飞机G52345", "plane G52345"),
        ("坐飞机回来的", "plane"),
        ("自驾", "car"),
        ("自驾 陕A12345", "car 陕A12345"),
        ("陕A·12345", "car 陕A12345"),
        ("陕AD12345", "car 陕AD12345"),
        ("陕ad12345", "car 陕AD12345"),
        ("开车回来", "car"),
        ("大巴", "bus"),
        ("大巴车 陕A12345", "bus 陕A12345"),
        ("长途汽车", "bus"),
        ("坐汽车", "bus"),
        ("打车", "taxi"),
        ("滴滴", "taxi"),
        ("坐船", "ship"),
        ("轮船", "ship"),
        ("骑车", "other"),
        ("train", "train"),
        ("不是高铁是飞机", "plane"),
        ("G1234转G5678", ASK),
        ("高铁转大巴", ASK),
        ("先坐飞机CA1234再坐高铁", ASK),
        ("高铁CA1234", ASK),
        ("忘了", WRONG),
        ("12345", WRONG),
        ("坐三轮车", WRONG),
        ("", NOTHING),
        ("没有", NOTHING),
        ("绿码", NOTHING),
    ],
)
def test_read(text, expected):
    assert short(read("transport", text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("G1234", "train G1234"),
        ("坐高铁", "train"),
        ("坐高铁G1234回来", "train G1234"),
        ("陕A12345", "car 陕A12345"),
        ("自驾", "car"),
        ("坐G86到西安北", "train G86"),
        ("高铁", NOTHING),
        ("长安汽车", NOTHING),
        ("高铁站怎么走", NOTHING),
        ("36.5", NOTHING),
        ("13812345678", NOTHING),
        ("3605室", NOTHING),
    ],
)
def test_spot(text, expected):
    assert short(spot("transport", text)) == expected


def test_shown_and_masked():
    transport = FIELD_TYPES["transport"]
    assert transport.show({"kind": "train", "number": "G1234"}, spec()) == "火车 G1234"
    assert transport.show({"kind": "car", "number": ""}, spec()) == "自驾"
    assert transport.mask({"kind": "car", "number": "陕A12345"}, spec()) == "自驾 陕A***45"
