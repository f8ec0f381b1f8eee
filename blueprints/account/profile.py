"""Route of the public profile."""

from flask import request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from blueprints.account import bp
from blueprints.account.forms import ProfileForm
from domain.people import accounts, creator_page_drafts
from models import db
from web import hypermedia
from web.signed_in import me


@bp.route("/account", methods=["GET", "POST"])
def profile() -> Response:
    """Show and save name, biography, links and time zone."""
    if request.method == "POST":
        creator_page_drafts.lock_page(me())
    form = ProfileForm(data={**creator_page_drafts.working(current_user), "timezone": current_user.timezone})
    if form.validate_on_submit():
        accounts.save_profile(
            current_user, form.name.data or "", form.bio.data or "", form.timezone.data,
            website=form.website.data, github=form.github.data, linkedin=form.linkedin.data,
        )  # fmt: skip
        db.session.commit()
        hypermedia.toast("Saved.")
        return hypermedia.see_other(url_for("account.profile"))
    waits = creator_page_drafts.waits(current_user)
    waiting = creator_page_drafts.waiting(current_user)
    return hypermedia.render(
        "account/profile.html", status=form.status, form=form, waits=waits, waiting=waiting
    )
