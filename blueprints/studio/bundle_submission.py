"""Routes to submit a bundle or its update: checklist, moderation state and the reviewers' notes."""

import uuid

from flask import request, url_for
from werkzeug.wrappers import Response

from blueprints.studio import bp, product_editor
from blueprints.studio.bundle_editor import HOME, bundle_of
from domain.authoring import bundle_checklist, page_drafts, submission
from domain.catalog import lifecycle
from domain.platform import moderation_queue
from models import Bundle, ProductStatus
from web import hypermedia
from web.forms import ButtonForm
from web.signed_in import me


@bp.route(f"{HOME}/publish", methods=["GET", "POST"])
def bundle_publish(bundle_id: uuid.UUID) -> Response:
    """Show the checklist and the state of the bundle; posting submits it or its update."""
    form = ButtonForm()
    if request.method == "POST" and (response := product_editor.submit(bundle_of(bundle_id), form)):
        return response
    return _show(bundle_of(bundle_id), form)


@bp.post(f"{HOME}/publish/withdraw")
def withdraw_bundle(bundle_id: uuid.UUID) -> Response:
    """Withdraw a submission from the moderation queue."""
    bundle, form = bundle_of(bundle_id), ButtonForm()
    page = url_for("studio.bundle_publish", bundle_id=bundle_id)
    return product_editor.withdraw(bundle, form, page) or _show(bundle_of(bundle_id), form)


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
