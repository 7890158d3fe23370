"""A place down to city or county, or a country."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bot.processes.fields import gazetteer
from bot.processes.fields.base import Context, FieldType, Filled, NotThis, Reading, Spec, Unclear, Wrong
from bot.processes.fields.choice import ASKING
from bot.processes.fields.gazetteer import Area, Named
from bot.processes.normal import normalise, strip_invisible

_COUNTRIES = (
    "缅甸 美国 日本 韩国 朝鲜 越南 老挝 泰国 柬埔寨 新加坡 马来西亚 菲律宾 印尼 印度尼西亚 印度 巴基斯坦 孟加拉国 尼泊尔 不丹 斯里兰卡 马尔代夫 蒙古国 俄罗斯 哈萨克斯坦 "
    "乌兹别克斯坦 吉尔吉斯斯坦 塔吉克斯坦 土库曼斯坦 阿富汗 伊朗 伊拉克 沙特阿拉伯 沙特 阿联酋 迪拜 卡塔尔 科威特 以色列 土耳其 埃及 南非 尼日利亚 肯尼亚 埃塞俄比亚 安哥拉 "
    "刚果 坦桑尼亚 加纳 阿尔及利亚 摩洛哥 英国 法国 德国 意大利 西班牙 葡萄牙 荷兰 比利时 瑞士 奥地利 瑞典 挪威 芬兰 丹麦 冰岛 爱尔兰 波兰 捷克 匈牙利 希腊 乌克兰 白俄罗斯 "
    "塞尔维亚 罗马尼亚 保加利亚 加拿大 墨西哥 巴西 阿根廷 智利 秘鲁 古巴 哥伦比亚 委内瑞拉 澳大利亚 澳洲 新西兰 斐济 文莱 东帝汶"
).split()
_ABROAD = re.compile("(?:" + "|".join(sorted(_COUNTRIES, key=len, reverse=True)) + "|境外|国外|海外)(?!族)")
_DENIED = re.compile(
    r"(?:不是|没去过?|没有去过?|没到过?|没有到过?|不在|没在|没回|没有在|未去过?|未到过?|没从|不从|别去)$"
)
_HERE = re.compile(
    r"本地|老家|家里|当地|这里|这边|本市|本县|本村|外地|外省|省外|农村|乡下|小区|村里|学校|单位|工地|厂里|不知道|不清楚|忘"
)
_FROM = re.compile(r"(?:从|由|自|打)\s*$")
_TOWARDS = re.compile(r"(?:回到?|返回?|到达?|来到?|去|往|抵达|前往)\s*$")
_ORIGIN_LABEL = re.compile(r"从|来源|出发|来自|旅居|始发|哪里来|哪来|哪里回|哪回|返回前|途经|出发地|离开")
_TARGET_LABEL = re.compile(r"目的|到达|返回地|前往|去往|去哪|到哪|抵达|目标")
_SURE_BEFORE = re.compile(r"(?:从|在|去过?|到过?|来自|回到?|途经|途径|路过|经过|由|住|位于)\s*$")
_FILLER = re.compile(r"[\s。,.!~:]|刚|我|是|的|了|人|过来|回来|来|那边|这边|市区|哦|啊|呢")
# Cities whose short name is also an ordinary word or person's name.
_ORDINARY = frozenset(
    "安康 吉安 大同 白银 中山 朝阳 黄山 东方 安庆 长治 永州 宜春 吉林 海南 安顺 保山 山南 万宁 文昌 六安 德州 泰安 三明 黄石 安阳 武威 平凉".split()
)
# Short names that a city shares with a better-known county: only the whole name tells.
_DOUBTFUL_SHORT = frozenset({"朝阳"})
_EXAMPLE = "例如：陕西省西安市"
MOST_OPTIONS = 6


class Place(FieldType):
    """Value: `text` (as typed), `province`, `city`, `county`, `code` (adcode), `abroad`, `country`; strings but for `abroad`.

    All keys are always there, empty where unknown.
    """

    name = "place"
    example = "陕西省西安市"

    def read(self, text: str, spec: Spec, context: Context) -> Reading:
        said = normalise(text)
        found = _directed(affirmed(said), said, spec)
        abroad = countries(said)
        if len(abroad) + len(found) > 1:
            return _which(found, abroad)
        if abroad:
            return Filled(foreign(text, abroad[0]))
        if not found:
            return _unread(said)
        settled = settle(said, found[0])
        if isinstance(settled, Area):
            return Filled(domestic(text, settled))
        return settled

    def spot(self, text: str, spec: Spec, context: Context) -> Reading:
        said = normalise(text)
        if ASKING.search(said) or re.search(r"没|不|未", said):
            return NotThis()
        abroad = countries(said)
        if abroad and re.search(rf"(?:从|在|去过?|到过?|来自)\s*{abroad[0]}", said):
            return self.read(text, spec, context)
        found = places_in_clause(said)
        if len(found) == 1 and _alone(said, found[0]):
            return self.read(text, spec, context)
        return self.read(text, spec, context) if any(_introduced(said, place) for place in found) else NotThis()

    def show(self, value: Any, spec: Spec) -> str:
        if not isinstance(value, Mapping):
            return str(value)
        if value.get("abroad"):
            return str(value.get("country") or "境外")
        named = "".join(dict.fromkeys(str(value.get(key) or "") for key in ("province", "city", "county")))
        return named or str(value.get("text", ""))

    def mask(self, value: Any, spec: Spec) -> str:
        if not isinstance(value, Mapping):
            return "***"
        if value.get("abroad"):
            return self.show(value, spec)
        return "".join(dict.fromkeys(str(value.get(key) or "") for key in ("province", "city"))) or "***"


def countries(said: str) -> list[str]:
    """The countries (or 境外) that the text affirms, each once."""
    found = [match[0] for match in _ABROAD.finditer(said) if not _DENIED.search(said[: match.start()])]
    named = [one for one in dict.fromkeys(found) if one not in ("境外", "国外", "海外")]
    return named or found[:1]


def places_in_clause(said: str) -> list[Named]:
    """The Chinese places of the text that are no part of a country's name."""
    foreign_spans = [match.span() for match in _ABROAD.finditer(said)]
    return [
        p for p in gazetteer.places_in(said) if all(p.end <= start or p.start >= end for start, end in foreign_spans)
    ]


