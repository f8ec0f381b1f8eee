"""No form shows what is stored and writes over what another tab saved meanwhile: it is a MergingForm."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.web.test_merging import TABS
from web import forms
from web.merging import MergingForm

BLUEPRINTS = Path(__file__).resolve().parents[2] / "blueprints"
# Forms that are filled and aren't a MergingForm, with the reason.
FILLED = {
    "LessonForm": "compares versions and keeps what is typed (domain/authoring/lesson_drafts.py)",
    "ApplicationForm": "sends something new; what it begins with stays as it is",
    "DraftMarkForm": "is a button alone, with the mark of what it discards",
    "RestoreForm": "begins with a tick that nobody has saved",
    "WithdrawalForm": "declares something new; it begins with the person's own name and address",
    "CountryForm": "opens an account that isn't there yet; it begins with the country of the address",
    "SendForm": "sends the version that was read, and is refused when there is a newer one",
    "ReportForm": "is told which words it is about, and shows nothing stored",
}


def test_what_comes_filled_from_a_row_is_merged() -> None:
    unmerged = {name for name in _filled() if not issubclass(_forms()[name], MergingForm)}
    assert unmerged == set(FILLED)


def _forms() -> dict[str, type]:
    def below(form: type) -> set[type]:
        return {form}.union(*map(below, form.__subclasses__()))

    return {form.__name__: form for form in below(forms.Form)}


def _filled() -> Iterator[str]:
    """The names of the forms that are made with something to show, by whatever name it is given."""
    made_by = {"entry_form": "AccessForm"}
    for file in BLUEPRINTS.rglob("*.py"):
        tree = ast.parse(file.read_text())
        inside = {
            id(call): kind.name
            for kind in ast.walk(tree)
            if isinstance(kind, ast.ClassDef)
            for call in ast.walk(kind)
            if isinstance(call, ast.Call)
        }
        for call in ast.walk(tree):
            if not isinstance(call, ast.Call):
                continue
            named = call.func
            if isinstance(named, ast.Call):
                named = named.func
            name = named.id if isinstance(named, ast.Name) else ""
            if isinstance(named, ast.Attribute) and named.attr == "__init__" or name == "cls":
                name = inside.get(id(call), "")
            name = made_by.get(name, name)
            given = {keyword.arg for keyword in call.keywords} - {None, "formdata", "prefix", "meta"}
            if given and name in _forms():
                yield name


def test_every_merging_form_is_tried_with_two_tabs() -> None:
    tried = {tab.form for tab in TABS}
    everywhere = {
        name for name, form in _forms().items() if issubclass(form, MergingForm) and form is not MergingForm
    }
    assert everywhere - {"ModulesAccessForm"} == tried
