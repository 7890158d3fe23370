"""Staff look after the roster: 查 张三, 邀请码 张三; everybody looks after their own data: 我的数据."""

from __future__ import annotations

import re

from bot.assistant.exact_words.command import NUMBER, Command

_HAN = "\u3400-\u4dbf\u4e00-\u9fff·"
# 查 核酸结果 and 邀请码 怎么用 are questions
_NAMES = (
    rf"(?!.*(?:核酸|码|行程|政策|疫情|风险|疫苗|结果|报告|记录|[怎什哪吗没]|过期))[{_HAN}]{{2,15}}(?:\s+\S.{{0,20}})?"
)
_DATA = r"(?:个人)?(?:数据|信息|资料)"
_PHONE = r"\+?[0-9][0-9 -]{6,20}"

COMMANDS: tuple[Command, ...] = (
    Command("keep_people", re.compile(rf"(?P<verb>查)[\s:]+(?P<words>{_NAMES})")),
    Command("keep_people", re.compile(rf"(?P<verb>查人)\s*{NUMBER}")),
    Command("keep_people", re.compile(rf"(?P<verb>查人)[\s:]*(?P<words>{_NAMES})")),
    Command("keep_people", re.compile(r"(?P<verb>邀请码)\s*#?\s*(?P<code>[0-9]{1,7})")),
    Command("keep_people", re.compile(rf"(?P<verb>邀请码)[\s:]+(?P<words>{_NAMES})")),
    Command("keep_people", re.compile(r"(?P<verb>合并)\s*#?(?P<words>[0-9]{1,9}[\s,、和与#]+[0-9]{1,9})")),
    Command("keep_people", re.compile(r"(?P<verb>查|查人|合并|确认合并|不合并)")),
    Command("keep_people", re.compile(r"(?P<verb>合并)\s.*")),
    Command(
        "bind",
        re.compile(rf"绑定[\s:,]*(?P<words>(?:[{_HAN}]{{2,20}}|[A-Za-z][A-Za-z .'-]{{1,30}}\s)[\s,、]*{_PHONE})"),
    ),
    Command("bind", re.compile(rf"绑定[\s:,]+(?P<words>[{_HAN}]{{2,20}})")),
    Command("my_data", re.compile(rf"(?:看一?下?|查看)?(?P<verb>我的{_DATA})")),
    Command("my_data", re.compile(rf"(?P<verb>导出)(?:一下)?(?:我的?)?(?:全部|所有|个人)*的?{_DATA}")),
    Command(
        "my_data", re.compile(rf"(?P<verb>删除|注销|清除|删掉)(?:我的?)?(?:全部|所有|个人)*的?(?:{_DATA}|账号|记录)")
    ),
    Command("my_data", re.compile(r"(?P<verb>确认删除|不删了)")),
    Command(
        "my_data",
        re.compile(
            r"(?P<verb>更正|修改|更换|换)(?:一下)?(?:我的?)?(?:手机号码?|手机|电话号码|电话)(?:[\s:为成是到]*(?P<code>[0-9+ -]{2,24}))?"
        ),
    ),
    Command(
        "my_data",
        re.compile(rf"(?P<verb>更正)(?:一下)?(?:我的?)(?:姓名|名字)(?:[\s:为成是到]*(?P<words>[{_HAN}]{{2,20}}))?"),
    ),
    Command("my_data", re.compile(rf"(?P<verb>更正|修改)(?:一下)?(?:我的?)?{_DATA}")),
)
