"""Rows of a year of paid orders with everything that belongs to them: the ledger check finds nothing.

Each course is sold once, every tenth order has a bundle too, every twelfth a coupon, every twentieth is a
gift, and of every fiftieth half is refunded. Buyers are in four countries, whose tax is added.
"""

import random
import uuid
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from uuid_utils.compat import uuid7

from bench.fill_buyers import COUPON_PERCENT
from domain.analytics import periods
from domain.base import money
from domain.coupons.amounts import fee
from domain.documents import line_amounts, snapshots
from domain.documents.snapshots import Line, Party, Payment, Snapshot
from models import (
    AccessGrant,
    CouponRedemption,
    Document,
    Earning,
    Gift,
    Order,
    Purchase,
    PurchaseShare,
    Refund,
    RefundLine,
)

FEE_PERCENT = 30
DAYS = 365
REFUNDED_AFTER = timedelta(days=30)
RATES = (("DE", 1900), ("NL", 2100), ("FR", 2000), ("US", 0))
SELLER = Party("Bench", "Bench GmbH", ("Main Street 1",), "10115", "Berlin", "DE", "DE136695976")
TABLES = (
    Order, Purchase, PurchaseShare, Earning, AccessGrant, Gift, CouponRedemption, Refund,
    RefundLine, Document,
)  # fmt: skip
Row = dict[str, Any]
Rows = dict[type[Any], list[Row]]


