"""Forged, broken and hostile callbacks, and what a correct bot does with each (protocol section 5, plays C3 to C15)."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from tests.platforms.deliverer import Post
from tests.platforms.envelope import Envelope, signature
from tests.platforms.wechat_server import WeChatServer
from tests.platforms.wecom_server import WeComServer
from tests.platforms.xml_form import Fields, write

Server = WeChatServer | WeComServer
Make = Callable[[Server, Fields], Post]

TEN_MEGABYTES = 10 << 20


@dataclass(frozen=True)
class Misdeed:
    """`make(server, fields)` composes it around a message that would be fine. `expect`: `refused` is a 4xx status or a
    closed connection with nothing done; `taken` is HTTP 200 with the message dealt with as any other; `harmless` is any
    status below 500 with nothing done. `safe_only`: only in safe mode; `wechat_only`: 企业微信 has no such thing.
    """

    name: str
    make: Make
    expect: Literal["refused", "taken", "harmless"] = "refused"
    safe_only: bool = False
    wechat_only: bool = False

    def fits(self, server: Server) -> bool:
        """Whether it can be played to this server's bot, as it is set now."""
        if isinstance(server, WeComServer):
            return not self.wechat_only
        return not self.safe_only or server.account.mode == "safe"

    def __str__(self) -> str:
        return self.name


def _keys(server: Server) -> tuple[str, str, str]:
    """The token, the AES key and the receiver id."""
    if isinstance(server, WeComServer):
        return server.app.token, server.app.aes_key, server.corp.corpid
    return server.account.token, server.account.aes_key, server.account.appid


def _sign_name(server: Server) -> str:
    return "msg_signature" if _sealed(server) else "signature"


def _sealed(server: Server) -> bool:
    return isinstance(server, WeComServer) or server.account.mode != "plain"


def _with_query(change: Callable[[Server, Post], None]) -> Make:
    def make(server: Server, fields: Fields) -> Post:
        post = server.compose(fields)
        change(server, post)
        return post

    return make


def _with_time(shift: float) -> Make:
    return lambda server, fields: server.compose(fields, timestamp=str(int(server.now() + shift)))


def _with_receiver(receiver: Callable[[str], str]) -> Make:
    def make(server: Server, fields: Fields) -> Post:
        _, key, right = _keys(server)
        return server.compose(fields, sealed=Envelope(key, right).seal(write(fields), receiver=receiver(right)))

    return make


def _with_block(block: Callable[[bytes, str], bytes]) -> Make:
    """`block` is given the message and the receiver id and returns the whole block with padding."""

    def make(server: Server, fields: Fields) -> Post:
        _, key, receiver = _keys(server)
        inside = block(write(fields).encode(), receiver)
        return server.compose(fields, sealed=Envelope(key, receiver).seal_block(inside))

    return make


def _block(content: bytes, receiver: str, *, length: int | None = None) -> bytes:
    size = len(content) if length is None else length
    return b"r" * 16 + size.to_bytes(4, "big") + content + receiver.encode()


def _padded(block: bytes) -> bytes:
    missing = 32 - len(block) % 32
    return block + bytes([missing]) * missing


def _padding_of(last: int) -> Callable[[bytes, str], bytes]:
    """A block whose length is right and whose last byte claims `last` bytes of padding."""

    def block(content: bytes, receiver: str) -> bytes:
        right = _padded(_block(content, receiver))
        return right[:-1] + bytes([last])

    return block


def _uneven(content: bytes, receiver: str) -> bytes:
    block = _block(content, receiver)
    missing = 32 - len(block) % 32
    if missing < 3:
        missing += 32
    return block + b"\x00" * (missing - 1) + bytes([missing if missing <= 32 else 32])


def _with_sealed(sealed: str) -> Make:
    return lambda server, fields: server.compose(fields, sealed=sealed)


def _with_body(body: bytes | Callable[[Fields], bytes], *, chunked: bool = False) -> Make:
    """The whole body of the request in another's place; the signature in the query is a right one where it can be."""

    def make(server: Server, fields: Fields) -> Post:
        post = server.compose(fields)
        post.body = body if isinstance(body, bytes) else body(fields)
        post.chunked = chunked
        return post

    return make


def _with_inside(text: Callable[[Fields], str]) -> Make:
    """Another document where the message's own stands, signed and sealed like a right one."""

    def make(server: Server, fields: Fields) -> Post:
        if not _sealed(server):
            post = server.compose(fields)
            post.body = text(fields).encode()
            return post
        _, key, receiver = _keys(server)
        return server.compose(fields, sealed=Envelope(key, receiver).seal(text(fields)))

    return make


def _plain_in_safe_mode(encrypt_type: str | None) -> Make:
    def make(server: Server, fields: Fields) -> Post:
        assert isinstance(server, WeChatServer), "only the 公众号 has a plain mode"
        post = server.compose(fields, mode="plain")
        if encrypt_type is not None:
            post.query.append(("encrypt_type", encrypt_type))
        return post

    return make


def _signed_without_body(server: Server, fields: Fields) -> Post:
    """A good `signature`, which covers no body, and a `msg_signature` made without the token."""
    post = server.compose(fields)
    post.replace("msg_signature", signature("guess", post.value("timestamp"), post.value("nonce")))
    return post


def _drop(name: str) -> Make:
    return _with_query(lambda server, post: post.drop(_sign_name(server) if name == "signature" else name))


def _double(server: Server, post: Post) -> None:
    name = _sign_name(server)
    post.query.insert(0, (name, "0" * 40))


