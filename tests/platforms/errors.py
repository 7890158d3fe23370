"""Refusals as the platforms write them: HTTP 200 with errcode and errmsg."""

from __future__ import annotations

import secrets
from typing import Any

MESSAGES = {
    -1: "system error",
    40001: "invalid credential, access_token is invalid or not latest",
    40002: "invalid grant_type",
    40003: "invalid openid",
    40004: "invalid media type",
    40005: "invalid file type",
    40006: "invalid media size",
    40007: "invalid media_id",
    40008: "invalid message type",
    40013: "invalid appid",
    40014: "invalid access_token",
    40016: "invalid button size",
    40017: "invalid button type",
    40018: "invalid button name size",
    40019: "invalid button key size",
    40020: "invalid button url size",
    40023: "invalid sub button size",
    40024: "invalid sub button type",
    40025: "invalid sub button name size",
    40026: "invalid sub button key size",
    40027: "invalid sub button url size",
    40029: "invalid code",
    40030: "invalid refresh_token",
    40031: "invalid userid list",
    40032: "invalid user list size",
    40035: "invalid parameter",
    40037: "invalid template_id",
    40053: "invalid action info",
    40056: "invalid agentid",
    40058: "invalid request parameter",
    40125: "invalid appsecret",
    40163: "code been used",
    40164: "invalid ip",
    40243: "secret is frozen",
    40249: "marketing content is not allowed",
    41001: "access_token missing",
    41002: "appid missing",
    41004: "appsecret missing",
    41005: "media data missing",
    41006: "media_id missing",
    41008: "code missing",
    41011: "agentid missing",
    41016: "title missing",
    41033: "description missing",
    42001: "access_token expired",
    42002: "refresh_token expired",
    42014: "task_id invalid or used",
    42016: "response_code or task_id unknown",
    42017: "invalid button list",
    42018: "invalid button key",
    42019: "invalid button name",
    42022: "code has been used or expired",
    43002: "require POST method",
    43004: "require subscribe",
    43012: "require callback url",
    43019: "user is in the blacklist",
    43101: "user refuse to accept the msg",
    43116: "template is restricted",
    44002: "empty post data",
    44004: "empty content",
    45001: "media size out of limit",
    45002: "content size out of limit",
    45008: "article size out of limit",
    45009: "reach max api daily quota limit",
    45011: "api minute-quota reach limit mustslower retry next minute",
    45015: "response out of time limit or subscription is canceled",
    45028: "has no masssend quota",
    45029: "answer is too large",
    45033: "too many calls in parallel",
    45047: "out of response count limit",
    45065: "clientmsgid exist",
    45066: "same clientmsgid retry too fast",
    45067: "clientmsgid size out of limit",
    45072: "invalid command",
    45080: "can't send typing without a message of the last 30 seconds",
    45081: "already typing",
    46003: "menu no exist",
    46004: "user no exist",
    47001: "data format error",
    47003: "argument invalid!",
    48001: "api unauthorized",
    48002: "user block receive message",
    48004: "api forbidden",
    48006: "forbid to clear quota because of reaching the limit",
    48008: "no permission for this msgtype",
    50001: "redirect_url is not authorized",
    50002: "user limited",
    50003: "app disabled",
    60003: "department not found",
    60011: "no privilege to access/modify contact/party/agent",
    60020: "not allow to access from your ip",
    60111: "userid not found",
    65316: "too many outside domains",
    81013: "user & department & tag all invalid",
    82001: "user & department & tag all empty",
    82002: "too many departments",
    82003: "too many tags",
    89503: "this ip calling needs the administrator's confirmation",
    89506: "this ip was refused by the administrator, ask again after 24 hours",
    89507: "this ip was refused by the administrator, ask again after 1 hour",
    301002: "agentid does not belong to this access_token",
}


class ApiError(Exception):
    """Ends a call with an error code; `more` are further fields of the answer, `detail` follows the message."""

    def __init__(self, code: int, detail: str = "", **more: Any) -> None:
        super().__init__(code, detail)
        self.code = code
        self._detail = detail
        self._more = more

    def as_json(self) -> dict[str, Any]:
        """The answer's body; the message ends with a request id, as the platforms' do."""
        message = f"{MESSAGES.get(self.code, 'error')}{' ' + self._detail if self._detail else ''}"
        rid = f"{secrets.token_hex(4)}-{secrets.token_hex(4)}-{secrets.token_hex(4)}"
        return {"errcode": self.code, "errmsg": f"{message} rid: {rid}", **self._more}
