"""Chinese surnames, to tell names from other words of two to four characters."""

from __future__ import annotations

_SINGLE = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖萧田董潘袁于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付傅"
    "方白邹孟熊秦邱丘江尹薛闫阎段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤常温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦"
    "俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷盛曲翁冉骆蓝路游辛靳管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤阳时穆农司卓古吉缪简车项连芦麦褚"
    "娄窦戚岑景党宫费卜冷晏席卫米柏宗瞿桂全佟应臧闵苟邬边卞姬师和仇栾隋商刁沙荣巫寇桑郎甄丛仲虞敖巩明佘池查麻苑迟邝官封谈匡鞠惠荆乐冀郁胥南"
    "班储原栗燕楚鄢劳谌奚皮粟冼蔺楼盘满闻位厉伊仝区郜海阚花权强帅屠豆朴盖练廉禹井祖漆巴丰支卿国狄平计索宣晋相初门云容敬来扈晁芮都普阙浦戈伏"
    "鹿薄邸雍辜羊阿乌母裘亓修邰赫杭况那宿鲜印逯隆茹诺战慕危玉银亢嵇公哈湛宾戎勾茅利於呼居揭干但尉冶斯元束檀衣信展阴昝智幸奉植衡富尧闭由泥"
    "水火红贝叱闪"
)
_DOUBLE = frozenset(
    "欧阳 上官 司马 诸葛 皇甫 尉迟 公孙 慕容 令狐 司徒 东方 夏侯 长孙 宇文 端木 西门 南宫 独孤 轩辕 司空 百里 呼延 东郭 拓跋 完颜 申屠 濮阳 淳于 澹台 公冶 "
    "宗政 太史 闻人 钟离 闾丘 公羊 赫连 单于 鲜于 亓官 司寇 巫马 乐正 公西 左丘 纳兰 耶律 第五 阿布 买买".split()
)
# Provinces and well-known cities whose first character is also a surname, so that 江苏 or 海南 is not taken for a person.
_PLACES = tuple(
    "北京 上海 天津 重庆 江苏 江西 浙江 安徽 河南 河北 湖南 湖北 海南 云南 贵州 广东 广西 甘肃 宁夏 吉林 黑龙江 辽宁 山东 山西 陕西 四川 福建 青海 新疆 西藏 "
    "武汉 武威 安康 安阳 安庆 安顺 黄山 黄石 黄冈 金华 金昌 徐州 郑州 温州 常州 常德 海口 南京 南昌 南宁 南通 成都 石家庄 平凉 平顶山 连云港 盘锦 荆州 荆门 "
    "邢台 吉安 乐山 苏州 梅州 龙岩 莆田 柳州 桂林 明光 宣城 宿州 宿迁 满洲里 秦皇岛 沈阳 马鞍山 景德镇 宁波 宁德 商洛 商丘 洛阳 咸阳 云浮 玉林 玉溪 银川 富平 "
    "麻城 阳泉 和田 乌鲁木齐 哈尔滨 哈密 呼和浩特 巴中 关中 华阴 韩城 兰州 白银 祁县 蒲城 江门 昆明 国外 境外 省外 市内".split()
)


def is_surname(word: str) -> bool:
    """Whether `word` is a surname by itself."""
    return word in _SINGLE or word in _DOUBLE


def begins(name: str) -> bool:
    """Whether `name` is a surname followed by one or two characters; 4 characters need a double surname or two single ones."""
    if len(name) in (3, 4) and name[:2] in _DOUBLE:
        return True
    if len(name) == 4:
        return name[0] in _SINGLE and name[1] in _SINGLE
    return len(name) in (2, 3) and name[0] in _SINGLE


def place_like(name: str) -> bool:
    """Whether `name` is a place's name, or one with something after it: 江苏, 安徽人."""
    return name.startswith(_PLACES)
