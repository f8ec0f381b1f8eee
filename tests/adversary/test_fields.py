"""Every field of every form by itself: whatever is typed, it is taken or refused, and shown again as text."""

import inspect
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from werkzeug.datastructures import MultiDict

from tests.adversary.hostile import SCRIPT, TEXTS
from web import forms

NOT_UTF8 = b"\xed\xa0\x80\xff".decode(errors="replace")


def every_form() -> Iterator[type[forms.Form]]:
    """Give the forms of the site."""
    waiting: list[type[forms.Form]] = [forms.Form]
    while waiting:
        form = waiting.pop()
        waiting += form.__subclasses__()
        if form.__module__.startswith("blueprints."):
            yield form


def takes_no_arguments(form: type[forms.Form]) -> bool:
    """Whether the form itself can be made from nothing but what was typed."""
    try:
        inspect.signature(form.__init__).bind(None, formdata=None, meta=None)
    except TypeError:
        return False
    return True


@pytest.mark.once
def test_every_kind_of_field_takes_every_text(app: Flask) -> None:
    tried, as_they_are = set[str](), set[type[forms.Form]]()
    with app.test_request_context():
        for form in every_form():
            unbound = {
                name: field
                for name, field in inspect.getmembers_static(form)
                if hasattr(field, "field_class")
            }
            made_of: Any = form
            if not takes_no_arguments(form):
                made_of = type("Own", (forms.Form,), {**unbound, "currency": "usd"})
            as_they_are |= {made_of} & {form}
            for text in (*TEXTS, NOT_UTF8):
                typed = MultiDict((name, text) for name in unbound)
                made = made_of(formdata=typed, meta={"csrf": False})
                for field in made:
                    if getattr(field, "choices", ()) is None:
                        field.choices = [("a", "A")]
                made.validate()
                shown = "".join(str(field()) for field in made)
                assert SCRIPT not in shown, form
                assert "<img src=x" not in shown, form
                tried |= {field.type for field in made}
    assert len(tried) > 10
    assert len(as_they_are) > 35, "with what each form checks itself"
