import pytest

from bot.processes.fields import FIELD_TYPES
from tests.processes.reading import NOTHING, WRONG, read, spec, spot


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("11010519491231002x", {"kind": "id", "number": "11010519491231002X"}),
        ("身份证 110105 19491231 002X", {"kind": "id", "number": "11010519491231002X"}),
        ("H12345678", {"kind": "id", "number": "H12345678"}),
        ("E12345678", {"kind": "passport", "number": "E12345678"}),
        ("护照 EA1234567", {"kind": "passport", "number": "EA1234567"}),
        ("我的护照号是 560123456", {"kind": "passport", "number": "560123456"}),
        ("护照忘带了", WRONG),
        ("护照 12", WRONG),
        ("110105194912310021", WRONG),
        ("你好", NOTHING),
        ("", NOTHING),
    ],
)
def test_reads_a_document(text, expected):
    assert read("document_number", text) == expected


def test_is_spotted_only_when_it_is_surely_one():
    assert spot("document_number", "我叫王小明 11010519491231002X") == {"kind": "id", "number": "11010519491231002X"}
    assert spot("document_number", "护照E12345678") == {"kind": "passport", "number": "E12345678"}
    assert spot("document_number", "我坐 G1234567 来") == NOTHING


def test_others_see_neither_kind_whole():
    kind = FIELD_TYPES["document_number"]
    assert kind.mask({"kind": "passport", "number": "E12345678"}, spec()) == "护照 E1*****78"
    assert "1949" not in kind.mask({"kind": "id", "number": "11010519491231002X"}, spec())
    assert kind.show({"kind": "passport", "number": "E12345678"}, spec()) == "护照 E12345678"
