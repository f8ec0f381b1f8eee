"""Steps of the editors of courses and bundles, from saving a form to deleting the whole."""

from collections.abc import Callable
from typing import Any

from flask import request
from werkzeug.wrappers import Response

from blueprints.studio.lesson_forms import DraftMarkForm
from blueprints.studio.upload_forms import ThumbnailForm
from domain.authoring import deletion, page_drafts, submission
from domain.authoring.deletion import DeletionOutcome
from domain.catalog import kinds, lifecycle
from domain.catalog.lifecycle import Authored
from models import ProductStatus
from web import hypermedia
from web.actions import Attempt
from web.forms import ButtonForm
from web.merging import MergingForm
from web.signed_in import me


def save(
    form: MergingForm, verb: Callable[[], None], said: Callable[[], str] = lambda: "Saved."
) -> Response | None:
    """Call `verb` and commit if the form was sent and is valid; None when the page has to be rendered.

    A refusal is shown beside its field.
    """
    if not form.validate_on_submit():
        return None
    with Attempt(form) as attempt:
        verb()
        attempt.say(said())
        return hypermedia.see_other(request.path)
    return None


def saved(product: Authored) -> str:
    """Choose the message after saving: pending approval or live."""
    waits = lifecycle.needs_approval(product, me()) and page_drafts.changed(product)
    return "Saved. Submit your changes to publish them." if waits else "Saved."


def pending_context(product: Authored) -> dict[str, Any]:
    """Tell the template whether page changes need approval, and list the pending ones."""
    waits = lifecycle.needs_approval(product, me())
    waiting = page_drafts.waiting(product) if waits else []
    form = DraftMarkForm(formdata=None, data={"draft": page_drafts.mark(product)}) if waiting else None
    return {"waits": waits, "waiting": waiting, "draft_mark": form}


def save_picture(product: Authored, form: ThumbnailForm, page: str) -> Response | None:
    """Save the cover image and lead to `page`; None when the form has to be shown, with what is wrong."""
    if not form.validate_on_submit():
        return None
    with Attempt(form) as attempt:
        page_drafts.set_picture(product, me(), form.picture.data.stream, form.crop)
        waits = lifecycle.needs_approval(product, me())
        attempt.say("Image saved. It’s waiting for approval." if waits else "Image saved.")
        return hypermedia.see_other(page)
    return None


def remove_picture(product: Authored, page: str) -> Response:
    """Remove the cover image, so that the drawn cover is shown again, and lead to `page`."""
    with Attempt() as attempt:
        page_drafts.remove_picture(product, me())
        attempt.say("Image removed.")
    return hypermedia.see_other(page)


def discard(product: Authored, page: str) -> Response:
    """Discard the pending changes of the page and lead to `page`."""
    form = DraftMarkForm()
    with Attempt() as attempt:
        page_drafts.discard(product, me(), form.draft.data or "")
        attempt.say("Changes discarded. The page is back to what everyone sees.")
    return hypermedia.see_other(page)


def submit(product: Authored, form: ButtonForm) -> Response | None:
    """Submit `product` or its update if its button was pressed; None when the page has to be rendered."""
    if not form.validate_on_submit():
        return None
    with Attempt(form) as attempt:
        attempt.say(_put_forward(product))
        return hypermedia.see_other(request.path)
    return None


def withdraw(product: Authored, form: ButtonForm, page: str) -> Response | None:
    """Withdraw a submission from the moderation queue and lead to `page`; None if it is refused."""
    with Attempt(form) as attempt:
        submission.withdraw(product, me())
        attempt.say("Withdrawn. It won’t be reviewed until you submit it again.")
        return hypermedia.see_other(page)
    return None


def archive(product: Authored, page: str) -> Response:
    """Take `product` off sale (archive) and lead to `page`; people who have it keep it."""
    with Attempt() as attempt:
        submission.take_off_sale(product, me())
        attempt.say(f"{kinds.noun(product).capitalize()} archived.")
    return hypermedia.see_other(page)


def delete(product: Authored, page: str, kept: str) -> Response | None:
    """Delete `product` and lead to `page`; None if it is refused. `kept` says what its owners keep."""
    name = kinds.noun(product).capitalize()
    with Attempt(silent=True) as attempt:
        fate = deletion.delete_course(product, me())
        rest = f" People who own it keep {kept}." if fate == DeletionOutcome.HIDDEN else ""
        attempt.say(f"{name} deleted.{rest}")
        return hypermedia.see_other(page)
    return None


def _put_forward(product: Authored) -> str:
    if product.status == ProductStatus.PUBLISHED:
        shown = submission.submit_update(product, me())
        return (
            "Your changes are published."
            if shown
            else "Submitted. Learners see the changes once they’re approved."
        )
    if submission.submit(product, me()):
        return f"Your {kinds.noun(product)} is on sale."
    return "Submitted. We’ll tell you as soon as it’s been reviewed."
