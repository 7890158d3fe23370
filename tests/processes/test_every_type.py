"""What holds of every field type, whatever is typed."""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.processes.fields import FIELD_TYPES
from bot.processes.fields.base import Filled, Spec
from bot.processes.normal import normalise
from tests.processes.reading import CODES, CONTEXT, SYMPTOMS, check_manners, spec

SPECS = {
    "choice": spec("健康码", CODES),
    "choices": spec("症状", SYMPTOMS, none_value="none"),
    "yes_no": spec("是否接触过确诊病例", yes_words=("接触过",), no_words=("没接触过",)),
    "date": spec("到达日期", past_days=30, future_days=14),
    "when": spec("核酸检测时间", past_days=7, future_days=0),
    "place": spec("从哪里来"),
    "places": spec("去过哪里"),
    "count": spec("人数", units=("人",)),
    "quantity": spec("口罩", units=("只", "箱")),
}
WORDS = (
    "36.5 37.25 365 三十六度五 三十七八度 97.7 ℃ 度 . , 。 、 - / : 3 5 12 31 20号 3月5日 2022-03-05 昨天 前天 周三 上周 腊月 正月 初五 除夕 国庆 农历 闰 三十 "
    "下午 3点 半 小时前 天前 没有 没 不 是 不是 都 从 在 去过 回来 西安 咸阳 朝阳区 鼓楼 北京市 缅甸 境外 咳嗽 发热 好像 但 等症状 绿码 黄码 G1234 CA1234 陕A12345 高铁 自驾 "
    "13812345678 029-88888888 11010519491231002X H12345678 我叫 王小明 张伟 姓名 住址 吗 ? 几个 10来个 人 接触过确诊病例 不知道 去年 2月30日 99999999999"
).split()
anything = st.text(max_size=300) | st.lists(st.sampled_from([*WORDS, " "]), max_size=12).map("".join)
nothing_slow = settings(max_examples=150, deadline=None)


def about(kind: str) -> Spec:
    return SPECS.get(kind, spec("项目"))


@pytest.mark.parametrize("kind", FIELD_TYPES)
@given(text=anything)
@nothing_slow
def test_any_text_gets_a_reading(kind, text):
    field_type = FIELD_TYPES[kind]
    for reading in (
        field_type.read(text, about(kind), CONTEXT),
        field_type.spot(text, about(kind), CONTEXT),
    ):
        check_manners(kind, reading, about(kind), CONTEXT)
        if isinstance(reading, Filled):
            assert json.loads(json.dumps(reading.value)) == reading.value
            assert isinstance(field_type.show(reading.value, about(kind)), str)
            assert isinstance(field_type.mask(reading.value, about(kind)), str)
            field_type.export(reading.value, about(kind))


_SPOKEN = str.maketrans("〇零○一二三四五六七八九半", "0001234567895")


def typed_digits(text: str) -> str:
    """The digits of a text in order, Chinese ones too, 十 left out between two and 0 at the end of a number."""
    plain = normalise(text).translate(_SPOKEN)
    plain = re.sub(r"(?<=[0-9])十(?=[0-9])", "", plain)
    return "".join(re.findall(r"[0-9]", plain.replace("十", "0")))


@given(text=anything)
@settings(max_examples=600, deadline=None)
def test_a_temperature_is_never_made_up(text):
    for reading in (
        FIELD_TYPES["temperature"].read(text, spec(), CONTEXT),
        FIELD_TYPES["temperature"].spot(text, spec(), CONTEXT),
    ):
        if isinstance(reading, Filled):
            said = f"{reading.value:.1f}".replace(".", "").removesuffix("0")
            assert said in typed_digits(text)


@pytest.mark.parametrize("kind", FIELD_TYPES)
def test_the_example_is_an_answer(kind):
    example_specs = {"choices": about("choices"), "choice": about("choice")}
    reading = FIELD_TYPES[kind].read(FIELD_TYPES[kind].example, example_specs.get(kind, spec("项目")), CONTEXT)
    assert isinstance(reading, Filled)


@pytest.mark.parametrize("kind", FIELD_TYPES)
@pytest.mark.parametrize(
    "text", ["没有", "好的", "打卡", "在吗", "谢谢", "今天天气不错", "怎么打卡", "隔离多少天", "转人工"]
)
def test_common_talk_is_not_spotted(kind, text):
    assert not isinstance(FIELD_TYPES[kind].spot(text, about(kind), CONTEXT), Filled)


def test_registry_names_each_type_by_its_own_name():
    assert {name: kind.name for name, kind in FIELD_TYPES.items()} == {name: name for name in FIELD_TYPES}
    assert set(FIELD_TYPES) == set(
        "temperature choice choices yes_no person_name phone id_number date when place places count text address transport plate document_number quantity".split()
    )
