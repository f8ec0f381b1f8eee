"""Routes of the avatar."""

from flask import url_for
from flask_wtf.file import FileField
from werkzeug.wrappers import Response

from blueprints.account import bp
from domain import Refused
from domain.people import creator_page_drafts
from models import db
from web import hypermedia
from web.actions import Attempt
from web.forms import Form
from web.signed_in import me


class PortraitForm(Form):
    """An image file."""

    picture = FileField("Picture")


@bp.post("/account/picture")
def portrait() -> Response:
    """Save the uploaded avatar; a toast says why a file is refused."""
    form = PortraitForm()
    file = form.picture.data if form.validate_on_submit() else None
    with Attempt() as attempt:
        if not file:
            raise Refused("Choose an image.")
        creator_page_drafts.set_avatar(me(), file.stream)
        attempt.say("Your picture is saved.")
    return hypermedia.see_other(url_for("account.profile"))


@bp.post("/account/picture/remove")
def remove_portrait() -> Response:
    """Remove the avatar; the initials are shown again."""
    creator_page_drafts.remove_avatar(me())
    db.session.commit()
    return hypermedia.see_other(url_for("account.profile"))
