"""Pages of coupons, the same in the studio and in the admin area; their routes only say whose they are."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from flask import abort, request, url_for
from werkzeug.wrappers import Response
from wtforms import DateField
from wtforms.validators import Optional

from domain.analytics import conversion_report
from domain.analytics.reporting_periods import Period
from domain.base import money
from domain.coupons import editing, listing, report, words
from domain.coupons.rules import CouponInput
from domain.platform import last_days, settings
from models import Coupon, User
from web import coupon_fields, hypermedia
from web.actions import Attempt
from web.csv_downloads import csv_of
from web.forms import Form
from web.query_args import choice_arg, text_arg
from web.signed_in import me

ORDER_HEAD = ["Order", "Code", "Paid (UTC)", "Discount", "Revenue without tax", "Currency"]
DAY_HEAD = [
    "Day (UTC)", "Entered and fitted", "Orders begun", "Orders paid", "Discount", "Revenue without tax",
    "Currency",
]  # fmt: skip
CODE_HEAD = ["Code", "State", "Order", "Changed (UTC)"]


class ProlongForm(Form):
    """A new last day, or none."""

    last_day = DateField("Last day", [Optional()])


class EditForm(Protocol):
    """A form of a coupon, in either area."""

    status: int

    def validate_on_submit(self) -> bool: ...
    def refuse(self, refusal: Any, otherwise: str = "") -> None: ...
    def wish(self) -> CouponInput: ...


@dataclass(frozen=True)
class Desk:
    """An area with coupons: whose they are (`owner` None: the shop's and all creators'), and its form.

    `form` builds it for the currency of the shop, filled with a coupon's values.
    """

    area: str
    owner: User | None
    form: Callable[[str, dict[str, Any]], Any]

    def at(self, endpoint: str, **values: Any) -> str:
        """Build the address of a page in this area."""
        return url_for(f"{self.area}.{endpoint}", **values)

    def find(self, coupon_id: uuid.UUID) -> Coupon:
        """Load a coupon of this area, or answer 404."""
        return listing.find(self.owner, coupon_id) or abort(404)

    def own(self, coupon_id: uuid.UUID) -> Coupon:
        """Load a coupon whose rules are this area's to change: an admin leaves creators theirs."""
        coupon = self.find(coupon_id)
        return coupon if (coupon.owner_id is None) == (self.owner is None) else abort(404)

    def show(self, page: str, status: int = 200, **values: Any) -> Response:
        """Render a page with what every page of coupons needs."""
        currency = settings.current().currency
        return hypermedia.render(
            f"{self.area}/coupons/{page}.html",
            status=status,
            area=self,
            currency=currency,
            off=partial(words.off, currency=currency),
            target=words.target,
            states=words.STATES,
            last_day=last_days.said,
            first_day=last_days.said_first,
            **values,
        )


def list_page(desk: Desk, of_creators: bool = False) -> Response:
    """List the coupons, newest first; `q` finds by the beginning of a code or a part of a name."""
    text = text_arg("q")
    found = listing.page(desk.owner, of_creators, text, text_arg("after"))
    return desk.show("index", listing=found, text=text, of_creators=of_creators)


def new_page(desk: Desk) -> Response:
    """Create a coupon or a batch of codes."""
    form = desk.form(settings.current().currency, coupon_fields.EMPTY)
    if form.validate_on_submit():
        with Attempt(form) as attempt:
            made = editing.create(me(), desk.owner, form.wish())
            attempt.say("The coupon is ready.")
            return hypermedia.see_other(desk.at("coupon", coupon_id=made.id))
    return desk.show("new", form.status, form=form, coupon=None)


def edit_page(desk: Desk, coupon_id: uuid.UUID) -> Response:
    """Change the rules of a coupon or batch."""
    coupon, currency = desk.own(coupon_id), settings.current().currency
    if request.method == "POST":
        editing.lock(coupon)
    form = desk.form(currency, coupon_fields.shown(coupon, currency) | _scope_shown(coupon))
    if form.validate_on_submit():
        with Attempt(form) as attempt:
            editing.change(me(), coupon, form.wish())
            attempt.say("Saved. Orders that are open keep the discount they began with.")
            return hypermedia.see_other(desk.at("coupon", coupon_id=coupon.id))
    return desk.show("edit", form.status, form=form, coupon=desk.own(coupon_id))


