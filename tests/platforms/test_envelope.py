"""Signatures and envelopes against the vectors of the documentation."""

from __future__ import annotations

import pytest

from tests.platforms.envelope import Envelope, EnvelopeError, signature

KEY = "A" * 43
APPID = "wxba5fad812f8e6fb9"
OFFICIAL = (
    "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzDpVzazhZv6JsXUnnR8XGT740X"
    "gXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km32IIjdf8YL/P50F7m"
    "StwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04="
)
INSIDE = (
    '{"ToUserName":"gh_97417a04a28d","FromUserName":"o9AgO5Kd5ggOC-bXrbNODIiE3bGY","CreateTime":1714112445,'
    '"MsgType":"event","Event":"debug_demo","debug_str":"hello world"}'
)
REPLY = "ELGduP2YcVatjqIS+eZbp80MNLoAUWvzzyJxgGzxZO/5sAvd070Bs6qrLARC9nVHm48Y4hyRbtzve1L32tmxSQ=="
ECHO = "uMMzGtqcnpOzXOYBwDQNrXC+D16NlFQLwvzhsMma2UtaXC40nUUfPVZZmXwn/tB/vsoeb8ESf1CI5pdFY5ZDTg=="


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (("1714036504", "1514711492"), "f464b24fc39322e44b38aa78f5edd27bd1441696"),
        (("1714037059", "486452656"), "899cf89e464efb63f54ddac96b0a0a235f53aa78"),
        (("1714112445", "415670741"), "6c5c811b55cc85e0e1b54100749188c20beb3f5d"),
        (("1714112445", "415670741", OFFICIAL), "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3"),
        (("1713424427", "415670741", REPLY), "1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1"),
        (("1714036504", "1514711492", ECHO), "24af35bd596b0d478e2311b58c8c1c87c5105a3e"),
    ],
)
def test_signatures_are_those_of_the_documentation(parts: tuple[str, ...], expected: str) -> None:
    assert signature("AAAAA", *parts) == expected


@pytest.mark.parametrize(
    ("receiver", "random", "text", "sealed"),
    [
        (APPID, b"a8eedb185eb2fecf", INSIDE, OFFICIAL),
        (APPID, b"707722b803182950", '{"demo_resp":"good luck"}', REPLY),
        ("wwcorp0000000001", b"0123456789abcdef", "1616140317555161061", ECHO),
    ],
)
def test_envelopes_are_those_of_the_documentation(receiver: str, random: bytes, text: str, sealed: str) -> None:
    envelope = Envelope(KEY, receiver)
    assert envelope.open(sealed) == text
    assert envelope.seal(text, random=random) == sealed


@pytest.mark.parametrize("size", range(0, 70))
def test_any_length_is_padded_to_whole_blocks_of_32(size: int) -> None:
    envelope = Envelope(KEY, APPID)
    assert envelope.open(envelope.seal("字" * size)) == "字" * size


@pytest.mark.parametrize(
    ("sealed", "why"),
    [
        ("not base64!", "not base64"),
        ("AAAA", "no multiple"),
        ("", "0 bytes"),
        (Envelope(KEY, "wxother").seal("x"), "another one"),
        (Envelope(KEY, APPID).seal("x", length=9_999), "beyond the end"),
        (Envelope(KEY, APPID).seal("x", length=0), "another one"),
        (Envelope(KEY, APPID).seal_block(b"\x00" * 32), "padding"),
        (Envelope(KEY, APPID).seal_block(b"x" * 30 + b"\x01\x02"), "padding"),
        (Envelope(KEY, APPID).seal_block(b"\x20" * 32), "too short"),
    ],
)
def test_whatever_deviates_is_named(sealed: str, why: str) -> None:
    with pytest.raises(EnvelopeError, match=why):
        Envelope(KEY, APPID).open(sealed)
