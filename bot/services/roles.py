"""The roles that people hold at places, and what they entitle to."""

from __future__ import annotations

# Whom a place looks after. Their places decide who is alerted about them.
SUBJECT = {"resident": "居民", "worker": "员工", "student": "学生"}

# Who is in charge of a place and all below it: gets its alerts, sees its people.
IN_CHARGE = {
    "building_head": "楼栋长",
    "grid_worker": "网格员",
    "area_head": "片长",
    "class_teacher": "班主任",
    "team_leader": "班组长",
    "health_officer": "卫生专管员",
    "site_manager": "工地负责人",
    "school": "学校",
    "company": "企业负责人",
    "office": "包联单位",
    "community": "社区",
    "street": "街道",
    "station": "总站",
    "park": "园区",
    "bureau": "教育局",
    "headquarters": "指挥部",
    "admin": "管理员",
}

# Who sees to the people themselves, day by day: reminded first when somebody has not reported.
HEADS = ("building_head", "area_head", "class_teacher", "team_leader")

# Who is alerted at their level of the tree. An administrator runs the program: alerts reach them when nobody else is there.
ALERTED = [role for role in IN_CHARGE if role != "admin"]

# Duties that give no right over people's data by themselves.
DUTY = {"gate_guard": "门岗", "inspector": "督查组", "policy_editor": "政策维护"}

# What holds of a person at a place, besides another role: it owes a check, or puts them on a register.
MARKS = {"boarder": "住宿生", "high_risk_post": "高风险岗位"}

TITLES = {**SUBJECT, **IN_CHARGE, **DUTY, **MARKS}
