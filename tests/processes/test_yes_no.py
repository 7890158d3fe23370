import pytest

from bot.processes.fields import FIELD_TYPES
from tests.processes.reading import ASK, NOTHING, read, spec, spot

CONTACT = spec("是否接触过确诊病例")
VISITED = spec("有没有去过中高风险地区", yes_words=("去过",), no_words=("没去过", "没有去过"))


@pytest.mark.parametrize(
    "text",
    "有 有的 是 是的 对 对的 对啊 嗯 嗯嗯 嗯是的 有过 接触过 去过 做了 打了 已接种 没错 确实有 可以 yes Y ok 是，接触过 有，上周 愿意".split(),
)
def test_yes(text):
    assert read("yes_no", text, CONTACT) is True


@pytest.mark.parametrize(
    "text",
    "没有 没 无 否 不是 木有 冇 没得 从来没 从来没有 都没有 没有的 没有啊 没呢 不 没接触 没有接触过 没有去过 未 没有过 我没有 嗯没有 "
    "no N 没接触过确诊病例 没有，都正常 不需要 没有接触过任何人 从未 没出过门 没有！".split(),
)
def test_no(text):
    assert read("yes_no", text, CONTACT) is False


@pytest.mark.parametrize(
    "text",
    "不清楚 不知道 不确定 可能有 好像没有 有没有 是不是 有吗 应该没有 不记得了 不是没有 忘了 不太清楚 没问题 是的没有 对，没有 没错，没有 有但是不严重 没有不过我妈有 没有,我妈有".split(),
)
def test_asked_back(text):
    assert read("yes_no", text, CONTACT) == ASK


@pytest.mark.parametrize("text", ["", "36.5", "绿码", "西安", "王小明", "😀"])
def test_not_this(text):
    assert read("yes_no", text, CONTACT) == NOTHING


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("没接触过确诊病例", False),
        ("没有接触过确诊病例", False),
        ("我接触过确诊病例", True),
        ("接触过确诊病例吗", NOTHING),
        ("没有", NOTHING),
        ("有", NOTHING),
        ("是的", NOTHING),
    ],
)
def test_spot(text, expected):
    assert spot("yes_no", text, CONTACT) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("去过", True), ("没去过", False), ("没有去过", False), ("不去过", ASK), ("去过，没去过", ASK)],
)
def test_words_of_the_process_file(text, expected):
    assert read("yes_no", text, VISITED) == expected
    assert spot("yes_no", text, VISITED) == expected


def test_shown():
    assert FIELD_TYPES["yes_no"].show(True, CONTACT) == "是"
    assert FIELD_TYPES["yes_no"].export(False, CONTACT) == "否"
