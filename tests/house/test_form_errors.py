"""No field shows a sentence of the form library: each has one of ours."""

import ast
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from flask import Flask
from wtforms import Form, fields

from web import forms
from web.form_errors import SENTENCES

pytestmark = pytest.mark.once

# Said to programmers, and never to people.
INTERNAL = {"Invalid field name '%s'.", "Choices cannot be None."}


def _sentences(package: str) -> Iterator[str]:
    """Every constant that the library passes to gettext or ngettext."""
    found = find_spec(package)
    assert found is not None
    assert found.origin is not None
    for file in Path(found.origin).parent.rglob("*.py"):
        for call in ast.walk(ast.parse(file.read_text())):
            if isinstance(call, ast.Call) and getattr(call.func, "attr", "") in ("gettext", "ngettext"):
                for given in call.args:
                    if isinstance(given, ast.Constant) and isinstance(given.value, str):
                        yield given.value


def test_every_sentence_of_the_library_has_one_of_ours() -> None:
    theirs = {*_sentences("wtforms"), *_sentences("flask_wtf")} - INTERNAL
    assert len(theirs) > 30  # so that a library that has moved its sentences isn't taken for silent
    assert theirs == set(SENTENCES)
    assert not theirs & set(SENTENCES.values())


def test_every_form_speaks_our_sentences() -> None:
    def below(form: type) -> set[type]:
        return {form}.union(*map(below, form.__subclasses__()))

    others = {
        form.__name__
        for form in below(Form) - below(forms.Form)
        if form.__module__.startswith(("blueprints.", "web."))
        and not form.__module__.startswith("blueprints.dev.")
        and not issubclass(form, forms.ReusableForm)  # only scripts send those
    }
    assert not others
    assert not [form for form in below(forms.Form) if not issubclass(form.Meta, forms.Form.Meta)]


def test_a_field_that_cant_be_read_says_so_in_our_words(app: Flask) -> None:
    class Every(forms.Form):
        whole = fields.IntegerField()
        decimal = fields.DecimalField()
        day = fields.DateField()
        moment = fields.DateTimeLocalField()
        chosen = fields.RadioField(choices=["a"])
        several = fields.SelectMultipleField(choices=["a"])

    names = ("whole", "decimal", "day", "moment", "chosen", "several")
    with app.test_request_context(method="POST", data=dict.fromkeys(names, "abc")):
        form = Every(meta={"csrf": False})
        assert not form.validate()
        assert {field.name for field in form if field.errors} == set(names)
        said = {sentence for field in form for sentence in field.errors}
        assert {"Enter a whole number.", "Enter a date such as 2026-12-31.", "Choose one of these."} <= said
