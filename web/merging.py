"""Three-way merge of forms: two tabs or people may save the same row, and only the same field conflicts."""

import hashlib
import json
from typing import Any

from flask import request
from markupsafe import Markup
from wtforms.fields import (
    BooleanField,
    FileField,
    HiddenField,
    RadioField,
    SelectField,
    SelectMultipleField,
)

from web.forms import Form

SHORT = 80  # most characters of a value quoted in an error; a longer one is shown in a box


class MergingForm(Form):
    """A form filled from a row (`obj`, `data`) that may be changed elsewhere before it is sent.

    It carries a hash of every value it was rendered with (`was`, written by ui.form_errors). A field that its
    person left unchanged, or that their page didn't have, takes the stored value; one that both changed is
    refused with the stored value (409). Sent again, it overwrites. Check boxes of a group merge one by one.
    """

    clashes = False

    def was(self) -> Markup:
        """Render the hashes of the row's present values as the options of a hidden list."""
        return _hidden([mark for field in self._kept() for mark in _marks(field)])

    def validate(self, extra_validators: Any = None) -> bool:
        """Validate as Form does, after merging what was saved elsewhere."""
        clashing = self._merge()
        fine = super().validate(extra_validators)
        for field, stored in clashing:
            field.errors = [*field.errors, _sentence(field, stored)]
        self.clashes = bool(clashing)
        return fine and not clashing

    @property
    def status(self) -> int:
        """Return the status as Form does; 409 on a conflict."""
        return 409 if self.clashes else super().status

    def _merge(self) -> list[tuple[Any, Any]]:
        came_with = set(request.form.getlist("was"))
        clashing = []
        for field in self._kept() if came_with else []:
            stored, name = _stored(field), field.name
            if isinstance(field, SelectMultipleField):
                _take(field, _merged(field, stored, came_with))
                continue
            if name not in request.form and not isinstance(field, BooleanField):
                _take(field, stored)
                continue
            if _mark(name, stored) in came_with or _mark(name, stored) == _mark(name, field.data):
                continue
            is_wrong = bool(field.process_errors) and any(field.raw_data or ())
            if _mark(name, field.data) in came_with and not is_wrong:
                _take(field, stored)
            else:
                clashing.append((field, stored))
        return clashing

    def _kept(self) -> list[Any]:
        return [field for field in self if not isinstance(field, HiddenField | FileField)]


class VersionField(HiddenField):
    """A mark of what a page was rendered with, for an optimistic lock.

    Back without scripts sends it only while the page as it is now has the same one (see `_hidden`).
    """

    def __call__(self, **_attributes: Any) -> Markup:
        """Render the mark as the option of a list that nobody sees."""
        return _hidden_list(self.name, [self.data or ""])


def marks(**stored: Any) -> Markup:
    """Render the hashes of fields by name, for a form that is written by hand in a template."""
    return _hidden([_mark(name, value) for name, value in stored.items()])


def _hidden(written: list[str]) -> Markup:
    """Render marks as options of a list that nobody sees.

    Without scripts Back shows what was typed, in the page as it is now. In a list it chooses by its value
    what was chosen before, so no mark of what was changed elsewhere meanwhile is sent. A hidden input
    would say of every field that it came as it is now. The empty mark says that there were marks.
    """
    return Markup('<input type="hidden" name="was" value="">') + _hidden_list("was", written)


def _hidden_list(name: str, values: list[str]) -> Markup:
    options = Markup().join(Markup('<option selected value="{}"></option>').format(value) for value in values)
    return Markup('<select name="{}" multiple hidden>{}</select>').format(name, options)


def _stored(field: Any) -> Any:
    """Return the value of the row as the form would show it."""
    typed = field.data
    field.process_data(field.object_data)
    stored = field.data
    for clean in field.filters:
        stored = clean(stored)
    field.data = typed
    return stored


def _take(field: Any, value: Any) -> None:
    field.data, field.raw_data, field.process_errors = value, None, []
    field.raw_data = [field._value()] if hasattr(field, "_value") else [value]


def _merged(field: SelectMultipleField, stored: Any, came_with: set[str]) -> list[str]:
    """Apply each check box to the stored choices, unless it was changed elsewhere.

    A page of before an upgrade may carry marks of another kind, or none of this field: its boxes all count.
    """
    typed, kept = set(field.data or ()), set(stored or ())
    ticks = _ticks(field, kept)
    if came_with.isdisjoint({*ticks.values(), *_ticks(field, ticks.keys() - kept).values()}):
        return [value for value in ticks if value in typed]
    return [value for value, mark in ticks.items() if value in (typed if mark in came_with else kept)]


def _ticks(field: SelectMultipleField, kept: set[str]) -> dict[str, str]:
    """Return the mark of each choice, checked or not."""
    choices = [str(value) for value, *_ in field.iter_choices()]
    return {value: _mark(field.name, [value, value in kept]) for value in choices}


def _marks(field: Any) -> list[str]:
    stored = _stored(field)
    if isinstance(field, SelectMultipleField):
        return list(_ticks(field, set(stored or ())).values())
    return [_mark(field.name, stored)]


def _mark(name: str, value: Any) -> str:
    said = json.dumps(value, default=str) if value not in (None, "", [], False) else ""
    return hashlib.blake2b(f"{name} {said}".encode(), digest_size=16).hexdigest()


def _sentence(field: Any, stored: Any) -> str:
    """Describe the conflicting stored value; a long text goes into `field.elsewhere`."""
    if isinstance(field, SelectField | RadioField):
        stored = {str(value): label for value, label, *_ in field.iter_choices()}.get(str(stored), stored)
    said = "\n".join(map(str, stored)) if isinstance(stored, list) else str(stored or "")
    if len(said) > SHORT or "\n" in said:
        field.elsewhere = said
        return "This was changed elsewhere; the current version is below. Send yours again to keep it."
    if not said:
        return "This was cleared elsewhere. Send yours again to keep it."
    return f"This was changed elsewhere to “{said}”. Send yours again to keep it."
