"""From where a question says that somebody comes."""

from __future__ import annotations

import pytest

from bot.processes.fields.base import Unclear, Wrong
from bot.processes.fields.origin import origins


@pytest.mark.parametrize(
    ("question", "places"),
    [
        ("我从西安回来要隔离吗", ["西安市"]),
        ("西安回来要报备吗", ["西安市"]),
        ("我妈从西安来看我", ["西安市"]),
        ("去西安出差回来要做核酸吗", ["西安市"]),
        ("西安的亲戚来我家要隔离吗", ["西安市"]),
        ("我在西安待了两天今天回来要不要隔离", ["西安市"]),
        ("去过西安要隔离吗", ["西安市"]),
        ("从西安回北京要隔离吗", ["西安市"]),
        ("亲戚从西安、郑州来要隔离吗", ["西安市", "郑州市"]),
        ("从陕西西安雁塔区回来", ["雁塔区"]),
        ("我要去西安要隔离吗", []),
        ("我要去西安、郑州要隔离吗", []),
        ("回西安要隔离吗", []),
        ("我妈来西安看我要隔离吗", []),
        ("没去过西安要隔离吗", []),
        ("外地回来要隔离吗", []),
        ("人力资源这边怎么安排返岗", []),
        ("带班的想知道外地民工回来有没有要求", []),
        ("隔离14天后能直接上街吗", []),
    ],
)
def test_places_that_somebody_comes_from(question: str, places: list[str]) -> None:
    values = [origin.value for origin in origins(question)]
    assert [v["county"] or v["city"] for v in values if isinstance(v, dict)] == places
    assert len(values) == len(places)


@pytest.mark.parametrize(("question", "country"), [("从美国回来要隔离吗", "美国"), ("国外回来隔离几天", "")])
def test_countries(question: str, country: str) -> None:
    (origin,) = origins(question)
    assert isinstance(origin.value, dict)
    assert (origin.value["abroad"], origin.value["country"]) == (True, country)


def test_a_name_of_several_places_is_unclear_and_known_by_its_span() -> None:
    (origin,) = origins("从朝阳区回来要隔离吗")
    assert isinstance(origin.value, Unclear)
    assert (origin.start, origin.end) == (1, 4)
    assert [title for title, _ in origin.value.options] == ["北京市朝阳区", "吉林省长春市朝阳区"]


def test_a_province_is_too_large() -> None:
    (origin,) = origins("从湖北回来要隔离吗")
    assert isinstance(origin.value, Wrong)
