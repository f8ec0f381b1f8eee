"""Routes of the requests to sell a creator's courses in somebody else's bundle."""

import uuid

from flask import url_for
from werkzeug.wrappers import Response

from blueprints.studio import bp
from blueprints.studio.bundle_forms import AnswerForm
from domain.bundles import agreement
from web import hypermedia
from web.actions import Attempt
from web.signed_in import me


@bp.get("/bundle-requests")
def bundle_requests() -> Response:
    """List the courses that the creator is asked for."""
    return hypermedia.render("studio/bundle/requests.html", asked=agreement.requests(me()))


@bp.post("/bundle-requests/<uuid:bundle_id>/<uuid:course_id>")
def answer_bundle_request(bundle_id: uuid.UUID, course_id: uuid.UUID) -> Response:
    """Agree or decline."""
    agrees = AnswerForm().agrees.data == "yes"
    with Attempt() as attempt:
        agreement.answer(me(), bundle_id, course_id, agrees)
        attempt.say(
            "Agreed. Your course is in the bundle." if agrees else "Declined. It won’t be in the bundle."
        )
    return hypermedia.see_other(url_for("studio.bundle_requests"))
