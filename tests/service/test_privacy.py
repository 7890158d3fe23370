"""What a person tells the bot in confidence stands nowhere in plain: no file, no key of Redis, no row, no line of a log."""

from __future__ import annotations

import json
from collections.abc import Iterator

import redis
from stdnum.cn import ric

from tests.service.rest_chat import RestChat
from tests.service.running_service import RunningService

SENDER = "keeps-a-secret"  # no secret itself: the search must find it, or it searches nothing
NAME = "上官雪莲"
PHONE = "13987651234"
ADDRESS = "丁香园小区7号楼2单元1903"
_STEM = "61011319880704" + "241"
ID_NUMBER = _STEM + ric.calc_check_digit(_STEM + "0")
SECRETS = (NAME, PHONE, ADDRESS, "丁香园", ID_NUMBER)

ANSWERS = {
    "name": NAME,
    "phone": PHONE,
    "kind": "返乡",
    "from_place": "河南郑州金水区",
    "region_risk": "不是",
    "passed_places": "没有",
    "arrival_date": "昨天",
    "transport": "高铁 G1234",
    "health_code": "绿码",
    "travel_card": "行程卡绿色",
    "test_result": "没做过",
    "isolated_now": "没有",
    "fever_contact": "没有",
    "grid": "第三网格",
    "address": ADDRESS,
}


async def test_secrets_are_stored_nowhere_in_plain(demo: RunningService) -> None:
    assert ric.is_valid(ID_NUMBER)
    chat = RestChat(demo.url, SENDER)
    await chat.reports("36.2")  # from here on the sender is known to the database too
    await chat.says(f"我的身份证号是{ID_NUMBER}，能帮我查健康码吗", "返乡申报")
    asides = iter([f"身份证号{ID_NUMBER}也要填吗？", f"我叫{NAME}，电话{PHONE}，身份证{ID_NUMBER}，为什么要填这些？"])
    while (field := chat.custom["field"]) != "confirm":
        if field in ("transport", "address"):
            await chat.says(next(asides))
            assert chat.custom["field"] == field
        await chat.says(ANSWERS[field])
        assert chat.custom["field"] != field, f"{ANSWERS[field]!r} was no answer to {field}: {chat.text}"
    assert NAME in chat.text  # what is to be filed is shown to the person themselves
    await _look_everywhere(demo)

    assert "申报已收到" in await chat.says("确认提交")
    await chat.says(f"再问一下，{ID_NUMBER}这个身份证可以坐火车吗")
    assert ("return_declaration", True) in await demo.records_of(SENDER)
    await _look_everywhere(demo)


async def _look_everywhere(service: RunningService) -> None:
    await service.sql("CHECKPOINT", username="postgres")  # what PostgreSQL still has in memory goes into its files
    files = {str(path): path.read_bytes() for path in service.folder.rglob("*") if path.is_file()}
    rows = await _rows(service)
    with redis.Redis.from_url(service.note()["redis_url"]) as client:
        keys = dict(_redis_contents(client))
    for place in (files, rows, keys):
        assert any(SENDER.encode() in name.encode() + content for name, content in place.items())
    found = [
        f"{secret} in {name}"
        for secret in SECRETS
        for place in (files, rows, keys)
        for name, content in place.items()
        if any(form in name.encode() + content for form in _forms(secret))
    ]
    assert found == []


def _forms(secret: str) -> list[bytes]:
    """A text as it could stand in a file: plain, in JSON's ASCII, and as PostgreSQL writes bytes."""
    plain = secret.encode()
    return [plain, json.dumps(secret).strip('"').encode(), plain.hex().encode()]


async def _rows(service: RunningService) -> dict[str, bytes]:
    """All tables as text: in the files a long value could be compressed."""
    tables = await service.sql("SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'")
    contents = {}
    for (table,) in tables:
        rows = await service.sql(f"SELECT CAST(row_of AS text) FROM {table} AS row_of")
        contents[table] = "\n".join(row for (row,) in rows).encode()
    return contents


def _redis_contents(client: redis.Redis) -> Iterator[tuple[str, bytes]]:
    readers = {
        b"string": lambda key: [client.get(key)],
        b"list": lambda key: client.lrange(key, 0, -1),
        b"hash": lambda key: [part for pair in client.hgetall(key).items() for part in pair],
        b"set": client.smembers,
        b"zset": lambda key: client.zrange(key, 0, -1),
    }
    for key in client.scan_iter():
        parts = readers[client.type(key)](key)
        yield key.decode(errors="replace"), b"\n".join(part for part in parts if part is not None)
