"""A person's name in Chinese characters."""

from __future__ import annotations

import re
from typing import Any

from bot.processes.fields import surnames
from bot.processes.fields.base import Context, FieldType, Filled, NotThis, Reading, Spec, Unclear, Wrong
from bot.processes.normal import normalise

_HAN = "\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003134f"
_PLAIN = re.compile(rf"[{_HAN}]{{2,4}}")
_DOTTED = re.compile(rf"[{_HAN}]{{1,12}}(?:·[{_HAN}]{{1,12}}){{1,4}}")
_LATIN = re.compile(r"[A-Za-z][A-Za-z .'-]{1,19}")
_NAMED = re.compile(
    r"^(?:您好|你好|好的?|嗯|,|\s)*(?:我|他|她|本人|孩子|学生|患者|家长)?(?:的)?"
    r"(?:(?:真实)?姓名|名字|大名|名)?(?:是|叫做?|为|:|\s)+(?P<name>.+)$|^(?:真实)?姓名(?P<after>.+)$"
)
_SURE_SIGN = re.compile(r"我(?:的名字)?叫|姓名|名字(?:是|叫|:)|我的名字")
_EXPLICIT = re.compile(r"叫|姓名|名字|名是")
_END = re.compile(r"[\s。,.!;~]+$|(?<=.{2})(?:啊|呀|哈|哦|呢|谢谢)$")
# Characters that common talk has and a name as good as never has.
_TALK = re.compile("[的吗呢吧我你您他她它们没这那哪么怎啥谁嘛哦啊]")
_TITLED = re.compile(
    r".(?:大爷|大妈|大叔|大娘|叔叔?|阿姨|爷爷|奶奶|老师|先生|女士|师傅|主任|经理|医生|书记|老板|总|哥|姐|嫂|婶|了)$"
)
_WORDS = frozenset(
    """
    没有 没得 不是 不要 不用 不行 好的 好吧 好了 可以 是的 对的 没错 知道 收到 明白 谢谢 多谢 感谢 再见 你好 您好 在吗 早上 上午 中午 下午 晚上
    打卡 取消 退出 确认 确定 提交 修改 更正 重填 重来 重新 返回 继续 帮助 菜单 人工 转人工 客服 结束 停止 完成 开始 跳过 下一步 上一步 不填
    上报 报备 申报 填报 健康 正常 异常 体温 发烧 发热 咳嗽 绿码 黄码 红码 核酸 疫苗 隔离 口罩 阴性 阳性 症状 一切正常 都正常 没症状 无症状
    今天 昨天 前天 明天 后天 现在 刚才 时间 明早 高铁 火车 飞机 自驾 汽车 大巴 轮船 高烧 低烧 高温 温度 车次 方便 安全 平安 本人 自己 家人
    全家 家里 家长 学生 老师 同学 居民 员工 村民 业主 租客 孩子 儿子 女儿 爸爸 妈妈 父亲 母亲 爷爷 奶奶 外婆 外公 老公 老婆 丈夫 妻子 本地
    外地 老家 回来 回家 返乡 返校 返岗 请假 上班 上学 申请 审批 咨询 问题 政策 通知 消息 同上 一样 同意 愿意 应该 全部 部分 都好 都是 都有
    别人 别的 常见 常住 高兴 高中 初中 小学 大学 成功 连接 边上 相同 于是 向前 向左 向右 元旦 国庆 程序 项目 游客 水果 金额 喜欢 计划 管理 班级
    班主任 曾经 安排 安静 白天 包括 包车 常常 方式 方法 单位 单元 房间 房东 费用 高速 关于 关闭 何时 何地 后面 花园 华氏 黄色 红色 绿色 计算
    纪念 简单 江边 解除 经常 经过 空白 乐意 冷静 离开 历史 连续 路上 路过 满意 毛病 农历 平时 齐全 强制 钱包 任何 任务 容易 山上 商店 生病 时候
    史上 双方 水电 司机 宋体 孙子 唐突 田里 童年 万一 王者 危险 温馨 文明 文件 务工 夏天 相关 谢了 辛苦 熊猫 徐徐 严重 严格 阳光 姚明 叶子 易懂
    应急 游泳 有事 有点 余额 于今 元宵 原因 云南 张开 章程 赵姐 郑重 支付 钟头 周一 周二 周三 周四 周五 周六 周日 周末 朱红 祝好 左右 未知 不详
    无 暂无 保密 匿名 忘了 忘记 不知道 不清楚 不想说 不告诉 随便 哈哈 呵呵 嗯嗯 喂喂 测试 是我 就是 什么 谁啊 姓名 名字 大名 真名 名称 称呼
    """.split()
)
_EXAMPLE = "请输入姓名，例如：王小明"


