"""Files of both platforms."""

from __future__ import annotations

import pytest

from tests.conftest import Clock
from tests.platforms.bare_calls import IMAGE, BareCalls
from tests.platforms.wechat_server import WeChatServer
from tests.platforms.wecom_server import WeComServer

MB = 1 << 20
PNG, AMR, MP3, MP4 = b"\x89PNG\r\n\x1a\n", b"#!AMR\n", b"ID3", b"\x00\x00\x00\x18ftypmp42"


@pytest.mark.parametrize(
    ("kind", "start", "size", "code"),
    [
        ("image", IMAGE, 100, 0),
        ("image", PNG, 10 * MB, 0),
        ("image", PNG, 10 * MB + 1, 45001),
        ("image", b"GIF89a", 100, 40005),
        ("voice", AMR, 100, 0),
        ("voice", MP3, 2 * MB + 1, 45001),
        ("thumb", IMAGE, 64 * 1024 + 1, 45001),
        ("thumb", PNG, 100, 40005),
        ("video", MP4, 100, 0),
        ("file", b"text", 100, 40004),
        ("poem", b"text", 100, 40004),
    ],
)
async def test_what_a_wechat_account_may_upload(api: BareCalls, kind: str, start: bytes, size: int, code: int) -> None:
    assert (await api.upload(kind, start.ljust(size, b"x"))).get("errcode", 0) == code


@pytest.mark.parametrize(
    ("kind", "start", "size", "code"),
    [
        ("file", b"text", 5, 0),
        ("file", b"text", 4, 40006),
        ("file", b"text", 20 * MB + 1, 45001),
        ("voice", MP3, 100, 40005),
        ("image", IMAGE, 100, 0),
        ("thumb", IMAGE, 100, 40004),
    ],
)
async def test_what_a_wecom_app_may_upload(qyapi: BareCalls, kind: str, start: bytes, size: int, code: int) -> None:
    answer = await qyapi.upload(kind, start.ljust(size, b"x"))
    assert answer["errcode"] == code
    assert code or isinstance(answer["created_at"], str)


async def test_an_upload_needs_its_field_and_a_file_name(api: BareCalls) -> None:
    assert (await api.upload("image", IMAGE, field="file"))["errcode"] == 41005
    assert await api.code("/cgi-bin/media/upload", b"bytes", type="image") == 41005


async def test_files_live_three_days(api: BareCalls, clock: Clock) -> None:
    answer = await api.upload("image", IMAGE, "一张.jpg")
    assert answer["created_at"] == int(clock().timestamp())
    assert (await api.raw("GET", "/cgi-bin/media/get", media_id=answer["media_id"]))[1:] == (IMAGE, "image/jpeg")
    clock.advance(days=3)
    assert (await api.get("/cgi-bin/media/get", media_id=answer["media_id"]))["errcode"] == 40007
    assert (await api.get("/cgi-bin/media/get"))["errcode"] == 41006


async def test_a_video_of_wechat_is_an_address(
    wechat: WeChatServer, wecom: WeComServer, api: BareCalls, qyapi: BareCalls
) -> None:
    media_id = (await api.upload("video", MP4))["media_id"]
    assert media_id in (await api.get("/cgi-bin/media/get", media_id=media_id))["video_url"]
    media_id = (await qyapi.upload("video", MP4))["media_id"]
    assert (await qyapi.raw("GET", "/cgi-bin/media/get", media_id=media_id))[1] == MP4


async def test_what_a_fan_sends_can_be_fetched(wechat: WeChatServer, api: BareCalls) -> None:
    delivery = await wechat.add_fan("o1").sends_image(b"not a picture at all", "image/jpeg")
    _, data, mime = await api.raw("GET", "/cgi-bin/media/get", media_id=delivery.fields["MediaId"])
    assert (data, mime) == (b"not a picture at all", "image/jpeg")
    status, data, _ = await api.raw("GET", delivery.fields["PicUrl"].removeprefix(wechat.base_url))
    assert (status, data) == (200, b"not a picture at all")
