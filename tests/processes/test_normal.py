import pytest

from bot.processes.fields import numerals
from bot.processes.normal import normalise, strip_invisible


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("３６．５℃", "36.5°C"),
        ("３６，５", "36,5"),
        ("（是）！", "(是)!"),
        ("没有。", "没有。"),
        ("咳嗽、乏力", "咳嗽、乏力"),
        ("绿\u200b码\ufeff", "绿码"),
        ("  绿 \u3000 码\n", "绿 码"),
        ("2022—03—05", "2022-03-05"),
        ("买买提•艾力", "买买提·艾力"),
        ("\x00\ud800", ""),
        ("36º5", "36°5"),
    ],
)
def test_normalise(text, expected):
    assert normalise(text) == expected
    assert normalise(expected) == expected


def test_free_text_keeps_its_punctuation():
    assert strip_invisible("住址：３号，\x00二楼（左）") == "住址：３号，二楼（左）"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("36", 36),
        ("三十六", 36),
        ("十", 10),
        ("十二", 12),
        ("二十", 20),
        ("廿三", 23),
        ("两百", 200),
        ("一百五", 150),
        ("一百零五", 105),
        ("一千二百", 1200),
        ("二〇二二", 2022),
        ("", None),
        ("十百", None),
        ("三十六五", None),
        ("甲", None),
    ],
)
def test_numerals(text, number):
    assert numerals.to_int(text) == number
