"""Two tabs of the same form: neither takes back what the other saved."""

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from models import User
from tests.cast import Cast

SignedIn = Callable[[User], FlaskClient]
MODULE = "/studio/courses/{course}/curriculum/modules/{module}/edit"


@pytest.mark.parametrize(
    ("who", "path", "first", "second"),
    [
        ("bo", "/account", {"name": "Bobby"}, {"bio": "I learn."}),
        ("ada", "/studio/profile", {"years_experience": "7"}, {"headline": "Flask, daily"}),
        ("mo", "/admin/categories/{category}", {"name": "The web"}, {"description": "Pages."}),
        ("mo", "/admin/settings", {"name": "Shop"}, {"hero_title": "Learn here"}),
        ("mo", "/admin/settings/rules", {"platform_fee_percent": "1"}, {"refund_window_days": "9"}),
        ("ada", MODULE, {"title": "Start"}, {"description": "Begin."}),
    ],
)
def test_what_each_tab_changed_is_kept(
    cast: Cast, signed_in: SignedIn, who: str, path: str, first: dict[str, str], second: dict[str, str]
) -> None:
    client = signed_in(getattr(cast, who))
    path = path.format(category=cast.web.id, course=cast.flask_course.id, module=cast.text_lesson.module_id)
    tab = filled(client.get(path).text)
    assert client.post(path, data={**tab, **first}).status_code in (302, 303)
    assert client.post(path, data={**tab, **second}).status_code in (302, 303)
    now = filled(client.get(path).text)
    for name, value in {**first, **second}.items():
        assert now[name] == value
    (name, value) = next(iter(first.items()))
    clash = client.post(path, data={**tab, name: f"{value}1"})
    assert clash.status_code == 409
    assert f"Saved elsewhere meanwhile as “{value}”" in clash.text
    shown = filled(clash.text)
    assert shown[name] == f"{value}1"
    assert client.post(path, data=shown).status_code in (302, 303)
    assert filled(client.get(path).text)[name] == f"{value}1"


def filled(page: str) -> dict[str, object]:
    """What a browser would send of the main form of `page`."""
    form = next(part for part in re.findall(r"<form.*?</form>", page, re.S) if 'name="was"' in part)
    values: dict[str, object] = {"was": re.findall(r'name="was" value="([0-9a-f]{32})"', form)}
    for tag in re.findall(r"<input[^>]*>", form):
        given = dict(re.findall(r'([a-z-]+)="([^"]*)"', tag))
        ticked = given.get("type") not in ("checkbox", "radio") or " checked" in tag
        if ticked and given.get("name") not in (None, "was"):
            values[given["name"]] = given.get("value", "")
    for name, text in re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>\r?\n?(.*?)</textarea>', form, re.S):
        values[name] = text
    for name, options in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', form, re.S):
        chosen = re.search(r'selected value="([^"]*)"', options) or re.search(r'value="([^"]*)"', options)
        values[name] = chosen[1] if chosen else ""
    return values
