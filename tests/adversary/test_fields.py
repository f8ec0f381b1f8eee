"""Every field of every form by itself: whatever is typed, it is taken or refused, and shown again as text."""

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


@pytest.mark.once
def test_every_kind_of_field_takes_every_text(app: Flask) -> None:
    tried: set[str] = set()
    with app.test_request_context():
        for form in every_form():
            unbound = {name: field for name, field in vars(form).items() if hasattr(field, "field_class")}
            own: Any = type("Own", (forms.Form,), unbound)
            for text in (*TEXTS, NOT_UTF8):
                typed = MultiDict((name, text) for name in unbound)
                made = own(formdata=typed, meta={"csrf": False})
                for field in made:
                    if getattr(field, "choices", ()) is None:
                        field.choices = [("a", "A")]
                made.validate()
                shown = "".join(str(field()) for field in made)
                assert SCRIPT not in shown, form
                assert "<img src=x" not in shown, form
                tried |= {field.type for field in made}
    assert len(tried) > 10
