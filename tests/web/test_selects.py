"""Lists to choose from."""

from typing import Any

import pytest
import wtforms
from markupsafe import Markup
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs

from web.forms import SelectField

CHOICES = [
    SelectChoice("1", "One & only"),
    SelectChoice('<"2">', "<b>"),
    SelectChoice("3", Markup("<b>")),  # the same text, and another label
    SelectChoice("", "None"),
    SelectChoice("4", ""),
    SelectChoice("5", "Five", render_kw={"disabled": True}),
    SelectChoice("6", "Six", optgroup="Many"),
]


@pytest.mark.parametrize("chosen", ["1", '<"2">', "", None])
def test_options_are_rendered_as_the_library_does(chosen: Any) -> None:
    class Ours(wtforms.Form):
        field = SelectField("Field", choices=CHOICES)

    class Theirs(wtforms.Form):
        field = wtforms.SelectField("Field", choices=CHOICES)

    for _ in range(2):  # the second time they are remembered
        assert Ours(data={"field": chosen}).field() == Theirs(data={"field": chosen}).field()
