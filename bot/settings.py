"""Typed settings from BOT_* environment variables, checked once at start. `python -m bot settings` prints them."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from bot.errors import SettingsError
from bot.office_hours import OfficeHours
from bot.phones import Phones
from bot.quiet_hours import QuietHours

TemplateSetting = tuple[str, str, tuple[tuple[str, str], ...]]
QuotaSetting = tuple[str, int, Literal["日", "月"]]
"""A template of a platform: the purpose it is for, its id, and what stands in each of its fields."""


def _flag(text: str) -> bool:
    if text.lower() in ("1", "true", "yes", "on"):
        return True
    if text.lower() in ("0", "false", "no", "off", ""):
        return False
    raise ValueError("写 1 或 0")


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise ValueError("端口在 0 到 65535 之间")
    return port


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise ValueError("至少为 1")
    return count


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds <= 86_400:
        raise ValueError("在 0 到 86400 之间")
    return seconds


def _fever(text: str) -> float:
    degrees = float(text)
    if not 36.5 <= degrees <= 39.0:
        raise ValueError("发热阈值应在 36.5 到 39.0 之间")
    return degrees


def _web_address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("写成 https://chat.example.cn 的样子")
    return text.rstrip("/")


def _aes_keys(text: str) -> tuple[str, ...]:
    keys = tuple(key.strip() for key in text.split(",") if key.strip())
    if len(keys) > 2 or not all(re.fullmatch("[A-Za-z0-9]{43}", key) for key in keys):
        raise ValueError("EncodingAESKey 是43个字母和数字；换密钥时写“新的,旧的”")
    return keys


def _wechat_mode(text: str) -> str:
    if text not in ("plain", "compatible", "safe"):
        raise ValueError("写 plain、compatible 或 safe")
    return text


def _quotas(text: str) -> tuple[QuotaSetting, ...]:
    found: list[QuotaSetting] = []
    for part in filter(None, (one.strip() for one in text.split(";"))):
        match = re.fullmatch(r"(custom|template|subscribe|app):(\d+)/(日|月)", part)
        if match is None:
            raise ValueError(f"看不懂 {part}")
        found.append((match[1], int(match[2]), "日" if match[3] == "日" else "月"))
    return tuple(found)


def _templates(text: str) -> tuple[TemplateSetting, ...]:
    found: list[TemplateSetting] = []
    for part in filter(None, (part.strip() for part in text.split(";"))):
        purpose, id, pairs = (*part.split(":", 2), "", "")[:3]
        fields = tuple((pair.split("=", 1)[0], pair.split("=", 1)[1]) for pair in pairs.split(",") if "=" in pair)
        if purpose not in ("alert", "reminder", "broadcast", "reply") or not id or not fields:
            raise ValueError("写成 alert:模板编号:thing1={text},time2={time} 的样子，多个用分号隔开")
        found.append((purpose, id, fields))
    return tuple(found)


def _setting(default: Any, read: Callable[[str], Any], help_line: str) -> Any:
    return field(default=default, metadata={"read": read, "help": help_line})


@dataclass(frozen=True)
class Settings:
    """All that can be set from outside. Field `xyz` is read from the variable `BOT_XYZ`."""

    host: str = _setting("127.0.0.1", str, "监听地址")
    port: int = _setting(8080, _port, "监听端口；0 表示任选空闲端口")
    data_dir: Path = _setting(Path("var"), Path, "内嵌数据库、密钥、缓存所在目录")
    database_url: str = _setting("", str, "外部 PostgreSQL 地址；留空则使用内嵌的")
    redis_url: str = _setting("", str, "外部 Redis 地址；留空则使用内嵌的")
    workers: int = _setting(1, _count, "工作进程数")
    secret_key: str = _setting("", str, "加密密钥（至少 32 个字符）；演示模式下自动生成并保存在数据目录")
    rate_limit: int = _setting(60, _count, "每人每分钟最多处理的消息数")
    fever: float = _setting(37.3, _fever, "发热阈值（℃），常用值，并非方案规定")
    timezone: ZoneInfo = _setting(ZoneInfo("Asia/Shanghai"), ZoneInfo, "时区；一天从这里的零点算起")
    office_hours: OfficeHours = _setting(
        OfficeHours(8 * 60, 22 * 60),
        OfficeHours.read,
        "工作人员答复转人工的时间段，按 BOT_TIMEZONE；全天写 00:00-24:00",
    )
    ticket_minutes: int = _setting(30, _count, "转人工后多少分钟没有新消息就自动结束；只算服务时间段内的分钟")
    quiet_hours: QuietHours = _setting(
        QuietHours.read("22:00-07:00"),
        QuietHours.read,
        "免打扰时段，按 BOT_TIMEZONE：提醒不发，通知要注明加急才发；预警不受影响；不要就写 00:00-00:00",
    )
    phones: Phones = _setting(
        Phones(), Phones.read, "本地电话，分号分隔，例如 指挥部:8125266;发热门诊:0745-8125266；写进发热提示和“谁值班”"
    )
    high_risk_test_days: int = _setting(
        7, _count, "高风险岗位人员隔多少天没有核酸结果算超期；方案只写“高频次”，没有写天数"
    )
    document_mb: int = _setting(20, _count, "导入的政策文件最大多少 MB")
    question_days: int = _setting(180, _count, "没答上、没帮上的问题保留多少天，到期自动删除")
    record_days: int = _setting(365, _count, "打卡和申报记录、已处理完的预警、已结束的随访保留多少天，到期自动删除")
    message_days: int = _setting(60, _count, "已发出的消息保留多少天，到期自动删除")
    demo: bool = _setting(False, _flag, "演示模式：载入演示人员与地点，生产环境必须关闭")
    demo_public: bool = _setting(False, _flag, "允许演示模式监听本机以外的地址")
    rest_token: str = _setting("", str, "REST 接口与 /metrics 的访问令牌；未设置时只在演示模式下接受本机访问")
    https: bool = _setting(False, _flag, "聊天页经 HTTPS 反向代理对外提供时设为 1，身份凭据只走 HTTPS")
    public_url: str = _setting(
        "",
        _web_address,
        "从外面打开本服务的网址，例如 https://chat.example.cn；发到聊天页以外的文件链接以它开头，留空用监听地址和端口",
    )
    allowed_hosts: tuple[str, ...] = _setting(
        (),
        lambda text: tuple(h.strip() for h in text.split(",") if h.strip()),
        "允许的 Host 名称，逗号分隔；本机名称总是允许",
    )
    content_dir: Path = _setting(Path("nlu_data"), Path, "内容目录：知识条目、流程、语料、词典")
    model: str = _setting("models", str, "Rasa 模型文件或目录")
    train_delay: float = _setting(20.0, _seconds, "工作人员改了问法后，安静多少秒才开始后台训练")
    most_a_day: int = _setting(
        20, _count, "每人每天最多主动发到微信、企业微信的提醒和通知条数，多的第二天再发；预警不受限制"
    )
    spool_most: int = _setting(
        200_000, _count, "数据库或 Redis 中断时，最多在本机暂存多少条微信、企业微信的消息，恢复后自动办理"
    )
    wechat_appid: str = _setting("", str, "公众号的 AppID；和 BOT_WECHAT_TOKEN 都填了才开通 /wechat")
    wechat_secret: str = _setting("", str, "公众号的 AppSecret")
    wechat_token: str = _setting("", str, "公众号服务器配置里的 Token")
    wechat_aes_key: tuple[str, ...] = _setting(
        (), _aes_keys, "公众号的 EncodingAESKey；换密钥时写“新的,旧的”；填了就只收加密的消息"
    )
    wechat_mode: str = _setting(
        "", _wechat_mode, "公众号的消息加解密方式 plain、compatible 或 safe；留空则有 EncodingAESKey 就是 safe"
    )
    wechat_api_base: str = _setting("https://api.weixin.qq.com", _web_address, "公众号接口地址")
    wechat_certified: bool = _setting(True, _flag, "公众号已认证（可以发客服消息）；没有认证写 0")
    wechat_hold: float = _setting(4.5, _seconds, "公众号最后一次投递时，最多等多少秒再改用客服消息；要小于 5")
    wechat_deliveries: int = _setting(3, _count, "公众号同一条消息最多投递几次")
    wechat_templates: tuple[TemplateSetting, ...] = _setting(
        (), _templates, "48小时以外用的模板消息，例如 alert:模板编号:thing1={text},time2={time}，多个用分号隔开"
    )
    wechat_notices: tuple[TemplateSetting, ...] = _setting((), _templates, "订阅通知的模板，写法同上")
    wechat_quotas: tuple[QuotaSetting, ...] = _setting(
        (),
        _quotas,
        "公众号各种消息的发送上限，方式是 custom（客服消息）、template（模板消息）、subscribe（订阅通知），周期是 日 或 月；"
        "留空是 custom:500000/日;template:100000/日",
    )
    wechat_login_base: str = _setting("https://open.weixin.qq.com", _web_address, "微信网页授权的地址")
    wecom_corpid: str = _setting("", str, "企业微信的企业ID；和 BOT_WECOM_TOKEN 都填了才开通 /wecom")
    wecom_agentid: int = _setting(0, int, "企业微信自建应用的 AgentId")
    wecom_secret: str = _setting("", str, "企业微信自建应用的 Secret")
    wecom_token: str = _setting("", str, "企业微信应用“接收消息”里的 Token")
    wecom_aes_key: tuple[str, ...] = _setting(
        (), _aes_keys, "企业微信应用“接收消息”里的 EncodingAESKey；换密钥时写“新的,旧的”"
    )
    wecom_api_base: str = _setting("https://qyapi.weixin.qq.com", _web_address, "企业微信接口地址")
    wecom_quotas: tuple[QuotaSetting, ...] = _setting(
        (), _quotas, "企业微信应用消息的发送上限，写法同上，方式是 app；企业微信的规定是账号上限数×200/日"
    )
    wecom_markdown: bool = _setting(
        False, _flag, "企业微信通知用 markdown 排版；成员在微信插件里看不到 markdown，都用企业微信客户端时才写 1"
    )
    action_url: str = _setting("", str, "外部动作服务器地址（rasa run actions）；留空则在本进程内执行动作")

    @property
    def calling_channels(self) -> tuple[str, ...]:
        """The channels whose platforms we call to send; the others fetch."""
        return (*(("wechat",) if self.wechat_token else ()), *(("wecom",) if self.wecom_token else ()))

    @property
    def embedded_database(self) -> bool:
        """Whether the PostgreSQL of `data_dir` is used."""
        return not self.database_url

    @property
    def embedded_redis(self) -> bool:
        """Whether the Redis of `data_dir` is used."""
        return not self.redis_url


def load_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Reads and checks all settings.

    Raises:
        SettingsError: a value cannot be read, or two do not go together.
    """
    given: dict[str, Any] = {}
    for setting in fields(Settings):
        variable = f"BOT_{setting.name.upper()}"
        text = environment.get(variable, "").strip()
        if not text:
            continue
        try:
            given[setting.name] = setting.metadata["read"](text)
        except (ValueError, KeyError, OSError) as error:
            raise SettingsError(f"{variable}={text!r} 无法使用：{error}（{setting.metadata['help']}）") from error
    settings = Settings(**given)
    _check(settings)
    return settings


