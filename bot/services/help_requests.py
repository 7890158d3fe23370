"""A resident asks for a person: the staff in charge are told."""

from __future__ import annotations

import sqlalchemy as sa

from bot.channels.base import Outgoing
from bot.services import alerts, audit, messages
from bot.services.context import Services
from bot.services.people import Speaker, ensure_person, staff_for
from bot.storage.tables import people


async def ask_for_person(services: Services, speaker: Speaker) -> str:
    """Tells the staff in charge of the speaker, once in ten minutes, and returns what the speaker is told."""
    if speaker.person_id is None and speaker.home is None:
        return "您还没有绑定身份，我找不到负责您的网格员。请发送“绑定 邀请码”，或直接拨打社区电话；情况紧急请拨打120。"
    now = services.local_now()
    async with services.transaction() as connection:
        person_id = await ensure_person(services, connection, speaker, None, None)
        places = speaker.places()
        staff = await staff_for(connection, places, but=person_id)
        where = await alerts.place_name(connection, places[0] if places else None)
        person = (
            await connection.execute(
                sa.select(people.c.name_sealed, people.c.phone_sealed).where(people.c.id == person_id)
            )
        ).one()
        name = services.vault.open(person.name_sealed, "people.name")
        phone = services.vault.open(person.phone_sealed, "people.phone") if person.phone_sealed else "电话未登记"
        # they ask to be called: name and phone go to those in charge of them, and to nobody else
        await audit.note(services, connection, speaker, "person_asked_for", "person", person_id)
        text = f"☎ {name}（{where}，{phone}）请求人工帮助，请联系。\n时间：{now:%m月%d日 %H:%M}"
        for member in staff:
            key = f"help/{person_id}/{now:%Y%m%d%H}{now.minute // 10}/{member}"
            await messages.owe(services, connection, member, Outgoing(text, purpose="alert"), key)
    if speaker.person_id is None:
        await services.redis.delete(f"who:{speaker.account}")
    await messages.announce(services)
    if not staff:
        return "暂时没有登记负责您的工作人员，请直接拨打社区电话；情况紧急请拨打120。"
    return "已经告诉负责您的工作人员，会尽快联系您。情况紧急请拨打120。"
