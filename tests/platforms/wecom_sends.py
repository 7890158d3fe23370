"""App messages of 企业微信, the update of their cards, and their recall (protocol sections 3.4 to 3.6)."""

from __future__ import annotations

import copy
import itertools
import json
import secrets
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tests.platforms.api_desk import OK, ApiDesk, json_body
from tests.platforms.driven_wait import Clock
from tests.platforms.errors import ApiError
from tests.platforms.journal import Dropped, Journal
from tests.platforms.media import MediaStore
from tests.platforms.quotas import beijing
from tests.platforms.readable import lines
from tests.platforms.wecom_cards import check_card, readable_card
from tests.platforms.wecom_corp import WeComApp, WeComCorp
from tests.platforms.wecom_member import Card, Member
from tests.platforms.wecom_messages import read_message
from tests.platforms.wecom_rates import Limit
from tests.platforms.wecom_tree import WeComTree

USERS_A_CALL = 1_000
GROUPS_A_CALL = 100
A_MEMBER_A_DAY = 200
RECALL_SECONDS = 24 * 3600.0
LONGEST_INTERVAL = 4 * 3600
_INTERVAL = 1_800
_CALL_AGAIN = 60.0


@dataclass
class _Code:
    agentid: int
    task_id: str
    made_at: float
    used: bool = False


@dataclass
class _Receivers:
    reached: list[Member]
    unknown_users: list[str]
    unknown_parties: list[str]
    unknown_tags: list[str]


