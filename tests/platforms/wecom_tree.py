"""The departments and members of a corp as an app may read them (protocol section 3.8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tests.platforms.api_desk import OK, ApiDesk
from tests.platforms.errors import ApiError
from tests.platforms.wecom_corp import WeComApp, WeComCorp
from tests.platforms.wecom_member import Member

ROOT = 1


@dataclass
class Department:
    """`leaders` are userids. The parent need not be in the tree."""

    id: int
    name: str
    parentid: int = ROOT
    order: int = 0
    leaders: tuple[str, ...] = ()


class WeComTree:
    """`departments` by id and `members` by userid; a department's parent may be missing, as an app may see it."""

    def __init__(self, corp: WeComCorp, desk: ApiDesk) -> None:
        self._corp = corp
        self.departments: dict[int, Department] = {ROOT: Department(ROOT, "网格办", 0)}
        self.members: dict[str, Member] = {}
        desk.add("GET", "/cgi-bin/department/list", self._departments)
        desk.add("GET", "/cgi-bin/department/simplelist", self._simple_departments)
        desk.add("GET", "/cgi-bin/department/get", self._department)
        desk.add("GET", "/cgi-bin/user/get", self._user)
        desk.add("GET", "/cgi-bin/user/simplelist", self._simple_users)
        desk.add("GET", "/cgi-bin/user/list", self._users)
        desk.add("GET", "/cgi-bin/agent/get", self._agent)

    def find(self, userid: str) -> Member | None:
        """A member; ids do not distinguish letter case."""
        found = self.members.get(userid)
        return found or next((m for m in self.members.values() if m.userid.lower() == userid.lower()), None)

    def sees(self, app: WeComApp, member: Member) -> bool:
        """Whether a member is in the app's visible range."""
        return app.visible is None or member.userid in app.visible

    def below(self, department: int) -> set[int]:
        """A department and all under it."""
        found = {department}
        while more := {d.id for d in self.departments.values() if d.parentid in found} - found:
            found |= more
        return found

    def in_departments(self, departments: set[int]) -> list[Member]:
        """The members of any of these departments."""
        return [member for member in self.members.values() if departments & set(member.departments)]

    def _chosen(self, request: web.Request) -> list[Department]:
        given = request.query.get("id", "")
        if not given:
            return sorted(self.departments.values(), key=lambda d: d.id)
        return [
            self.departments[number] for number in sorted(self.below(self._number(given))) if number in self.departments
        ]

    def _number(self, given: str) -> int:
        if not given.isdigit() or int(given) not in self.departments:
            raise ApiError(60003)
        return int(given)

    async def _departments(self, request: web.Request) -> dict[str, Any]:
        return {**OK, "department": [_full(department) for department in self._chosen(request)]}

    async def _simple_departments(self, request: web.Request) -> dict[str, Any]:
        simple = [{"id": d.id, "parentid": d.parentid, "order": d.order} for d in self._chosen(request)]
        return {**OK, "department_id": simple}

    async def _department(self, request: web.Request) -> dict[str, Any]:
        return {**OK, "department": _full(self.departments[self._number(request.query.get("id", ""))])}

    async def _user(self, request: web.Request) -> dict[str, Any]:
        member = self.find(request.query.get("userid", ""))
        if member is None:
            raise ApiError(60111)
        if not self.sees(request["app"], member):
            raise ApiError(60011)
        return {**OK, **_details(member)}

    def _of_department(self, request: web.Request) -> list[Member]:
        number = self._number(request.query.get("department_id", ""))
        chosen = self.below(number) if request.query.get("fetch_child") == "1" else {number}
        members = [member for member in self.in_departments(chosen) if self.sees(request["app"], member)]
        if len(members) > self._corp.list_limit:
            raise ApiError(45029)
        return members

    async def _simple_users(self, request: web.Request) -> dict[str, Any]:
        short = ("userid", "name", "department")
        users = [{name: _details(member)[name] for name in short} for member in self._of_department(request)]
        return {**OK, "userlist": users}

    async def _users(self, request: web.Request) -> dict[str, Any]:
        return {**OK, "userlist": [_details(member) for member in self._of_department(request)]}

    async def _agent(self, request: web.Request) -> dict[str, Any]:
        app: WeComApp = request["app"]
        if request.query.get("agentid") != str(app.agentid):
            raise ApiError(301002)
        visible = self.members if app.visible is None else app.visible
        return {
            **OK,
            "agentid": app.agentid,
            "name": app.name,
            "allow_userinfos": {"user": [{"userid": userid} for userid in visible]},
            "allow_partys": {"partyid": [ROOT] if app.visible is None else []},
            "allow_tags": {"tagid": []},
            "close": int(app.disabled),
            "isreportenter": int(app.reports_entering),
        }


def _full(department: Department) -> dict[str, Any]:
    return {
        "id": department.id,
        "name": department.name,
        "name_en": "",
        "department_leader": list(department.leaders),
        "parentid": department.parentid,
        "order": department.order,
    }


def _details(member: Member) -> dict[str, Any]:
    """Without phone, sex and picture, which newer apps do not get."""
    return {
        "userid": member.userid,
        "name": member.name,
        "department": member.departments,
        "order": [0] * len(member.departments),
        "position": member.position,
        "is_leader_in_dept": [int(number in member.leads) for number in member.departments],
        "direct_leader": [],
        "main_department": member.departments[0] if member.departments else ROOT,
        "status": member.status,
        "alias": "",
        "telephone": "",
        "extattr": {"attrs": []},
    }
