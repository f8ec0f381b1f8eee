"""Mail preferences: the kinds of notifications that are also sent by mail, and consent to marketing."""

from flask import request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from blueprints.account import bp
from blueprints.account.forms import MailForm
from domain.platform import consents, mail_preferences
from models import ConsentEnd, ConsentSource, db
from web import hypermedia
from web.signed_in import me


@bp.route("/account/notifications", methods=["GET", "POST"])
def notifications() -> Response:
    """Show and save the mail preferences, a check box for each kind that the reader can receive."""
    if request.method == "POST":
        mail_preferences.lock(me())
    offered = mail_preferences.mailed_to(current_user)
    refused = mail_preferences.refused_by(current_user)
    agreed = consents.is_given(current_user)
    kinds = [kind.value for kind in offered if kind not in refused]
    form = MailForm(offered, data={"kinds": kinds, "marketing": agreed})
    if form.validate_on_submit():
        wanted = form.kinds.data or []
        for kind in offered:
            if (kind.value in wanted) == (kind in refused):
                mail_preferences.choose(current_user, kind, kind.value in wanted)
        if form.marketing.data and not agreed:
            consents.give(current_user, ConsentSource.ACCOUNT)
        if agreed and not form.marketing.data:
            consents.withdraw(current_user, ConsentEnd.ACCOUNT)
        db.session.commit()
        hypermedia.toast("Saved.")
        return hypermedia.see_other(url_for("account.notifications"))
    return hypermedia.render("account/notifications.html", status=form.status, form=form)