class Sales:
    """The writer of orders: `courses` and `bundles` are the rows of products, by the place of each."""

    def __init__(
        self, dice: random.Random, now: datetime, count: int, readers: list[uuid.UUID], coupon: uuid.UUID
    ) -> None:
        self.dice, self.count, self.readers, self.coupon = dice, count, readers, coupon
        self.first = now - timedelta(days=DAYS)
        self.places: defaultdict[tuple[str, int], int] = defaultdict(int)

    def batch(self, numbers: list[int], courses: list[Row], bundles: dict[int, list[Row]]) -> Rows:
        """Build the rows of one order for each of `courses`; `bundles` gives a bundle and its courses."""
        rows: Rows = {table: [] for table in TABLES}
        for number, course in zip(numbers, courses, strict=True):
            products = [(course, [course])]
            if number in bundles:
                products.append((bundles[number][0], bundles[number][1:]))
            self._order(rows, number, products)
        return rows

    def series(self) -> list[Row]:
        """Build the counters of the documents so far."""
        return [{"series": name, "year": year, "last": last} for (name, year), last in self.places.items()]

    def _order(self, rows: Rows, number: int, products: list[tuple[Row, list[Row]]]) -> None:
        at = self.first + timedelta(days=DAYS) * (number / self.count)
        stamps = {"created_at": at, "updated_at": at}
        buyer = self.readers[1 + number % (len(self.readers) - 1)]
        country, rate = RATES[number % len(RATES)]
        order: Row = {
            "id": uuid7(), "number": f"LN-B{number:08}", "user_id": buyer, "cart_key": f"bench-{number}",
            "currency": "usd", "status": "completed", "attempt": 1, "completed_at": at,
            "prices_include_tax": False, "stripe_session_id": f"cs_bench_{number}",
            "stripe_payment_intent_id": f"pi_bench_{number}", "payment_method": "Visa",
            "payment_last4": "4242", "billing": {"country": country},
            "details": {"tax_kind": "own", "tax_country": country, "tax_place": country, "tax_sentence": ""},
            **stamps,
        }  # fmt: skip
        has_coupon, is_gift = number % 12 == 7, number % 20 == 5
        lines = [
            self._line(rows, order, product, courses, rate, has_coupon, is_gift)
            for product, courses in products
        ]
        sums = {
            name: sum(line[name] for line in lines) for name in ("price_cents", "discount_cents", "tax_cents")
        }
        order |= {
            "subtotal_cents": sums["price_cents"], "discount_cents": sums["discount_cents"],
            "tax_cents": sums["tax_cents"],
            "total_cents": sums["price_cents"] - sums["discount_cents"] + sums["tax_cents"],
            "coupon_code": "BENCH" if sums["discount_cents"] else None,
        }  # fmt: skip
        rows[Order].append(order)
        if sums["discount_cents"]:
            rows[CouponRedemption].append(
                {
                    "id": uuid7(), "coupon_id": self.coupon, "order_id": order["id"], "state": "consumed",
                    "discount_cents": sums["discount_cents"], "expires_at": at, **stamps,
                }
            )  # fmt: skip
        invoice, said = self._invoice(order, lines, at)
        rows[Document].append(invoice)
        if number % 50 == 11 and order["total_cents"]:
            self._refund(rows, order, lines, invoice, said)

    def _line(
        self,
        rows: Rows,
        order: Row,
        product: Row,
        courses: list[Row],
        rate: int,
        has_coupon: bool,
        is_gift: bool,
    ) -> Row:
        at, stamps = order["created_at"], {name: order[name] for name in ("created_at", "updated_at")}
        price = product["price_cents"]
        off = price * COUPON_PERCENT // 100 if has_coupon else 0
        amount = price - off
        given = is_gift and product["kind"] == "course" and amount > 0
        owner = None if given else order["user_id"]
        line = {
            "id": uuid7(), "order_id": order["id"], "user_id": order["user_id"], "owner_id": owner,
            "is_gift": given, "product_id": product["id"],
            "product_snapshot": {"title": product["title"], "creator": "Person", "slug": product["slug"]},
            "price_cents": price, "discount_cents": off, "amount_cents": amount,
            "tax_cents": (2 * amount * rate + 10_000) // 20_000, "tax_rate_bp": rate, "currency": "usd",
            "status": "completed", "refunded_cents": 0, "disputed_cents": 0,
            "returned_tax_cents": 0, "refunded_at": None, **stamps,
        }  # fmt: skip
        rows[Purchase].append(line)
        prices = [course["price_cents"] for course in courses]
        parts = money.apportion(amount, prices) if any(prices) else [0] * len(prices)
        for course, part in zip(courses, parts, strict=True):
            self._share(rows, line, course, part, off if len(courses) == 1 else 0)
            if owner is not None:
                rows[AccessGrant].append(
                    {
                        "id": uuid7(), "user_id": owner, "course_id": course["id"], "source": "purchase",
                        "source_id": line["id"], "purchase_id": line["id"], "granted_at": at, **stamps,
                    }
                )  # fmt: skip
        if given:
            rows[Gift].append(
                {
                    "purchase_id": line["id"], "sender_id": order["user_id"], "message": "",
                    "recipient": "friend@example.com", "deliver_on": at.date(), "version": 1, "sent_at": at,
                    "mailed_at": at, "reminders": 0, **stamps,
                }
            )  # fmt: skip
        return line

    def _share(self, rows: Rows, line: Row, course: Row, part: int, off: int) -> None:
        at = line["created_at"]
        platform = fee(part + off, off, FEE_PERCENT, None)
        share = {
            "id": uuid7(), "purchase_id": line["id"], "creator_id": course["creator_id"],
            "course_id": course["id"], "list_cents": course["price_cents"], "amount_cents": part,
            "platform_fee_cents": platform, "creator_amount_cents": part - platform, "created_at": at,
            "updated_at": at,
        }  # fmt: skip
        rows[PurchaseShare].append(share)
        if part > platform:
            rows[Earning].append(
                {
                    "id": uuid7(), "creator_id": course["creator_id"], "share_id": share["id"],
                    "key": f"sale:{share['id'].hex}", "amount_cents": part - platform, "currency": "usd",
                    "status": "pending", "available_at": at + REFUNDED_AFTER, "created_at": at,
                }
            )  # fmt: skip

    def _invoice(self, order: Row, lines: list[Row], at: datetime) -> tuple[Row, Snapshot]:
        said = Snapshot(
            seller=SELLER,
            buyer=Party("Person", country=order["billing"]["country"]),
            order_number=order["number"],
            supplied_on=at.date(),
            lines=tuple(_told(line) for line in lines),
            payment=Payment("Visa", "4242", at.date()) if order["total_cents"] else None,
            coupon_code=order["coupon_code"] or "",
        )
        return self._document("invoice", "INV", order, said, at.date()), said

    def _refund(self, rows: Rows, order: Row, lines: list[Row], invoice: Row, said: Snapshot) -> None:
        """Refund half of each line, which leaves the creators what they earned."""
        at = min(order["completed_at"] + REFUNDED_AFTER, self.first + timedelta(days=DAYS))
        halves = {line["id"]: (line["amount_cents"] // 2, line["tax_cents"] // 2) for line in lines}
        for line in lines:
            net, tax = halves[line["id"]]
            line |= {"refunded_cents": net + tax, "returned_tax_cents": tax, "refunded_at": at}
        order |= {"status": "partially_refunded", "refunded_at": at}
        refund = {
            "id": uuid7(), "order_id": order["id"], "payment_intent_id": order["stripe_payment_intent_id"],
            "amount_cents": sum(map(sum, halves.values())), "currency": "usd", "cause": "admin",
            "reason": "Bench", "status": "succeeded", "stripe_refund_id": f"re_{order['number']}",
            "decided_at": at, "created_at": at, "updated_at": at,
        }  # fmt: skip
        rows[Refund].append(refund)
        rows[RefundLine] += [
            {
                "id": uuid7(), "refund_id": refund["id"], "purchase_id": purchase, "net_cents": net,
                "tax_cents": tax, "gross_cents": net + tax,
            }
            for purchase, (net, tax) in halves.items()
        ]  # fmt: skip
        amounts = {purchase.hex: parts for purchase, parts in halves.items()}
        credited = replace(said, lines=line_amounts.credited(said.lines, amounts), reason="Bench")
        note = self._document("credit_note", "CN", order, credited, at.date())
        rows[Document].append(note | {"counters_id": invoice["id"], "refund_id": refund["id"]})

    def _document(self, kind: str, series: str, order: Row, said: Snapshot, day: date) -> Row:
        self.places[series, day.year] += 1
        place = self.places[series, day.year]
        number = f"{series}-{day.year}-{place:06}"
        return {
            "id": uuid7(), "kind": kind, "series": series, "year": day.year, "place": place, "number": number,
            "order_id": order["id"], "revision": 1, "counters_id": None, "refund_id": None, "issued_on": day,
            "language": "en", "currency": "usd", "net_cents": said.net_cents, "tax_cents": said.tax_cents,
            "total_cents": said.net_cents + said.tax_cents, "snapshot": snapshots.stored(said),
            "pdf_key": f"documents/{number}.pdf", "created_at": order["completed_at"],
        }  # fmt: skip


def euro_rates(now: datetime) -> Iterator[Row]:
    """Generate the rates of exchange of the quarters in which something is sold."""
    for quarter in periods.recent_quarters(now.date(), 6):
        yield {
            "quarter": quarter.key, "currency": "usd", "millionths": 1_085_700, "created_at": now,
            "updated_at": now,
        }  # fmt: skip


def _told(line: Row) -> Line:
    return Line(
        purchase=line["id"].hex,
        title=line["product_snapshot"]["title"],
        author="Person",
        unit_net_cents=line["price_cents"],
        discount_cents=line["discount_cents"],
        net_cents=line["amount_cents"],
        tax_cents=line["tax_cents"],
        tax_rate_bp=line["tax_rate_bp"],
    )
