"""Routes to submit a bundle or its update: checklist, moderation state and the reviewers' notes."""

import uuid

from flask import url_for
from werkzeug.wrappers import Response

from blueprints.studio import bp
from blueprints.studio.bundle_editor import HOME, bundle_of
from domain.authoring import bundle_checklist, page_drafts, submission
from domain.catalog import lifecycle
from domain.platform import moderation_queue
from models import Bundle, ProductStatus
from web import hypermedia
from web.actions import Attempt
from web.forms import ButtonForm
from web.signed_in import me


@bp.route(f"{HOME}/publish", methods=["GET", "POST"])
def bundle_publish(bundle_id: uuid.UUID) -> Response:
    """Show the checklist and the state of the bundle; posting submits it or its update."""
    bundle, form = bundle_of(bundle_id), ButtonForm()
    if form.validate_on_submit():
        with Attempt(form) as attempt:
            attempt.say(_put_forward(bundle))
            return hypermedia.see_other(url_for("studio.bundle_publish", bundle_id=bundle_id))
        bundle = bundle_of(bundle_id)
    return _show(bundle, form)


@bp.post(f"{HOME}/publish/withdraw")
def withdraw_bundle(bundle_id: uuid.UUID) -> Response:
    """Withdraw a submission from the moderation queue."""
    bundle, form = bundle_of(bundle_id), ButtonForm()
    with Attempt(form) as attempt:
        submission.withdraw(bundle, me())
        attempt.say("Withdrawn. It won’t be reviewed until you submit it again.")
        return hypermedia.see_other(url_for("studio.bundle_publish", bundle_id=bundle_id))
    return _show(bundle_of(bundle_id), form)


def _put_forward(bundle: Bundle) -> str:
    if bundle.status == ProductStatus.PUBLISHED:
        shown = submission.submit_update(bundle, me())
        return "Your changes are published." if shown else "Submitted. They’re shown once they’re approved."
    shown = submission.submit(bundle, me())
    return "Your bundle is on sale." if shown else "Submitted. We’ll tell you as soon as it’s been reviewed."


def _show(bundle: Bundle, form: ButtonForm) -> Response:
    waits = submission.needs_review(bundle, me())
    return hypermedia.render(
        "studio/bundle/publish.html",
        status=form.status,
        bundle=bundle,
        form=form,
        points=bundle_checklist.items(bundle),
        ready=not submission.missing(bundle),
        changed=page_drafts.waiting(bundle),
        live=lifecycle.is_live(bundle),
        waits=waits,
        submit=submission.call_to_submit(waits, bundle.status == ProductStatus.PUBLISHED, "bundle"),
        rows=moderation_queue.subject_history(bundle.id),
    )
