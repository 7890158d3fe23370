"""The kinds of places as rosters name them: one column a level, from the outermost to the innermost."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Level:
    """`words` are further headings of the column; `subject` is what people without a named role are at such a place."""

    kind: str
    title: str
    words: tuple[str, ...]
    subject: str


# A row's places lie in one another in this order, whatever the order of the file's columns.
LEVELS = (
    Level("headquarters", "指挥部", (), "resident"),
    Level("county", "区县", ("县区", "区/县", "县/区", "县"), "resident"),
    Level("bureau", "教育局", (), "student"),
    Level("park", "园区", ("工业园区", "产业园"), "worker"),
    Level("street", "街道", ("乡镇", "镇街", "街道/乡镇", "乡镇/街道", "镇", "乡"), "resident"),
    Level("community", "社区", ("村", "村社区", "社区/村", "村/社区", "居委会", "村居"), "resident"),
    Level("station", "总站", (), "worker"),
    Level("inspection_team", "督查组", (), "worker"),
    Level("region", "区域", (), "worker"),
    Level("site", "工地", ("项目", "项目部"), "worker"),
    Level("grid", "网格", ("所属网格", "网格名称"), "resident"),
    Level("area", "片区", (), "resident"),
    Level("estate", "小区", (), "resident"),
    Level("building", "楼栋", ("楼", "栋", "楼号", "楼幢"), "resident"),
    Level("unit", "单元", (), "resident"),
    Level("school", "学校", ("校区", "学校名称", "幼儿园"), "student"),
    Level("grade", "年级", (), "student"),
    Level("class", "班级", ("班", "班级名称"), "student"),
    Level("company", "企业", ("单位", "公司", "工厂", "企业/单位", "单位/企业", "企业名称", "单位名称"), "worker"),
    Level("workshop", "车间", ("部门", "车间/部门"), "worker"),
    Level("team", "班组", (), "worker"),
    Level("dormitory", "宿舍", ("寝室", "宿舍号", "寝室号"), "student"),
)

KIND_TITLES = {level.kind: level.title for level in LEVELS}
RANKS = {level.kind: rank for rank, level in enumerate(LEVELS)}

# A dormitory lies in one of these, beside its classes and workshops: people of several of them share it.
HOUSES = ("site", "school", "company")
