"""One form for characters that stand in place of another: look-alikes and traditional characters.

Homophones are not here: they meet in their pinyin (bot/assistant/features.py). A look-alike stands here only if nobody who
asks about prevention means the character itself.
"""

from __future__ import annotations

# The words of the plans and of everyday asking; a character that is simplified already is not named.
_TRADITIONAL = (
    "離碼黃紅綠風險區陽陰測檢體溫發燒熱醫療藥衛門診學課開關廠員車輛飛機鐵鄉鎮縣國內從來嗎麼幾個們這還沒說話請問謝報備證書讓應該對"
    "時間點歲過進運達遠聯係電號長輕處務動勞單場環殺淨潔濕氣廁廚飯飲館親婦產嬰兒孫爺媽節慶會議團隊組織導領責級層網訊資計劃預護觀監督"
    "舉違規則罰錢費補貼業戶樓棟棄廢傳緊傷愛給約結賓訪遲齊週難現認識記錄買賣幫優異狀況無與為後裡裏嚴確實際極據辦變轉連續絕總統終齡帶掃擴選擇"
)
_SIMPLIFIED = (
    "离码黄红绿风险区阳阴测检体温发烧热医疗药卫门诊学课开关厂员车辆飞机铁乡镇县国内从来吗么几个们这还没说话请问谢报备证书让应该对"
    "时间点岁过进运达远联系电号长轻处务动劳单场环杀净洁湿气厕厨饭饮馆亲妇产婴儿孙爷妈节庆会议团队组织导领责级层网讯资计划预护观监督"
    "举违规则罚钱费补贴业户楼栋弃废传紧伤爱给约结宾访迟齐周难现认识记录买卖帮优异状况无与为后里里严确实际极据办变转连续绝总统终龄带扫扩选择"
)
_LOOKS = str.maketrans(_TRADITIONAL + "囗戸夲査亍ロ", _SIMPLIFIED + "口户本查行口")
# Of these pairs both characters are common: only their company tells which is meant.
_IN_COMPANY = (("自已", "自己"), ("己经", "已经"), ("末成年", "未成年"), ("症侯", "症候"), ("日罩", "口罩"))


def one_form(text: str) -> str:
    """The text with look-alikes and traditional characters replaced."""
    text = text.translate(_LOOKS)
    for seen, meant in _IN_COMPANY:
        text = text.replace(seen, meant)
    return text