class WeComSends:
    """The calls that put something on members' phones."""

    def __init__(
        self, corp: WeComCorp, tree: WeComTree, journal: Journal, media: MediaStore, clock: Clock, desk: ApiDesk
    ) -> None:
        self._corp = corp
        self._tree = tree
        self._journal = journal
        self._media = media
        self._clock = clock
        self._numbers = itertools.count(1)
        self._codes: dict[str, _Code] = {}
        self._task_ids: set[tuple[int, str]] = set()
        self._duplicates: dict[str, float] = {}
        self._sent: dict[str, tuple[int, float, list[str]]] = {}
        self._minute = Limit(60, blocks=False)
        self._hour = Limit(3_600, blocks=False)
        self._day = ""
        self._day_used: Counter[int] = Counter()
        desk.add("POST", "/cgi-bin/message/send", self._send)
        desk.add("POST", "/cgi-bin/message/update_template_card", self._update)
        desk.add("POST", "/cgi-bin/message/recall", self._recall)

    def new_response_code(self, agentid: int, task_id: str) -> str:
        """A code to update a card once."""
        code = secrets.token_urlsafe(24)
        self._codes[code] = _Code(agentid, task_id, self._now())
        return code

    async def _send(self, request: web.Request) -> dict[str, Any]:
        body = await json_body(request)
        app = self._app(request, body)
        receivers = self._receivers(app, body)
        text = read_message(body, self._media, calls_back=bool(app.callback_url))
        task_id = body["template_card"].get("task_id", "") if body["msgtype"] == "template_card" else ""
        lists = {
            "invaliduser": "|".join(userid.lower() for userid in receivers.unknown_users),
            "invalidparty": "|".join(receivers.unknown_parties),
            "invalidtag": "|".join(receivers.unknown_tags),
            "unlicenseduser": "",
        }
        if not receivers.reached:
            raise ApiError(81013, **lists)
        if self._is_duplicate(app, body):
            for member in receivers.reached:
                self._journal.dropped.append(Dropped(member.userid, text, "duplicate"))
            return {**OK, **lists, "msgid": f"dup{next(self._numbers)}"}
        if task_id and (app.agentid, task_id) in self._task_ids:
            raise ApiError(42014)
        self._count_day(app, len(receivers.reached))
        self._task_ids.add((app.agentid, task_id))
        msgid = f"msg{next(self._numbers)}{secrets.token_urlsafe(24)}"
        self._sent[msgid] = (app.agentid, self._now(), [member.userid for member in receivers.reached])
        for member in receivers.reached:
            self._show(app, member, body, text, msgid)
        answer = {**OK, **lists, "msgid": msgid}
        if task_id and body["template_card"]["card_type"].endswith("_interaction"):
            answer["response_code"] = self.new_response_code(app.agentid, task_id)
        return answer

    def _app(self, request: web.Request, body: Mapping[str, Any]) -> WeComApp:
        app: WeComApp = request["app"]
        agentid = body.get("agentid")
        if agentid is None:
            raise ApiError(41011)
        if not isinstance(agentid, int) or agentid not in [each.agentid for each in self._corp.apps]:
            raise ApiError(40056)
        if agentid != app.agentid:
            raise ApiError(301002)
        return app

    def _receivers(self, app: WeComApp, body: Mapping[str, Any]) -> _Receivers:
        users, parties, tags = (_ids(body, name) for name in ("touser", "toparty", "totag"))
        if not (users or parties or tags):
            raise ApiError(82001)
        if len(users) > USERS_A_CALL:
            raise ApiError(40032)
        if len(parties) > GROUPS_A_CALL:
            raise ApiError(82002)
        if len(tags) > GROUPS_A_CALL:
            raise ApiError(82003)
        if users == ["@all"]:
            everybody = [m for m in self._tree.members.values() if self._gets(app, m)]
            return _Receivers(everybody, [], [], [])
        found = {userid: self._tree.find(userid) for userid in users}
        reached = {m.userid: m for m in found.values() if m is not None and self._gets(app, m)}
        unknown = [userid for userid, m in found.items() if m is None or not self._gets(app, m)]
        known = {int(party) for party in parties if party.isdigit() and int(party) in self._tree.departments}
        for member in self._tree.in_departments(set().union(*(self._tree.below(party) for party in known))):
            if self._gets(app, member):
                reached[member.userid] = member
        bad_parties = [party for party in parties if not party.isdigit() or int(party) not in known]
        # the simulator keeps no tags: every tag is unknown
        return _Receivers(list(reached.values()), unknown, bad_parties, tags)

    def _gets(self, app: WeComApp, member: Member) -> bool:
        return member.status not in (2, 5) and self._tree.sees(app, member)

    def _is_duplicate(self, app: WeComApp, body: Mapping[str, Any]) -> bool:
        if body.get("enable_duplicate_check") != 1:
            return False
        interval = body.get("duplicate_check_interval", _INTERVAL)
        if not isinstance(interval, int) or not 0 < interval <= LONGEST_INTERVAL:
            raise ApiError(40035, "duplicate_check_interval")
        names = ("touser", "toparty", "totag", "msgtype", body["msgtype"])
        key = json.dumps([app.agentid, *(body.get(name) for name in names)], sort_keys=True)
        if self._now() - self._duplicates.get(key, float("-inf")) < interval:
            return True
        self._duplicates[key] = self._now()
        return False

    def _count_day(self, app: WeComApp, people: int) -> None:
        day = beijing(self._clock()).strftime("%Y%m%d")
        if day != self._day:
            self._day = day
            self._day_used.clear()
        if self._day_used[app.agentid] + people > self._corp.account_limit * A_MEMBER_A_DAY:
            raise ApiError(45009)
        self._day_used[app.agentid] += people

    def _show(self, app: WeComApp, member: Member, body: Mapping[str, Any], text: str, msgid: str) -> None:
        key = (app.agentid, member.userid)
        within_hour = self._hour.take(key, self._corp.member_hour, self._now())
        if not within_hour or not self._minute.take(key, self._corp.member_minute, self._now()):
            self._journal.dropped.append(Dropped(member.userid, text, "member_rate"))
            return
        kind = body["msgtype"]
        if kind == "template_card" and (task_id := body["template_card"].get("task_id")):
            member.cards[app.agentid, task_id] = Card(task_id, app.agentid, copy.deepcopy(body["template_card"]))
        self._journal.add(member.userid, "message", kind, text, body, msgid, app.agentid)

    async def _update(self, request: web.Request) -> dict[str, Any]:
        body = await json_body(request)
        app = self._app(request, body)
        button, new_card = body.get("button"), body.get("template_card")
        if new_card is not None:
            check_card(new_card, calls_back=bool(app.callback_url))
        elif not (isinstance(button, dict) and button.get("replace_name")):
            raise ApiError(42019)
        code = self._codes.get(str(body.get("response_code")))
        if code is None:
            raise ApiError(42016)
        if code.agentid != app.agentid:
            raise ApiError(42015)
        if code.used or self._now() - code.made_at >= self._corp.response_code_hours * 3_600:
            raise ApiError(self._corp.used_response_code)
        chosen, invalid = self._to_update(body, code)
        code.used = True
        for member in chosen:
            self.change_card(member, code.agentid, code.task_id, button, new_card)
        return {**OK, "invaliduser": invalid}

    def _to_update(self, body: Mapping[str, Any], code: _Code) -> tuple[list[Member], list[str]]:
        holders = [m for m in self._tree.members.values() if (code.agentid, code.task_id) in m.cards]
        if body.get("atall") == 1:
            return holders, []
        userids = body.get("userids") or []
        parties = body.get("partyids") or []
        if len(userids) > USERS_A_CALL:
            raise ApiError(40032)
        if len(parties) > GROUPS_A_CALL:
            raise ApiError(82002)
        if not userids and not parties:
            raise ApiError(82001)
        wanted = {userid.lower() for userid in userids}
        wanted |= {m.userid.lower() for party in parties for m in self._tree.in_departments(self._tree.below(party))}
        chosen = [member for member in holders if member.userid.lower() in wanted]
        reached = {member.userid.lower() for member in chosen}
        return chosen, [userid for userid in userids if userid.lower() not in reached]

    def change_card(
        self,
        member: Member,
        agentid: int,
        task_id: str,
        button: Mapping[str, Any] | None,
        new_card: Mapping[str, Any] | None,
    ) -> None:
        """Gives a member's card other words in the place of its buttons, or another content."""
        card = member.cards[agentid, task_id]
        if new_card is not None:
            card.content = copy.deepcopy(new_card)
            card.label = str(new_card.get("replace_text", ""))
            card.closed = bool(card.label) or not card.content.get("button_list")
            text = lines(readable_card(new_card), card.label)
        else:
            card.closed, card.label = True, str((button or {})["replace_name"])
            text = card.label
        self._journal.add(member.userid, "card_update", "template_card", text, dict(card.content), task_id, agentid)

    async def _recall(self, request: web.Request) -> dict[str, Any]:
        msgid = str((await json_body(request)).get("msgid"))
        agentid, at, people = self._sent.get(msgid, (0, float("-inf"), []))
        if agentid != request["app"].agentid or self._now() - at >= RECALL_SECONDS:
            raise ApiError(40058, "msgid")
        for userid in people:
            self._journal.add(userid, "notice", "recall", "撤回了一条消息", {}, msgid, agentid)
        return OK

    def _now(self) -> float:
        return self._clock().timestamp()


def _ids(body: Mapping[str, Any], name: str) -> list[str]:
    given = body.get(name, "")
    if not isinstance(given, str):
        raise ApiError(40035, name)
    return list(dict.fromkeys(part for part in given.split("|") if part))
