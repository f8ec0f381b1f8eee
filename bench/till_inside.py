"""Measurements of bench.till inside the process.

Usage: DATABASE_URL=… BENCH_TOUR=tour.json STRIPE_SECRET_KEY=… python -m bench.till_inside 30; prints JSON.

The sandbox answers in threads of its own, whose time isn't counted.
"""

import json
import os
import re
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, request_finished
from flask.testing import FlaskClient
from sqlalchemy import select

from app import create_app
from bench import bare
from bench.tour import Tour, _new_device
from domain.analytics import periods
from domain.base import clock, request_trace
from domain.ledger import checks
from models import Product, Role, User, db
from stripe_sandbox.testing import RunningSandbox

ROUNDS = 30
TOKEN = re.compile(r'"X-CSRFToken": "([^"]+)"')
FULL_CART, BUYER, ADMIN = "person501@example.com", "person700@example.com", "person0@example.com"


class Timer:
    """The processor time of this thread spent in `with` blocks, in seconds."""

    def __init__(self) -> None:
        self.spent = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Count the time of the block."""
        began = time.thread_time()
        yield
        self.spent += time.thread_time() - began


def look(orders: int) -> dict[str, float]:
    """Measure everything."""
    app = create_app()
    tour = Tour.load(Path(os.environ["BENCH_TOUR"]))
    pages = tour.sample("catalogue", signed_in=True)
    found = {"bare_ms": _bare(tour, pages)}
    full = _client(app, FULL_CART)
    found["catalogue_ms"] = _median(lambda: full.get(pages[0]))
    found["cart_ms"] = _median(lambda: full.get("/cart"))
    found["cart"] = found["cart_ms"] / found["catalogue_ms"]
    found["cart_queries"] = _queries(app, lambda: full.get("/cart"))
    bundles = iter(tour.pages["bundle"] * (ROUNDS + 1))
    found["bundle_ms"] = _median(lambda: full.get(next(bundles)))
    found["order_ms"] = _orders(app, orders)
    found["order"] = found["order_ms"] / found["bare_ms"]
    return found | _reports(app)


def _bare(tour: Tour, pages: list[str]) -> float:
    """Measure the bare application's catalogue pages."""
    client = bare.create_bare().test_client(use_cookies=False)
    addresses = iter(pages * (ROUNDS + 1))
    return _median(lambda: client.get(next(addresses), headers={"Cookie": tour.cookie}))


def _orders(app: Flask, count: int) -> float:
    """Go from cart to receipt `count` times, each time with another course; the median in milliseconds."""

    def receiver(body: bytes, headers: dict[str, str]) -> int:
        return app.test_client().post("/stripe/webhook", data=body, headers=headers).status_code

    with RunningSandbox(receiver=receiver, webhook_secrets=["whsec_bench"], record=False) as stripe:
        app.config["SETTINGS"] = replace(app.config["SETTINGS"], stripe_api_base=stripe.url)
        client = _client(app, BUYER)
        with app.app_context():
            offered = select(Product.id).where(Product.kind == "course", Product.price_cents > 0)
            products = db.session.scalars(offered.order_by(Product.id.desc()).limit(count + 3)).all()
        times = [_order(client, stripe, str(product)) for product in products]
    return statistics.median(times[3:])


def _order(client: FlaskClient, stripe: RunningSandbox, product: str) -> float:
    timer = Timer()
    token = _token(client, "/courses")
    with timer.running():
        client.post("/cart/items", data={"product": product, "csrf_token": token})
        client.get("/cart")
        client.post("/checkout/cart", data={"csrf_token": token})
        review = client.get("/checkout/review").text
        form = dict(re.findall(r'<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"', review))
        answer = client.post("/checkout/review", data=form | {"terms": "y", "delivery": "y"})
    session = urlsplit(_to(answer, 303)).path.rsplit("/", 1)[1]
    stripe.pay(session)
    paid = stripe.last_event("checkout.session.completed")
    with timer.running():
        body, headers = stripe.signed(paid["id"])
        client.application.test_client().post("/stripe/webhook", data=body, headers=headers)
        shown = client.get("/checkout/success", query_string={"session_id": session})
        number = re.search(r"/orders/(LN-[\w-]+)", shown.text)
        receipt = client.get(f"/orders/{number[1]}" if number else "/nowhere")
    if receipt.status_code != 200:
        raise SystemExit(f"There is no receipt: {receipt.status_code}")
    return timer.spent * 1000


def _reports(app: Flask) -> dict[str, float]:
    client = _client(app, ADMIN)
    quarter, year = periods.recent_quarters(clock.now().date())[1], clock.now().year
    found = {
        "tax_quarter_s": _once(lambda: client.get(f"/admin/tax?period={quarter.key}")),
        "tax_year_s": _once(lambda: client.get(f"/admin/tax?period={year}")),
        "oss_s": _once(lambda: client.get(f"/admin/tax/one-stop-shop?quarter={quarter.key}")),
        "analytics_ms": _median(lambda: client.get("/admin/analytics?period=12m")),
    }
    with app.app_context():
        began = time.perf_counter()
        wrong = [row for check in checks.LIVE_CHECKS.values() for row in check()]
        found["ledger"] = time.perf_counter() - began
    if wrong:
        raise SystemExit(f"The books are wrong: {wrong[:3]}")
    return found


def _client(app: Flask, email: str) -> FlaskClient:
    """Sign somebody in; the admin's address makes an admin."""
    with app.app_context():
        person = db.session.scalars(select(User).where(User.email == email)).one()
        person.role = Role.ADMIN if email == ADMIN else person.role
        token = _new_device(person)
    client = app.test_client()
    with client.session_transaction() as session:
        session["_user_id"], session["_fresh"] = token, True
    return client


def _token(client: FlaskClient, page: str) -> str:
    found = TOKEN.search(client.get(page).text)
    return found[1] if found else ""


def _to(answer: Any, status: int) -> str:
    if answer.status_code != status:
        raise SystemExit(f"{answer.request.path} answers {answer.status_code}.")
    return str(answer.headers["Location"])


def _median(ask: Callable[[], Any]) -> float:
    """Measure the processor time of a page in milliseconds: the median of ROUNDS; it must answer 200."""
    times = []
    for _ in range(ROUNDS):
        timer = Timer()
        with timer.running():
            answer = ask()
        _expect(answer)
        times.append(timer.spent * 1000)
    return statistics.median(times)


def _once(ask: Callable[[], Any]) -> float:
    began = time.perf_counter()
    _expect(ask())
    return time.perf_counter() - began


def _expect(answer: Any) -> None:
    if answer.status_code != 200:
        raise SystemExit(f"{answer.request.path} answers {answer.status_code}.")


def _queries(app: Flask, ask: Callable[[], Any]) -> int:
    counts: list[int] = []

    def note(_app: Flask, **_: object) -> None:
        counts.append(request_trace.query_count())

    with request_finished.connected_to(note, app):
        _expect(ask())
    return counts[-1]


def main() -> None:
    """Print the measurements of the environment's database."""
    print(json.dumps(look(int(sys.argv[1]))))


if __name__ == "__main__":
    main()
