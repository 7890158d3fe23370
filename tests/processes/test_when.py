import pytest

from bot.processes.fields import FIELD_TYPES
from tests.processes.reading import ASK, NOTHING, WRONG, read, spec, spot, titles

# Now is 2022-03-05 10:30.
TEST = spec("核酸检测时间", past_days=7, future_days=0)
COMING = spec("到达时间", past_days=1, future_days=7)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("昨天下午3点", "2022-03-04T15:00"),
        ("昨天下午三点", "2022-03-04T15:00"),
        ("昨天下午3点半", "2022-03-04T15:30"),
        ("昨天下午3点一刻", "2022-03-04T15:15"),
        ("昨天下午3点20", "2022-03-04T15:20"),
        ("昨天下午3:20", "2022-03-04T15:20"),
        ("昨天15:20", "2022-03-04T15:20"),
        ("昨天15点", "2022-03-04T15:00"),
        ("昨天上午9点做的", "2022-03-04T09:00"),
        ("昨天中午12点", "2022-03-04T12:00"),
        ("昨天中午1点", "2022-03-04T13:00"),
        ("昨天晚上8点左右", "2022-03-04T20:00"),
        ("昨晚8点", "2022-03-04T20:00"),
        ("前天早上8点", "2022-03-03T08:00"),
        ("今早8点", "2022-03-05T08:00"),
        ("今天凌晨2点", "2022-03-05T02:00"),
        ("今天8点", "2022-03-05T08:00"),
        ("3月4日下午3点", "2022-03-04T15:00"),
        ("3.4 15:00", "2022-03-04T15:00"),
        ("2022-03-04 15:00", "2022-03-04T15:00"),
        ("2022-03-04T15:00", "2022-03-04T15:00"),
        ("2022年3月4日 08:05", "2022-03-04T08:05"),
        ("三天前下午两点", "2022-03-02T14:00"),
        ("3小时前", "2022-03-05T07:30"),
        ("两个小时前", "2022-03-05T08:30"),
        ("半小时前", "2022-03-05T10:00"),
        ("一个半小时前", "2022-03-05T09:00"),
        ("24小时前", "2022-03-04T10:30"),
        ("刚刚做的", "2022-03-05T10:30"),
        ("昨天", "2022-03-04"),
        ("昨天下午", "2022-03-04"),
        ("3月4日", "2022-03-04"),
        ("昨天8点", ASK),
        ("昨天3:30", ASK),
        ("昨天晚上12点", ASK),
        ("下午3点", ASK),
        ("早上8点", ASK),
        ("昨天3点或者4点", ASK),
        ("48小时内", ASK),
        ("前几天", ASK),
        ("今天下午3点", WRONG),
        ("明天", WRONG),
        ("2022-02-01", WRONG),
        ("2022-03-04 25:00", WRONG),
        ("忘了", WRONG),
        ("", NOTHING),
        ("绿码", NOTHING),
    ],
)
def test_read(text, expected):
    assert read("when", text, TEST) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("明天下午3点", "2022-03-06T15:00"),
        ("今晚8点", "2022-03-05T20:00"),
        ("明天", "2022-03-06"),
        ("周一下午2点", "2022-03-07T14:00"),
    ],
)
def test_read_of_what_is_to_come(text, expected):
    assert read("when", text, COMING) == expected


def test_buttons_keep_the_hour():
    assert titles("when", "昨天8点", TEST) == ["3月4日（周五） 08:00", "3月4日（周五） 20:00"]
    assert titles("when", "下午3点", TEST) == ["3月4日（周五） 15:00"]
    assert titles("when", "昨天晚上12点", TEST) == ["3月4日（周五） 00:00", "3月5日（周六） 00:00"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("昨天下午3点做的核酸", "2022-03-04T15:00"),
        ("3月4日下午3点", "2022-03-04T15:00"),
        ("昨天下午3点到的", NOTHING),
        ("8点", NOTHING),
        ("36.5", NOTHING),
        ("核酸什么时候做", NOTHING),
        ("没做核酸", NOTHING),
    ],
)
def test_spot(text, expected):
    assert spot("when", text, TEST) == expected


def test_shown():
    assert FIELD_TYPES["when"].show("2022-03-04T15:00", TEST) == "2022年3月4日（周五） 15:00"
    assert FIELD_TYPES["when"].show("2022-03-04", TEST) == "2022年3月4日（周五）"
