"""Call a verb and commit, or roll back and show the refusal where the person can act on it.

  with Attempt(form) as attempt:
      made = categories.add(form.wish(), acting())
      attempt.say(f"“{made.name}” is added.")
      return hypermedia.see_other(url_for("admin.categories"))
  return hypermedia.render("admin/categories.html", status=form.status, form=form)

What follows the block is reached after a refusal alone. Rolling back expires every row that was loaded: a
page that shows relations of theirs loads them again.
"""

from types import TracebackType
from typing import Self

from domain import Refused
from models import db
from web import hypermedia
from web.forms import Form


class Attempt:
    """One action of a request: commits when its block is left, rolls back when the block raises Refused.

    The refusal is shown by `form`, beside the field it names or else beside `field`; without a form as a
    toast. A `silent` one is left to the route, in `refusal`.
    """

    def __init__(self, form: Form | None = None, field: str = "", silent: bool = False) -> None:
        self.refusal: Refused | None = None
        self._form, self._field, self._silent = form, field, silent
        self._said: list[tuple[str, str]] = []

    @property
    def sentence(self) -> str:
        """Return what the refusal says; "" without one."""
        return self.refusal.sentence if self.refusal is not None else ""

    def say(self, sentence: str, tone: str = "good") -> None:
        """Show `sentence` as a toast once the action is committed."""
        self._said.append((sentence, tone))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> bool:
        if error is None:
            db.session.commit()
            for sentence, tone in self._said:
                hypermedia.toast(sentence, tone)
        elif isinstance(error, Refused):
            db.session.rollback()
            self.refusal = error
            self._show(error)
            return True
        return False

    def _show(self, refusal: Refused) -> None:
        if self._form is not None:
            self._form.refuse(refusal, self._field)
        elif not self._silent:
            hypermedia.toast(refusal.sentence, "warn")
