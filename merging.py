"""Two tabs with the same form: what each of them changed is kept, and only the same field is asked about."""

import hashlib
import json
from typing import Any

from flask import request
from markupsafe import Markup
from wtforms.fields import FileField, HiddenField

from forms import Form


class Merging(Form):
    """A form filled from a row (`obj`, `data`) that may be changed elsewhere before it is sent.

    It carries a mark of every value it came with (`was`, written by ui.form_errors). A field that its person
    left alone takes what the row holds by now; one that both changed is refused. Sent again, it overwrites.
    """

    clashes = False

    def was(self) -> Markup:
        """Write the marks of the row as it is now."""
        marks = (_mark(field.name, _stored(field)) for field in self._kept())
        return Markup().join(Markup('<input type="hidden" name="was" value="{}">').format(m) for m in marks)

    def validate(self, extra_validators: Any = None) -> bool:
        """As Form.validate does, after merging what was saved elsewhere."""
        clashing = self._merge()
        fine = super().validate(extra_validators)
        for field, stored in clashing:
            said = ", ".join(map(str, stored)) if isinstance(stored, list) else stored
            sentence = f"Saved elsewhere meanwhile as “{said or ''}”. Send it again to keep yours."
            field.errors = [*field.errors, sentence]
        self.clashes = bool(clashing)
        return fine and not clashing

    @property
    def status(self) -> int:
        """As Form.status says; 409 when somebody else saved the same field."""
        return 409 if self.clashes else super().status

    def _merge(self) -> list[tuple[Any, Any]]:
        came_with = set(request.form.getlist("was"))
        clashing = []
        for field in self._kept() if came_with else []:
            stored, name = _stored(field), field.name
            if _mark(name, stored) in came_with or _mark(name, stored) == _mark(name, field.data):
                continue
            is_wrong = bool(field.process_errors) and any(field.raw_data or ())
            if _mark(name, field.data) in came_with and not is_wrong:
                field.data, field.raw_data, field.process_errors = stored, None, []
                field.raw_data = [field._value()] if hasattr(field, "_value") else [stored]
            else:
                clashing.append((field, stored))
        return clashing

    def _kept(self) -> list[Any]:
        return [field for field in self if not isinstance(field, HiddenField | FileField)]


def _stored(field: Any) -> Any:
    """The value of the row as the form would show it."""
    typed = field.data
    field.process_data(field.object_data)
    stored = field.data
    for clean in field.filters:
        stored = clean(stored)
    field.data = typed
    return stored


def _mark(name: str, value: Any) -> str:
    said = json.dumps(value, default=str) if value not in (None, "", [], False) else ""
    return hashlib.blake2b(f"{name} {said}".encode(), digest_size=16).hexdigest()