def _check(settings: Settings) -> None:
    if settings.demo:
        if settings.database_url:
            raise SettingsError("BOT_DEMO=1 不能与 BOT_DATABASE_URL 同时使用：演示数据不得写入外部数据库。")
        if settings.host not in ("127.0.0.1", "localhost", "::1") and not settings.demo_public:
            raise SettingsError("BOT_DEMO=1 只监听本机；确需对外演示，请另设 BOT_DEMO_PUBLIC=1。")
    elif not settings.secret_key:
        raise SettingsError("请设置 BOT_SECRET_KEY（至少 32 个字符，例如 openssl rand -hex 32），用于加密个人信息。")
    _check_wechat(settings)
    _check_wecom(settings)
    if settings.secret_key and len(settings.secret_key) < 32:
        raise SettingsError("BOT_SECRET_KEY 太短，至少 32 个字符。")


def _check_wechat(settings: Settings) -> None:
    if not (settings.wechat_appid or settings.wechat_token):
        return
    for name in ("wechat_appid", "wechat_secret", "wechat_token"):
        if not getattr(settings, name):
            raise SettingsError(f"请设置 BOT_{name.upper()}：开通公众号要同时有 AppID、AppSecret 和 Token。")
    if settings.wechat_mode in ("compatible", "safe") and not settings.wechat_aes_key:
        raise SettingsError(f"BOT_WECHAT_MODE={settings.wechat_mode} 要有 BOT_WECHAT_AES_KEY。")
    if settings.wechat_mode == "plain" and settings.wechat_aes_key:
        raise SettingsError(
            "BOT_WECHAT_MODE=plain 时请去掉 BOT_WECHAT_AES_KEY：明文消息可以伪造，有密钥就应当用安全模式。"
        )
    if not 0 < settings.wechat_hold < 5:
        raise SettingsError("BOT_WECHAT_HOLD 要大于 0、小于 5：微信只等 5 秒。")


def _check_wecom(settings: Settings) -> None:
    if not (settings.wecom_corpid or settings.wecom_token):
        return
    for name in ("wecom_corpid", "wecom_agentid", "wecom_secret", "wecom_token", "wecom_aes_key"):
        if not getattr(settings, name):
            raise SettingsError(
                f"请设置 BOT_{name.upper()}：开通企业微信要同时有企业ID、AgentId、Secret、Token 和 EncodingAESKey。"
            )


def describe_settings() -> str:
    """The list of settings with default and help line, as docs/settings.md and `python -m bot settings` show it."""
    lines = ["| 变量 | 默认 | 说明 |", "|---|---|---|"]
    for setting in fields(Settings):
        default = "" if setting.default in ("", ()) else str(setting.default)
        if setting.default is False:
            default = "0"
        lines.append(f"| `BOT_{setting.name.upper()}` | {default} | {setting.metadata['help']} |")
    return "\n".join(lines)
