"""The form of a template card (protocol section 3.5)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from tests.platforms.errors import ApiError
from tests.platforms.readable import lines

INTERACTIVE = ("button_interaction", "vote_interaction", "multiple_interaction")
_TYPES = ("text_notice", "news_notice", *INTERACTIVE)
_TASK_ID = re.compile(r"[0-9A-Za-z_\-@]{1,128}")
_KEY_BYTES = 1_024


def check_card(card: object, *, calls_back: bool) -> dict[str, Any]:
    """The card; raises ApiError for what the platform does not take. `calls_back`: the app has a callback address."""
    if not isinstance(card, dict) or card.get("card_type") not in _TYPES:
        raise ApiError(40058, "template_card.card_type")
    kind = card["card_type"]
    task_id = card.get("task_id")
    needs_answer = kind in INTERACTIVE or "action_menu" in card
    if needs_answer and not calls_back:
        raise ApiError(43012)
    if (needs_answer or task_id) and not (isinstance(task_id, str) and _TASK_ID.fullmatch(task_id)):
        raise ApiError(42014)
    title = card.get("main_title") or {}
    if not (title.get("title") or (kind == "text_notice" and card.get("sub_title_text"))):
        raise ApiError(41016)
    if kind in ("text_notice", "news_notice"):
        _check_action(card.get("card_action"), required=True)
    elif "card_action" in card:
        _check_action(card["card_action"], required=False)
    if kind == "news_notice" and not (card.get("card_image") or card.get("image_text_area")):
        raise ApiError(40058, "template_card.card_image")
    _check_lists(card)
    if kind == "button_interaction":
        _check_buttons(card.get("button_list"))
    elif kind == "vote_interaction":
        box = card.get("checkbox") or {}
        _check_options(box, 20)
    elif kind == "multiple_interaction":
        selects = card.get("select_list")
        if not isinstance(selects, list) or not 1 <= len(selects) <= 3:
            raise ApiError(40058, "template_card.select_list")
        for select in selects:
            _check_options(select, 10)
    if kind in ("vote_interaction", "multiple_interaction"):
        _check_key(card.get("submit_button") or {})
    if "button_selection" in card:
        _check_options(card["button_selection"], 10)
    return card


def _check_action(action: object, *, required: bool) -> None:
    if not isinstance(action, dict) or action.get("type") not in ((1, 2) if required else (0, 1, 2)):
        raise ApiError(40058, "template_card.card_action")
    if action["type"] == 1 and urlsplit(str(action.get("url", ""))).scheme not in ("http", "https"):
        raise ApiError(40058, "template_card.card_action.url")
    if action["type"] == 2 and not action.get("appid"):
        raise ApiError(40058, "template_card.card_action.appid")


def _check_lists(card: Mapping[str, Any]) -> None:
    for name, most in (("horizontal_content_list", 6), ("vertical_content_list", 4), ("jump_list", 3)):
        items = card.get(name, [])
        if not isinstance(items, list) or len(items) > most:
            raise ApiError(40058, f"template_card.{name}")
        needed = "keyname" if name == "horizontal_content_list" else "title"
        if not all(isinstance(item, dict) and item.get(needed) for item in items):
            raise ApiError(40058, f"template_card.{name}.{needed}")
    menu = card.get("action_menu")
    if menu is not None:
        actions = menu.get("action_list") if isinstance(menu, dict) else None
        if not isinstance(actions, list) or not 1 <= len(actions) <= 3:
            raise ApiError(40058, "template_card.action_menu")
        for action in actions:
            _check_key(action)


def _check_buttons(buttons: object) -> None:
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= 6:
        raise ApiError(42017)
    keys = []
    for button in buttons:
        if not isinstance(button, dict) or button.get("style", 1) not in (1, 2, 3, 4):
            raise ApiError(42017)
        if button.get("type", 0) == 1:
            if urlsplit(str(button.get("url", ""))).scheme not in ("http", "https"):
                raise ApiError(42017)
        else:
            _check_key(button)
            keys.append(button["key"])
    if len(set(keys)) != len(keys):
        raise ApiError(42018)


def _check_key(button: Mapping[str, Any]) -> None:
    if not isinstance(button.get("text"), str) or not button["text"]:
        raise ApiError(42019)
    if not isinstance(button.get("key"), str) or not 1 <= len(button["key"].encode()) <= _KEY_BYTES:
        raise ApiError(42018)


def _check_options(question: Mapping[str, Any], most: int) -> None:
    options = question.get("option_list") if isinstance(question, dict) else None
    if not isinstance(options, list) or not 1 <= len(options) <= most or not question.get("question_key"):
        raise ApiError(40058, "template_card.option_list")
    if not all(option.get("text") and 1 <= len(str(option.get("id", "")).encode()) <= 128 for option in options):
        raise ApiError(40058, "template_card.option_list.id")


def readable_card(card: Mapping[str, Any]) -> str:
    """What can be read on a card, without its buttons."""
    title = card.get("main_title") or {}
    emphasis = card.get("emphasis_content") or {}
    quote = card.get("quote_area") or {}
    pairs = [f"{item.get('keyname')}：{item.get('value', '')}" for item in card.get("horizontal_content_list", [])]
    longer = [lines(item.get("title"), item.get("desc")) for item in card.get("vertical_content_list", [])]
    return lines(
        (card.get("source") or {}).get("desc"),
        title.get("title"),
        title.get("desc"),
        emphasis.get("title"),
        emphasis.get("desc"),
        quote.get("title"),
        quote.get("quote_text"),
        card.get("sub_title_text"),
        *pairs,
        *longer,
    )
