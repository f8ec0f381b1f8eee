"""Route of the creator's public profile."""

from flask import request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response
from wtforms import IntegerField, StringField, TextAreaField
from wtforms.validators import Length, NumberRange, Optional

from blueprints.studio import bp
from domain.catalog import creators
from domain.people import creator_page_drafts
from models import db
from web import hypermedia
from web.forms import AddressesField, LinesField, one_line, paragraphs
from web.merging import MergingForm
from web.signed_in import me


class CreatorForm(MergingForm):
    """Texts of the creator page; name, avatar and the other links belong to the account."""

    headline = StringField(
        "Headline", [Length(max=160, message="Use at most 160 characters.")], filters=[one_line]
    )
    bio = TextAreaField(
        "About you", [Length(max=2000, message="Use at most 2,000 characters.")], filters=[paragraphs]
    )
    expertise = LinesField("Expertise", most=12, longest=40)
    years_experience = IntegerField(
        "Years of experience",
        [Optional(), NumberRange(0, 80, "Enter a whole number from 0 to 80.")],
    )
    certifications = LinesField("Certificates and degrees", most=10, longest=120)
    links = AddressesField("Links", most=5)


@bp.route("/profile", methods=["GET", "POST"])
def profile() -> Response:
    """Show and save the creator profile."""
    if request.method == "POST":
        creator_page_drafts.lock_page(me())
    before = creators.profile_of(current_user)
    form = CreatorForm(data=creator_page_drafts.working(current_user))
    if form.validate_on_submit():
        creators.save_profile(
            current_user,
            form.bio.data or "",
            form.headline.data or "",
            form.expertise.data or [],
            form.years_experience.data,
            form.certifications.data or [],
            form.links.data or [],
        )
        db.session.commit()
        hypermedia.toast("Saved.")
        return hypermedia.see_other(url_for("studio.profile"))
    return hypermedia.render(
        "studio/profile.html",
        status=form.status,
        form=form,
        slug=before.slug,
        waits=creator_page_drafts.waits(current_user),
        waiting=creator_page_drafts.waiting(current_user),
    )
