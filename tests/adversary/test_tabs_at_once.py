"""Two tabs send the same form at the same moment: neither takes back what the other saves."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Select, event
from sqlalchemy.engine import Engine
from sqlalchemy.sql.selectable import ForUpdateArg

from models import User
from tables import base
from tests.cast import Cast
from tests.house.stage import fill
from tests.web.test_merging import TABS, Tab, filled
from web.merging import MergingForm

SignedIn = Callable[[User], FlaskClient]
CHANGING = [pytest.param(tab, id=f"{tab.form}-{number}") for number, tab in enumerate(TABS) if tab.first]
CHANGING_TWO = [param for param in CHANGING if param.values[0].second]  # type: ignore[union-attr]
OTHERS = {"price": "21", "visibility": "private", "primary_color": "#7c2d12", "role": "admin"}


@pytest.fixture
def without_lock(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No row lock on PostgreSQL; on SQLite no transaction, as its driver has it when left alone."""
    monkeypatch.setattr(Select, "with_for_update", lambda self, **_: self)
    monkeypatch.setattr(ForUpdateArg, "_from_argument", lambda _: None)
    event.remove(Engine, "begin", base._begin_sqlite)
    yield
    event.listen(Engine, "begin", base._begin_sqlite)


@pytest.fixture
def meeting(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let two whose form was found right wait for each other before they save; who is alone waits in vain."""
    met, real = threading.Barrier(2), MergingForm.validate
    patience = 10 if "without_lock" in request.fixturenames else 0.7

    def validate(form: MergingForm, extra_validators: Any = None) -> bool:
        fine = real(form, extra_validators)
        with suppress(threading.BrokenBarrierError):
            met.wait(patience)
        return fine

    monkeypatch.setattr(MergingForm, "validate", validate)


class Two:
    """A form that is open in two tabs of one person."""

    def __init__(self, app: Flask, cast: Cast, signed_in: SignedIn, tab: Tab) -> None:
        words = {**fill(app, cast), "text_lesson": str(cast.text_lesson.id)}
        self.tabs = [signed_in(getattr(cast, tab.who)) for _ in range(2)]
        self.page, self.action = tab.page.format(**words), (tab.action or tab.page).format(**words)
        self.came = self.now()

    def now(self) -> dict[str, Any]:
        return filled(self.tabs[0].get(self.page).text, self.action)

    def send(self, *changes: dict[str, str]) -> list[int]:
        """Send one change from each tab at once; answer what they were told."""
        with ThreadPoolExecutor(2) as pool:
            answers = pool.map(
                lambda tab, change: tab.post(self.action, data={**self.came, **change}), self.tabs, changes
            )
            return sorted(answer.status_code for answer in answers)


def both_ways(tab: Tab) -> tuple[dict[str, str], dict[str, str]]:
    name, value = next(iter(tab.first.items()))
    return {name: value}, {name: OTHERS.get(name, f"{value}1")}


@pytest.mark.parametrize("tab", CHANGING)
def test_of_two_who_change_the_same_field_one_is_asked(
    app: Flask, cast: Cast, signed_in: SignedIn, tab: Tab, meeting: None
) -> None:
    two, changes = Two(app, cast, signed_in, tab), both_ways(tab)
    assert two.send(*changes) in ([302, 409], [303, 409])
    assert any({**(now := two.now()), **change} == now for change in changes)


@pytest.mark.parametrize("tab", CHANGING_TWO)
def test_two_who_change_different_fields_both_keep_theirs(
    app: Flask, cast: Cast, signed_in: SignedIn, tab: Tab, meeting: None
) -> None:
    two = Two(app, cast, signed_in, tab)
    assert two.send(tab.first, tab.second) in ([302, 302], [303, 303])
    now = two.now()
    assert {**now, **tab.first, **tab.second} == now


# Two who take away the same row are only warned of outside of tests.
@pytest.mark.filterwarnings("ignore:DELETE statement on table:sqlalchemy.exc.SAWarning")
@pytest.mark.parametrize("tab", CHANGING)
def test_without_the_lock_one_is_written_over(
    app: Flask, cast: Cast, signed_in: SignedIn, tab: Tab, meeting: None, without_lock: None
) -> None:
    """Neither is asked. On SQLite the later one may find that it read before the other wrote (503)."""
    sent = Two(app, cast, signed_in, tab).send(*both_ways(tab))
    assert sent[0] in (302, 303)
    assert sent[1] in (302, 303, 503)
