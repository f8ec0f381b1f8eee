"""Route of the billing details."""

from flask import request, url_for
from werkzeug.wrappers import Response

from blueprints.account import bp
from domain.platform import settings
from domain.tax import billing
from web import hypermedia
from web.actions import Attempt
from web.billing_form import BillingForm
from web.next_url import wanted
from web.signed_in import me


@bp.route("/account/billing", methods=["GET", "POST"])
def billing_details() -> Response:
    """Show and save what invoices say about the buyer; then go on to `next`, such as the checkout."""
    details = billing.lock(me()) if request.method == "POST" else billing.of(me())
    stored = {name: getattr(details, name) if details is not None else "" for name in billing.FIELDS}
    form = BillingForm(data={**stored, "name": stored["name"] or me().name})
    onward = wanted() if "next" in request.args else ""
    if form.validate_on_submit():
        with Attempt(form) as attempt:
            billing.save(me(), form.values())
            attempt.say("Saved.")
            return hypermedia.see_other(onward or url_for("account.billing_details"))
    return hypermedia.render(
        "account/billing.html", status=form.status, form=form, details=details, onward=onward,
        taxed=billing.missing(None, settings.current()) is not None,
    )  # fmt: skip