def _bomb(fields: Fields) -> str:
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    return f'<!DOCTYPE xml [<!ENTITY e0 "lol">{levels}]>' + write({**fields, "Content": "BOMB"}).replace(
        "<![CDATA[BOMB]]>", "&e11;"
    )


def _external(fields: Fields) -> str:
    document = write({**fields, "Content": "FILE"}).replace("<![CDATA[FILE]]>", "&file;")
    return f'<!DOCTYPE xml [<!ENTITY file SYSTEM "file:///etc/passwd">]>{document}'


def _nested(fields: Fields) -> str:
    return "<xml>" + "<a>" * 100_000 + "</a>" * 100_000 + "</xml>"


def _without(*names: str) -> Callable[[Fields], str]:
    return lambda fields: write({name: value for name, value in fields.items() if name not in names})


MISDEEDS: tuple[Misdeed, ...] = (
    # forged
    Misdeed("wrong signature", _with_query(lambda server, post: post.replace(_sign_name(server), "0" * 40))),
    Misdeed("no signature", _drop("signature")),
    Misdeed("no timestamp", _drop("timestamp")),
    Misdeed("no nonce", _drop("nonce")),
    Misdeed("empty signature", _with_query(lambda server, post: post.replace(_sign_name(server), ""))),
    Misdeed("signature twice, a wrong one first", _with_query(_double)),
    Misdeed(
        "signature that is not ASCII", _with_query(lambda server, post: post.replace(_sign_name(server), "签" * 40))
    ),
    Misdeed("good signature, forged msg_signature", _signed_without_body, safe_only=True),
    Misdeed("plain body in safe mode", _plain_in_safe_mode(None), safe_only=True, wechat_only=True),
    Misdeed("raw body in safe mode", _plain_in_safe_mode("raw"), safe_only=True, wechat_only=True),
    # times
    Misdeed("an hour old", _with_time(-3_600)),
    Misdeed("six minutes old", _with_time(-360)),
    Misdeed("an hour ahead", _with_time(3_600)),
    Misdeed("timestamp is no number", lambda server, fields: server.compose(fields, timestamp="now")),
    Misdeed("timestamp without end", lambda server, fields: server.compose(fields, timestamp="9" * 400)),
    # envelopes
    Misdeed("another receiver id", _with_receiver(lambda right: "wx0000000000000000"), safe_only=True),
    Misdeed("no receiver id", _with_receiver(lambda right: ""), safe_only=True),
    Misdeed("longer receiver id", _with_receiver(lambda right: right + "x"), safe_only=True),
    Misdeed(
        "length beyond the end", _with_block(lambda c, r: _padded(_block(c, r, length=len(c) + 4_096))), safe_only=True
    ),
    Misdeed("length zero", _with_block(lambda c, r: _padded(_block(c, r, length=0))), safe_only=True),
    Misdeed(
        "length with the top bit", _with_block(lambda c, r: _padded(_block(c, r, length=0x80000001))), safe_only=True
    ),
    Misdeed("padding zero", _with_block(_padding_of(0)), safe_only=True),
    Misdeed("padding 33", _with_block(_padding_of(33)), safe_only=True),
    Misdeed("padding not uniform", _with_block(_uneven), safe_only=True),
    Misdeed("a block of padding only", _with_block(lambda c, r: b"\x20" * 32), safe_only=True),
    Misdeed("not base64", _with_sealed("这不是密文！"), safe_only=True),
    Misdeed("no whole blocks", _with_sealed("AAAAAAAAAAAAAAAAAAAAAAAA"), safe_only=True),
    Misdeed("empty Encrypt", _with_sealed(""), safe_only=True),
    Misdeed("another key", lambda server, fields: server.compose(fields, aes_key="Z" * 43), safe_only=True),
    # bodies
    Misdeed("no body", _with_body(b"")),
    Misdeed("garbage", _with_body(lambda fields: secrets.token_bytes(500))),
    Misdeed("HTML", _with_body(b"<html><body>hello</body></html>")),
    Misdeed("ten megabytes", _with_body(b"<xml>" + b"a" * TEN_MEGABYTES + b"</xml>")),
    Misdeed("ten megabytes in pieces", _with_body(b"<xml>" + b"a" * TEN_MEGABYTES + b"</xml>", chunked=True)),
    Misdeed("entity bomb outside", _with_body(lambda fields: _bomb(fields).encode())),
    Misdeed("entity bomb", _with_inside(_bomb)),
    Misdeed("external entity", _with_inside(_external)),
    Misdeed("document type", _with_inside(lambda fields: "<!DOCTYPE xml>" + write(fields))),
    Misdeed("100,000 nested elements", _with_inside(_nested)),
    Misdeed("NUL", _with_inside(lambda fields: write(fields).replace("<![CDATA[", "<![CDATA[\x00", 1))),
    Misdeed("cut in the middle", _with_inside(lambda fields: write(fields)[: len(write(fields)) // 2])),
    Misdeed("another encoding declared", _with_inside(lambda f: '<?xml version="1.0" encoding="utf-7"?>' + write(f))),
    Misdeed("no sender", _with_inside(_without("FromUserName")), "harmless"),
    Misdeed("no type", _with_inside(_without("MsgType")), "harmless"),
    # unusual, and all right
    Misdeed("four minutes old", _with_time(-240), "taken"),
    Misdeed("a minute ahead", _with_time(60), "taken"),
    Misdeed(
        "fields nobody knows",
        _with_inside(lambda fields: write({**fields, "BusinessId": 9, "Extra": {"Deep": "x"}})),
        "taken",
    ),
)
"""Played with an XML setup. None of them is to bring a 5xx or a trace."""
