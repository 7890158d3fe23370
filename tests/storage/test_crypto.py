from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import SealBroken
from bot.storage.crypto import Vault, demo_secret_key

_KEY = "0123456789abcdef" * 4
_VAULT = Vault(_KEY)


@given(st.text(), st.text(max_size=20))
def test_what_is_sealed_opens_also_after_a_restart(text: str, purpose: str) -> None:
    assert Vault(_KEY).open(_VAULT.seal(text, purpose), purpose) == text


@given(st.binary())
def test_bytes_too(value: bytes) -> None:
    assert _VAULT.open_bytes(_VAULT.seal(value, "photo"), "photo") == value


def test_values_too() -> None:
    value = {"体温": 36.5, "地点": ["西安", None], "发热": False}
    assert _VAULT.open_json(_VAULT.seal_json(value, "record"), "record") == value
    assert _VAULT.open_json(_VAULT.seal_json({"day": date(2022, 1, 28)}, "record"), "record") == {"day": "2022-01-28"}


def test_the_sealed_form_tells_nothing() -> None:
    sealed = _VAULT.seal("110101199003074477", "people.id_number")
    assert b"110101199003074477" not in sealed
    assert sealed != _VAULT.seal("110101199003074477", "people.id_number")


_SEALED = _VAULT.seal("王小明", "people.name")


@pytest.mark.parametrize(
    ("vault", "sealed", "purpose"),
    [
        pytest.param(Vault("another key" * 4), _SEALED, "people.name", id="another key"),
        pytest.param(_VAULT, _SEALED, "people.phone", id="another purpose"),
        pytest.param(_VAULT, _SEALED[:-1], "people.name", id="cut short"),
        pytest.param(_VAULT, b"\x02" + _SEALED[1:], "people.name", id="another form"),
        pytest.param(_VAULT, b"", "people.name", id="empty"),
        *(
            pytest.param(
                _VAULT, _SEALED[:i] + bytes([_SEALED[i] ^ 1]) + _SEALED[i + 1 :], "people.name", id=f"byte {i}"
            )
            for i in (1, 13, len(_SEALED) - 1)
        ),
    ],
)
def test_a_broken_seal(vault: Vault, sealed: bytes, purpose: str) -> None:
    with pytest.raises(SealBroken):
        vault.open(sealed, purpose)
    with pytest.raises(SealBroken):
        vault.open_json(sealed, purpose)


def test_fingerprints_find_the_same_text_only() -> None:
    prints: dict[Any, str] = {
        (key, purpose, text): Vault(key).fingerprint(text, purpose)
        for key in (_KEY, "another key" * 4)
        for purpose in ("phone", "phone1")
        for text in ("13800138000", "3800138000")
    }
    assert len(set(prints.values())) == len(prints)
    assert _VAULT.fingerprint("13800138000", "phone") == prints[_KEY, "phone", "13800138000"]


def test_the_demo_key_is_made_once_and_kept_closed(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    key = demo_secret_key(folder)
    assert len(key) >= 32
    assert demo_secret_key(folder) == key
    assert (folder / "secret_key").stat().st_mode & 0o777 == 0o600
    assert os.listdir(folder) == ["secret_key"]
    assert demo_secret_key(tmp_path / "other") != key