def coupon_page(desk: Desk, coupon_id: uuid.UUID, form: ProlongForm | None = None) -> Response:
    """Show how a coupon stands, what it brought, its figures over a period, and its last orders."""
    coupon, period = desk.find(coupon_id), _period()
    return desk.show(
        "show",
        form.status if form else 200,
        report=report.load(coupon),
        figures=conversion_report.of_coupon(coupon, period),
        refusals=conversion_report.refusals_of(coupon, period),
        reasons=words.REASONS,
        periods=list(Period),
        coupon=coupon,
        form=form or ProlongForm(formdata=None),
        is_own=(coupon.owner_id is None) == (desk.owner is None),
        borne_by=words.BORNE_BY,
        link=_link(coupon),
    )


def stop(desk: Desk, coupon_id: uuid.UUID) -> Response:
    """Let nobody use a coupon any more."""
    with Attempt() as attempt:
        editing.stop(me(), desk.find(coupon_id))
        attempt.say("The coupon is stopped.")
    return hypermedia.see_other(desk.at("coupon", coupon_id=coupon_id))


def start(desk: Desk, coupon_id: uuid.UUID) -> Response:
    """Let a stopped coupon be used again."""
    with Attempt() as attempt:
        editing.start(me(), desk.own(coupon_id))
        attempt.say("The coupon can be used.")
    return hypermedia.see_other(desk.at("coupon", coupon_id=coupon_id))


def prolong(desk: Desk, coupon_id: uuid.UUID) -> Response:
    """Change the last day of a coupon."""
    coupon, form = desk.own(coupon_id), ProlongForm()
    if form.validate_on_submit():
        with Attempt(form, "last_day") as attempt:
            editing.prolong(me(), coupon, form.last_day.data)
            attempt.say("Its last day is changed.")
            return hypermedia.see_other(desk.at("coupon", coupon_id=coupon_id))
    return coupon_page(desk, coupon_id, form)


def duplicate(desk: Desk, coupon_id: uuid.UUID) -> Response:
    """Copy a coupon and lead to the copy's form."""
    with Attempt() as attempt:
        made = editing.duplicate(me(), desk.own(coupon_id))
        attempt.say("This is the copy. It is stopped until you start it.")
    return hypermedia.see_other(desk.at("edit_coupon", coupon_id=made.id))


def orders_file(desk: Desk, coupon_id: uuid.UUID) -> Response:
    """Export all orders of a coupon as CSV."""
    rows = (
        [
            one.number, one.code, one.at, money.plain(one.discount_cents, one.currency),
            money.plain(one.revenue_cents, one.currency), one.currency.upper(),
        ]
        for one in report.every_order(desk.find(coupon_id))
    )  # fmt: skip
    return csv_of("coupon-orders", ORDER_HEAD, rows)


def days_file(desk: Desk, coupon_id: uuid.UUID) -> Response:
    """Export the figures of a coupon by day as CSV."""
    period, currency = _period(), settings.current().currency
    figures = conversion_report.of_coupon(desk.find(coupon_id), period)
    rows = (
        [
            day.date, day.fitted, day.taken, day.paid, money.plain(day.discount_cents, currency),
            money.plain(day.revenue_cents, currency), currency.upper(),
        ]
        for day in figures.days
    )  # fmt: skip
    return csv_of(f"coupon-days-{period.value}", DAY_HEAD, rows)


def codes_file(desk: Desk, coupon_id: uuid.UUID) -> Response:
    """Export the codes of a batch as CSV."""
    coupon = desk.find(coupon_id)
    if coupon.batch_id is None:
        abort(404)
    rows = ([one.code, one.state or "unused", one.order, one.at] for one in report.every_code(coupon))
    return csv_of("coupon-codes", CODE_HEAD, rows)


def _period() -> Period:
    return choice_arg("period", Period, Period.MONTH)


def _link(coupon: Coupon) -> str | None:
    """Build the address that brings a code along; None for an automatic coupon and a batch."""
    if coupon.code is None or coupon.batch_id is not None:
        return None
    return url_for("catalog.courses", code=coupon.code, _external=True)


def _scope_shown(coupon: Coupon) -> dict[str, Any]:
    return {
        "product_id": coupon.product_id,
        "product": coupon.product.slug if coupon.product else "",
        "category": str(coupon.category_id or ""),
        "creator": coupon.creator.email if coupon.creator else "",
        "borne_by": coupon.borne_by.value,
    }