def affirmed(said: str) -> list[Named]:
    """The places that the text does not deny."""
    return [place for place in places_in_clause(said) if not _DENIED.search(said[: place.start].rstrip())]


def settle(said: str, place: Named) -> Area | Unclear | Wrong:
    """The one area that is meant, or what to ask."""
    areas = _likely(said[place.start : place.end], place)
    if len(areas) > MOST_OPTIONS:
        return Unclear(f"叫这个名字的地方有好几个，请问是哪个省哪个市的？{_EXAMPLE}", ())
    if len(areas) > 1:
        return Unclear(f"叫这个名字的地方不止一个，请问是哪一个？{_EXAMPLE}", options(areas))
    area = areas[0]
    if area.level == 0 and not gazetteer.is_prefecture(area):
        return Wrong(f"请写到{area.name}的哪个市，{_EXAMPLE}")
    return area


def options(areas: tuple[Area, ...]) -> tuple[tuple[str, str], ...]:
    """A button for each area that is small enough to answer with."""
    fit = [area for area in areas if area.level > 0 or gazetteer.is_prefecture(area)]
    return tuple((gazetteer.full_name(area), gazetteer.full_name(area)) for area in fit)


def domestic(text: str, area: Area) -> dict[str, Any]:
    """The value of a place in China."""
    province, city, county = gazetteer.parts(area)
    return _value(text) | {"province": province, "city": city, "county": county, "code": area.code}


def foreign(text: str, country: str) -> dict[str, Any]:
    """The value of a place abroad."""
    named = "" if country in ("境外", "国外", "海外") else country
    return _value(text) | {"abroad": True, "country": named}


def _value(text: str) -> dict[str, Any]:
    empty = dict.fromkeys(("province", "city", "county", "code"), "")
    return {"text": strip_invisible(text)[:80], **empty, "abroad": False, "country": ""}


def _likely(written: str, place: Named) -> tuple[Area, ...]:
    """西安 is the city, although two counties are called 西安区; 朝阳 may be either."""
    if written in _DOUBTFUL_SHORT:
        return tuple(area for area in place.areas if area.level > 0)
    provinces = tuple(area for area in place.areas if area.level == 0)
    cities = tuple(area for area in place.areas if area.level == 1)
    return (not place.full and (provinces or cities)) or place.areas


def _directed(found: list[Named], said: str, spec: Spec) -> list[Named]:
    """Of 从武汉回西安, the place that the field's label asks for."""
    if len(found) != 2:
        return found
    origins = [p for p in found if _FROM.search(said[: p.start])]
    targets = [p for p in found if _TOWARDS.search(said[: p.start])]
    if len(origins) == 1 and len(targets) == 1:
        wants_origin, wants_target = _ORIGIN_LABEL.search(spec.label), _TARGET_LABEL.search(spec.label)
        if bool(wants_origin) != bool(wants_target):
            return origins if wants_origin else targets
    return found


def _which(found: list[Named], abroad: list[str]) -> Unclear:
    named = [(country, country) for country in abroad]
    for place in found:
        named += options(place.areas if place.full or len(place.areas) == 1 else _likely("", place))
    return Unclear(f"您写了几个地方，请问这里填哪一个？{_EXAMPLE}", tuple(dict.fromkeys(named))[:MOST_OPTIONS])


def _unread(said: str) -> Wrong | NotThis:
    if _HERE.search(said):
        return Wrong(f"请写清是哪个省哪个市，{_EXAMPLE}")
    if re.search(r"[省市县区州镇乡村]|从.*(?:来|回)", said) or places_in_clause(said):
        return Wrong(f"没有读懂是哪里，请写省和市，{_EXAMPLE}")
    return NotThis()


def _introduced(said: str, place: Named) -> bool:
    """从西安回来, 在北京市朝阳区: a preposition before a city, or before a name in full."""
    if not _SURE_BEFORE.search(said[: place.start]):
        return False
    return (
        place.full
        or _with_what_it_lies_in(said, place)
        or any(gazetteer.is_prefecture(area) for area in _likely("", place))
    )


def _with_what_it_lies_in(said: str, place: Named) -> bool:
    """西安雁塔区: one county by its whole name, after the name of its city or province."""
    if len(place.areas) != 1:
        return False
    written, county = said[place.start : place.end], place.areas[0].name
    return written.endswith(county) and len(written) > len(county)


def _alone(said: str, place: Named) -> bool:
    """Whether the clause is nothing but the place, and the place is a city or a name in full."""
    written = said[place.start : place.end]
    if _FILLER.sub("", said[: place.start] + said[place.end :]):
        return False
    if written in _ORDINARY:
        return False
    areas = _likely(written, place)
    return any(gazetteer.is_prefecture(a) for a in areas) or (len(areas) == 1 and len(written) > len(areas[0].name))


PLACE = Place()
