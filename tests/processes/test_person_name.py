import pytest

from bot.processes.fields import FIELD_TYPES
from bot.processes.fields.base import Unclear
from tests.processes.reading import ASK, CONTEXT, NOTHING, WRONG, read, spec, spot


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("王小明", "王小明"),
        ("王明", "王明"),
        ("欧阳修", "欧阳修"),
        ("欧阳小红", "欧阳小红"),
        ("张王小明", "张王小明"),
        ("张有才", "张有才"),
        ("我叫王小明", "王小明"),
        ("我是王小明", "王小明"),
        ("姓名王小明", "王小明"),
        ("姓名：王小明", "王小明"),
        ("姓名是王小明", "王小明"),
        ("我的名字叫王小明", "王小明"),
        ("名字：王小明", "王小明"),
        ("您好，我叫王小明", "王小明"),
        ("王小明。", "王小明"),
        ("王 小明", "王小明"),
        ("买买提·艾力", "买买提·艾力"),
        ("阿卜杜拉•买买提", "阿卜杜拉·买买提"),
        ("我叫么小明", WRONG),
        ("我叫付出", "付出"),
        ("龘龘", ASK),
        ("我叫龘龘", "龘龘"),
        ("江苏", ASK),
        ("安徽人", ASK),
        ("武汉", ASK),
        ("Tom", ASK),
        ("我叫Tom", "Tom"),
        ("没有", WRONG),
        ("好的", WRONG),
        ("打卡", WRONG),
        ("取消", WRONG),
        ("高铁", WRONG),
        ("不知道", WRONG),
        ("明天", WRONG),
        ("张 伟", "张伟"),
        ("张伟 男", ASK),
        ("王小明，13812345678", ASK),
        ("王小明(学生)", "王小明"),
        ("王大爷", ASK),
        ("明白了", ASK),
        ("王小明123", WRONG),
        ("12345", WRONG),
        ("36.5", WRONG),
        ("王", WRONG),
        ("阿·" + "甲" * 12 + "·" + "乙" * 12, WRONG),
        ("你是谁", NOTHING),
        ("我没有名字", NOTHING),
        ("我今天从西安坐高铁回来的", NOTHING),
        ("", NOTHING),
    ],
)
def test_read(text, expected):
    assert read("person_name", text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("我叫王小明", "王小明"),
        ("姓名王小明", "王小明"),
        ("姓名：王小明", "王小明"),
        ("王小明", NOTHING),
        ("我是居民", NOTHING),
        ("我叫什么", NOTHING),
        ("姓名怎么填", NOTHING),
        ("没有", NOTHING),
    ],
)
def test_spot(text, expected):
    assert spot("person_name", text) == expected


@pytest.mark.parametrize(
    ("name", "masked"), [("张伟", "张*"), ("王小明", "王**"), ("欧阳小红", "欧**"), ("买买提·艾力", "买**")]
)
def test_mask(name, masked):
    assert FIELD_TYPES["person_name"].mask(name, spec()) == masked
    assert FIELD_TYPES["person_name"].show(name, spec()) == name


def test_a_button_is_offered_only_for_what_reads_as_a_name():
    reading = FIELD_TYPES["person_name"].read("都吗,0", spec("姓名"), CONTEXT)
    assert not isinstance(reading, Unclear)
