"""The list of wishes, and what can be done with each."""

import uuid

from flask import request, url_for
from werkzeug.wrappers import Response

from blueprints.wishlist import reader, wishlist
from blueprints.wishlist.forms import NotifyForm, PressForm
from domain.commerce import wishlist as wishes
from models import db
from web import hypermedia


@wishlist.get("/wishlist")
def index() -> Response:
    """What the reader wishes for, the latest first."""
    before = request.args.get("before", type=uuid.UUID)
    return hypermedia.render("wishlist/index.html", sheet=wishes.page_of(reader(), before), before=before)


@wishlist.post("/wishlist/<uuid:product_id>/notify")
def notify(product_id: uuid.UUID) -> Response:
    """Tell of sales of this course, or no longer."""
    form = NotifyForm()
    form.validate_on_submit()
    wishes.notify(reader(), product_id, form.notify.data)
    db.session.commit()
    said = "We tell you when it is on sale." if form.notify.data else "We won’t tell you of sales."
    hypermedia.toast(said)
    return _show_again()


@wishlist.post("/wishlist/<uuid:product_id>/remove")
def remove(product_id: uuid.UUID) -> Response:
    """Take a course off the list."""
    PressForm().validate_on_submit()
    wishes.remove(reader().id, product_id)
    db.session.commit()
    hypermedia.toast("No longer on your wishlist.")
    return _show_again()


def _show_again() -> Response:
    """The first page of the list as it stands now, in place or by itself."""
    if not hypermedia.is_swap():
        return hypermedia.see_other(url_for("wishlist.index"))
    return hypermedia.render(
        "wishlist/index.html", "wishlist/_list.html", sheet=wishes.page_of(reader()), before=None
    )
