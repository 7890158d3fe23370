"""BOT_* variables: read, checked, refused with the variable's name."""

from __future__ import annotations

import pytest

from bot.errors import SettingsError
from bot.settings import load_settings

SECRET = "s" * 32


def test_defaults_of_the_demo() -> None:
    settings = load_settings({"BOT_DEMO": "1"})
    assert (settings.host, settings.port, settings.workers, settings.rate_limit, settings.fever) == (
        "127.0.0.1",
        8080,
        1,
        60,
        37.3,
    )
    assert settings.timezone.key == "Asia/Shanghai"
    assert settings.embedded_database
    assert settings.embedded_redis


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "BOT_SECRET_KEY"),
        ({"BOT_SECRET_KEY": "short"}, "BOT_SECRET_KEY"),
        ({"BOT_DEMO": "1", "BOT_DATABASE_URL": "postgresql://x/y"}, "BOT_DATABASE_URL"),
        ({"BOT_DEMO": "1", "BOT_HOST": "0.0.0.0"}, "BOT_DEMO_PUBLIC"),
        ({"BOT_DEMO": "maybe"}, "BOT_DEMO"),
        ({"BOT_DEMO": "1", "BOT_PORT": "99999"}, "BOT_PORT"),
        ({"BOT_DEMO": "1", "BOT_PORT": "web"}, "BOT_PORT"),
        ({"BOT_DEMO": "1", "BOT_FEVER": "30"}, "BOT_FEVER"),
        ({"BOT_DEMO": "1", "BOT_WORKERS": "0"}, "BOT_WORKERS"),
        ({"BOT_DEMO": "1", "BOT_TIMEZONE": "Mars/Base"}, "BOT_TIMEZONE"),
        ({"BOT_DEMO": "1", "BOT_OFFICE_HOURS": "22:00-08:00"}, "BOT_OFFICE_HOURS"),
        ({"BOT_DEMO": "1", "BOT_OFFICE_HOURS": "8-22"}, "BOT_OFFICE_HOURS"),
        ({"BOT_DEMO": "1", "BOT_OFFICE_HOURS": "08:00-24:30"}, "BOT_OFFICE_HOURS"),
        ({"BOT_DEMO": "1", "BOT_TICKET_MINUTES": "0"}, "BOT_TICKET_MINUTES"),
        ({"BOT_DEMO": "1", "BOT_QUIET_HOURS": "22-7"}, "BOT_QUIET_HOURS"),
        ({"BOT_DEMO": "1", "BOT_QUIET_HOURS": "24:00-07:00"}, "BOT_QUIET_HOURS"),
        ({"BOT_DEMO": "1", "BOT_PUBLIC_URL": "chat.example.cn"}, "BOT_PUBLIC_URL"),
        ({"BOT_DEMO": "1", "BOT_PHONES": "指挥部"}, "BOT_PHONES"),
        ({"BOT_DEMO": "1", "BOT_PHONES": "指挥部:电话"}, "BOT_PHONES"),
    ],
)
def test_a_bad_setting_is_refused_by_its_name(environment: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        load_settings(environment)


def test_production_needs_a_key_and_takes_an_external_database() -> None:
    settings = load_settings(
        {"BOT_SECRET_KEY": SECRET, "BOT_DATABASE_URL": "postgresql://db/bot", "BOT_HOST": "0.0.0.0"}
    )
    assert not settings.embedded_database
    assert not settings.demo


def test_local_phone_numbers_are_read_in_their_order() -> None:
    phones = load_settings({"BOT_DEMO": "1", "BOT_PHONES": "指挥部:8125266；县医院发热门诊：0745-8125266;"}).phones
    assert phones.of("发热门诊") == "0745-8125266"
    assert phones.of("疾控") is None
    assert phones.told() == "指挥部8125266、县医院发热门诊0745-8125266"
    assert phones.told(["指挥部"]) == "指挥部8125266"