class PersonName(FieldType):
    """Value: the name, 2 to 20 characters."""

    name = "person_name"
    example = "王小明"

    def read(self, text: str, spec: Spec, context: Context) -> Reading:
        said = normalise(text).strip(" 。,.!;~\"'()")
        named = _NAMED.match(said)
        name = ((named["name"] or named["after"]) if named else said).strip(" :,是")
        while _END.search(name):
            name = _END.sub("", name)
        explicit = bool(named and _EXPLICIT.search(said[: said.index(name)] if name in said else said))
        name = re.sub(r"\(.*", "", name).strip()
        parted = name.split(" ")
        spaced = "".join(parted) if surnames.is_surname(parted[0]) else name
        followed = re.match(rf"([{_HAN}]{{2,4}})[\s,:、]", name)
        # offered only where the button itself reads as a name (都吗 does not)
        if (
            followed
            and followed[1] not in _WORDS
            and surnames.begins(followed[1])
            and isinstance(self.read(f"姓名：{followed[1]}", spec, context), Filled)
        ):
            return _confirm(followed[1])
        if re.search(r"[0-9]", name):
            return Wrong(f"姓名里不应有数字，{_EXAMPLE}")
        if name in _WORDS or spaced in _WORDS:
            return Wrong(f"“{name[:6]}”不像姓名，{_EXAMPLE}")
        if _DOTTED.fullmatch(spaced):
            return Filled(spaced) if len(spaced) <= 20 else Wrong(f"姓名太长了，最多 20 个字，{_EXAMPLE}")
        if _PLAIN.fullmatch(spaced):
            return self._plain(spaced, explicit)
        if _LATIN.fullmatch(name):
            return Filled(name) if explicit else _confirm(name)
        if explicit or re.fullmatch(rf"[{_HAN}]", name):
            return Wrong(f"没有读到姓名（2 到 4 个汉字），{_EXAMPLE}")
        return NotThis()

    def spot(self, text: str, spec: Spec, context: Context) -> Reading:
        said = normalise(text)
        if not _SURE_SIGN.match(said):
            return NotThis()
        reading = self.read(text, spec, context)
        return reading if isinstance(reading, Filled) else NotThis()

    def show(self, value: Any, spec: Spec) -> str:
        return str(value)

    def mask(self, value: Any, spec: Spec) -> str:
        name = str(value)
        return name[:1] + "*" * min(max(len(name) - 1, 1), 2)

    def _plain(self, name: str, explicit: bool) -> Reading:
        if _TALK.search(name):
            return Wrong(f"“{name}”不像姓名，{_EXAMPLE}") if explicit else NotThis()
        known = surnames.begins(name) and not surnames.place_like(name) and not _TITLED.search(name)
        if explicit or known:
            return Filled(name)
        return _confirm(name)


def _confirm(name: str) -> Unclear:
    return Unclear(f"您的姓名是“{name}”吗？不是的话请重新输入，例如：王小明", ((f"是，{name}", f"姓名：{name}"),))


PERSON_NAME = PersonName()
